/** What a repository is told of its writes, its times and its switches, it keeps to. */
import { expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { manualClock } from 'tidemark/testing';
import {
  createRepository,
  memorySource,
  type Publish,
  type RepositoryOptions,
  type RepositoryWrite,
  type Source,
  type UnpublishedWrite,
} from 'tidemark/content';

interface Post {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly publishedAt?: string | null;
}
const post = (id: string): Post => ({ id, title: `post ${id}`, status: 'draft', publishedAt: null });

function make(options: Partial<RepositoryOptions<Post>> = {}) {
  const source = memorySource<Post>();
  const counts = { reads: 0 };
  const cache = options.cache ?? createCache();
  const posts = createRepository<Post>({
    cache,
    name: 'post',
    fields: { status: 'text' },
    ...options,
    source: {
      ...source,
      ...options.source,
      findByIds(ids) {
        counts.reads++;
        return source.findByIds(ids);
      },
      findMany(query) {
        counts.reads++;
        return source.findMany(query);
      },
    },
  });
  return { posts, cache, counts, source };
}

test('what is published is published now, and a draft was never', async () => {
  const clock = manualClock();
  const { posts } = make({ publication: {}, clock });
  await posts.createMany([post('a'), post('b')]);
  const now = new Date(clock.now()).toISOString();
  expect(await posts.publish('a')).toEqual({ ...post('a'), status: 'published', publishedAt: now });
  expect(await posts.publishMany(['none', 'b'])).toEqual([{ ...post('b'), status: 'published', publishedAt: now }]);
  expect(await posts.findMany({ where: { status: 'published' } })).toHaveLength(2);
  expect(await posts.unpublish('a')).toEqual(post('a'));
  expect(await posts.unpublishMany(['a', 'b'])).toEqual([post('a'), post('b')]);
  expect(await posts.publish('none')).toBe(undefined);
});

test('what being published means can be told', async () => {
  const { posts } = make({ publication: { field: 'title', published: 'out', draft: 'in', at: null } });
  await posts.create(post('a'));
  expect(await posts.publish('a')).toEqual({ ...post('a'), title: 'out' });
  expect(await posts.unpublish('a')).toEqual({ ...post('a'), title: 'in' });
});

test('what was not told what that means can’t publish', async () => {
  const { posts } = make();
  await posts.create(post('a'));
  for (const write of [posts.publish('a'), posts.unpublish('a'), posts.publishMany(['a']), posts.unpublishMany(['a'])])
    await expect(write).rejects.toMatchObject({ code: 'bad_option' });
});

test('what isn’t to be cached is asked of the source, and its writes are said all the same', async () => {
  const asked: string[] = [];
  let on = false;
  const { posts, counts, cache } = make({
    cached: (key) => {
      asked.push(key);
      return on;
    },
  });
  await posts.create(post('a'));
  const look = () => Promise.all([posts.findById('a'), posts.findMany(), posts.findById('a', { include: {} })]);
  await look();
  await look();
  expect(counts.reads).toBe(6);
  expect(asked[0]).toBe('item/a');
  expect(cache.stats().loads).toBe(0);
  on = true;
  await look();
  on = false;
  await posts.update('a', { title: 'new' });
  on = true;
  expect((await look()).map((one) => (Array.isArray(one) ? (one as Post[])[0] : (one as Post)).title)).toEqual(
    new Array(3).fill('new'),
  );
});

test('a write tells what it was, on whose behalf, and how its change ended', async () => {
  const told: RepositoryWrite[] = [];
  const { posts } = make({ publication: {}, on: { written: (write) => told.push(write) } });
  const mine = posts.as({ user: 'ann' });
  await mine.createMany([post('a'), post('b')]);
  await mine.updateMany(['a', 'none'], { title: 'new' });
  await mine.publish('a');
  await mine.unpublish('a');
  await posts.deleteMany(['a', 'b']);
  await posts.update('none', { title: 'new' });
  const result = { mark: expect.any(Number) as number, reach: 'everywhere' };
  expect(told).toMatchObject([
    { repository: 'post', action: 'create', ids: ['a', 'b'], actor: 'ann', result },
    { repository: 'post', action: 'update', ids: ['a'], actor: 'ann', result },
    { repository: 'post', action: 'publish', ids: ['a'], actor: 'ann', result },
    { repository: 'post', action: 'unpublish', ids: ['a'], actor: 'ann', result },
    { repository: 'post', action: 'delete', ids: ['a', 'b'], actor: undefined, result },
  ]);
});

test('a listener that throws fails no write', async () => {
  const { posts } = make({
    on: {
      written() {
        throw new Error('not now');
      },
    },
  });
  expect(await posts.create(post('a'))).toEqual(post('a'));
  expect((await posts.findById('a'))?.title).toBe('post a');
});

test('what is said alongside a write is one change with it', async () => {
  const asked: UnpublishedWrite[] = [];
  const { posts, cache } = make({
    alongside: (write) => {
      asked.push(write);
      return [
        { tags: ['feed'] },
        { key: ['page', 'front'], prefix: ['api'], pattern: 'menu:*' },
        { keys: [['page', 'about']], prefixes: [['rss']], pattern: ['a', 'b'] },
      ];
    },
  });
  const changes: (readonly string[])[] = [];
  cache.on('change', ({ dependencies }) => changes.push(dependencies));
  await posts.create(post('a'));
  expect(asked).toMatchObject([{ repository: 'post', action: 'create', ids: ['a'], actor: undefined }]);
  expect(changes).toHaveLength(1);
  expect(changes[0]).toEqual(
    expect.arrayContaining([
      '#/cache/post#a',
      '#/cache/feed',
      '=/cache/page/front',
      '=/cache/page/about',
      '^/cache/api',
      '^/cache/rss',
      '*/cache/menu/~*',
      '*/cache/a/b',
    ]),
  );
});

test('what can’t be said alongside is an error, after what was written has been said', async () => {
  const { posts } = make({ alongside: () => [{ tagz: ['feed'] } as never] });
  expect(await posts.findById('a')).toBe(undefined);
  await expect(posts.create(post('a'))).rejects.toMatchObject({ code: 'bad_option' });
  expect(await posts.findById('a')).toEqual(post('a'));
});

test('a source that forgets to publish what it has written is helped', async () => {
  const inner = memorySource<Post>();
  const forgetful: Partial<Source<Post>> = {
    transactional: true,
    create: (items) => inner.create(items),
    update: async (ids, fields, publish?: Publish<Post>) => {
      const written = await inner.update(ids, fields);
      await publish?.({}, [{ before: written[0].before, after: written[0].before }]); // not what it did
      return written;
    },
  };
  const posts = createRepository<Post>({
    cache: createCache(),
    name: 'post',
    fields: { status: 'text' },
    source: { ...inner, ...forgetful },
  });
  expect(await posts.findMany({ where: { status: 'draft' } })).toEqual([]);
  await posts.create(post('a'));
  expect(await posts.findMany({ where: { status: 'draft' } })).toEqual([post('a')]);
  expect(await posts.findMany({ where: { status: 'published' } })).toEqual([]);
  await posts.update('a', { status: 'published' });
  expect(await posts.findMany({ where: { status: 'published' } })).toHaveLength(1);
});

test('old by time is served as long as it was said, and what a write changed never', async () => {
  const clock = manualClock();
  const { posts, counts } = make({ cache: createCache({ clock }), ttl: '1m', staleFor: '1m', negativeTtl: '1s' });
  await posts.create(post('a'));
  await posts.findById('a');
  await posts.findById('b');
  clock.advance(30_000);
  await posts.findById('b');
  expect(counts.reads).toBe(3);
  clock.advance(60_000);
  expect((await posts.findById('a'))?.title).toBe('post a'); // served, and refreshed
  await posts.update('a', { title: 'new' });
  expect((await posts.findById('a'))?.title).toBe('new');
});

test('a failing source is covered for as long as it was said', async () => {
  const clock = manualClock();
  const source = memorySource<Post>();
  let fails = false;
  const posts = createRepository<Post>({
    cache: createCache({ clock }),
    name: 'post',
    ttl: '1m',
    graceFor: '1h',
    source: {
      ...source,
      findByIds: (ids) => (fails ? Promise.reject(new Error('down')) : source.findByIds(ids)),
    },
  });
  await posts.create(post('a'));
  await posts.findById('a');
  fails = true;
  clock.advance(120_000);
  expect((await posts.findById('a'))?.title).toBe('post a');
  clock.advance(3_600_000);
  await expect(posts.findById('a')).rejects.toThrow('down');
});

test('items are kept in the tiers that were named', async () => {
  const tiers = [memory(), memory()];
  Object.assign(tiers[1], { name: 'second' });
  const { posts, cache } = make({ cache: createCache({ tiers }), tiers: ['memory'] });
  await posts.create(post('a'));
  await posts.findById('a');
  const { tiers: looked } = await cache.explain(['post.item', 'a']);
  expect(looked.map(({ found }) => found)).toEqual([true, false]);
});

test.each<[string, object]>([
  ['a source that is none', { source: {} }],
  ['a scope that there is not', { scope: 'nobody' }],
  ['a relation without its field', { relations: { author: { to: {} } } }],
  ['half of a relation to many through others', { relations: { tags: { to: {}, by: 'a', through: {} } } }],
  ['a publication that is no difference', { publication: { published: 'x', draft: 'x' } }],
  ['a publication of another option', { publication: { status: 'x' } }],
  ['a listener that is none', { on: { written: 1 } }],
  ['an event that there is not', { on: { read() {} } }],
  ['a switch that is none', { cached: true }],
  ['a tier that there is not', { tiers: ['nowhere'] }],
  ['a misspelt option', { tttl: 1 }],
])('%s is refused', (_, options) => {
  const given = { cache: createCache(), name: 'post', source: memorySource<Post>(), ...options } as never;
  expect(() => createRepository<Post>(given)).toThrow(expect.objectContaining({ code: 'bad_option' }));
});

test('what leads nowhere is refused when it is asked for', async () => {
  const { posts } = make({ relations: { author: { to: () => ({}), by: 'authorId' } } });
  const read = async () => posts.findById('a', { include: { author: true } });
  await expect(read()).rejects.toMatchObject({ code: 'bad_option' });
});

test('of a transaction whose commit was answered with an error, all that was written in it is distrusted', async () => {
  const source = memorySource<Post>();
  const lost = new Error('the answer was lost');
  const posts = createRepository<Post>({
    cache: createCache(),
    name: 'post',
    source: {
      ...source,
      within: () => source,
      async transaction(work) {
        await work({});
        throw lost; // it has been committed all the same
      },
    },
  });
  await posts.create(post('a'));
  expect((await posts.findById('a'))?.title).toBe('post a');
  await expect(posts.inTransaction((writer) => writer.update('a', { title: 'new' }))).rejects.toBe(lost);
  expect((await posts.findById('a'))?.title).toBe('new');
});

test('of a transaction that was run again only what it did at last is told', async () => {
  const source = memorySource<Post>();
  const told: string[] = [];
  const posts = createRepository<Post>({
    cache: createCache(),
    name: 'post',
    on: { written: ({ action }) => told.push(action) },
    source: {
      ...source,
      within: () => source,
      async transaction(work) {
        await work('overtaken');
        return work('made');
      },
    },
  });
  await posts.create(post('a'));
  const seen: unknown[] = [];
  const title = await posts.inTransaction(async (writer, transaction) => {
    seen.push(transaction);
    return (await writer.update('a', { title: String(transaction) }))?.title;
  });
  expect(seen).toEqual(['overtaken', 'made']);
  expect(title).toBe('made');
  expect(told).toEqual(['create', 'update']);
});

test('a source without transactions runs none', async () => {
  const { posts } = make();
  await expect(posts.inTransaction(async () => {})).rejects.toMatchObject({ code: 'bad_option' });
});

test('of a transaction that was run again, what its first run may have committed is said as well', async () => {
  const source = memorySource<Post>();
  const posts = createRepository<Post>({
    cache: createCache(),
    name: 'post',
    fields: { status: 'text' },
    source: {
      ...source,
      within: () => source,
      async transaction(work) {
        await work('committed, but the answer was lost');
        return work('again');
      },
    },
  });
  await posts.create(post('a'));
  const drafts = () => posts.findMany({ where: { status: 'draft' } });
  expect(await drafts()).toHaveLength(1);
  await posts.inTransaction((writer) => writer.update('a', { status: 'published' }));
  expect(await drafts()).toEqual([]);
});

test('a condition where a write can not be taken back is refused, and nothing that is kept falls', async () => {
  const { posts } = make({ publication: {} });
  await posts.create(post('a'));
  const kept = await posts.findById('a');
  const ifSame = post('a');
  for (const write of [
    posts.update('a', { title: 'new' }, { ifSame }),
    posts.delete('a', { ifSame }),
    posts.publish('a', { ifSame }),
    posts.unpublish('a', { ifSame }),
    posts.update('a', { title: 'new' }, { ifsame: ifSame } as never),
  ])
    await expect(write).rejects.toMatchObject({ code: 'bad_option' });
  expect(await posts.findById('a')).toBe(kept);
});

test('a condition that is nothing is refused, and is not no condition', async () => {
  const { posts } = make({ publication: {}, source: { transactional: true } as never });
  await posts.create(post('a'));
  for (const ifSame of [undefined, null, 'a'] as never[])
    for (const write of [
      posts.update('a', { title: 'new' }, { ifSame }),
      posts.delete('a', { ifSame }),
      posts.publish('a', { ifSame }),
    ])
      await expect(write).rejects.toMatchObject({ code: 'bad_option' });
  expect(await posts.findById('a')).toEqual(post('a'));
});

test('items that are not to be cached are one question', async () => {
  const { posts, counts } = make({ cached: (key) => key.endsWith('a') });
  await posts.createMany([post('a'), post('b'), post('c')]);
  const read = () => posts.findByIds(['b', 'a', 'none', 'c']);
  expect(await read()).toEqual([post('b'), post('a'), undefined, post('c')]);
  expect(counts.reads).toBe(2);
  await read();
  expect(counts.reads).toBe(3);
});

test('a repository of another cache takes no part in a transaction', async () => {
  const source = memorySource<Post>();
  const transactions = {
    ...source,
    within: () => source,
    transaction: (work: (tx: unknown) => Promise<never>) => work({}),
  };
  const [one, two] = ['one', 'two'].map((name) =>
    createRepository<Post>({ cache: createCache(), name, source: transactions }),
  );
  const work = one.inTransaction(async (writer) => writer.of(two).create(post('a')));
  await expect(work).rejects.toMatchObject({ code: 'bad_option' });
});

test('what is in memory is changed by writing only', async () => {
  const source = memorySource<Post>();
  const mine = { ...post('a') };
  const [{ after }] = await source.create([mine]);
  mine.status = 'published';
  expect(await source.findByIds(['a'])).toEqual([post('a')]);
  expect(() => Object.assign(after!, { status: 'published' })).toThrow(TypeError);
  await expect(source.create([post('b'), post('b')])).rejects.toMatchObject({ code: 'conflict' });
  expect(await source.findByIds(['b'])).toEqual([undefined]);
});
