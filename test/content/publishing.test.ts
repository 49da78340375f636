/** A write and the change that it brings are committed together: whatever fails after it, nobody is left with what was there before. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCache, memory } from 'tidemark';
import { createRepository, type Repository, type TableOptions } from 'tidemark/content';
import { type Around, d1Place, pglitePlace, type Place, sqlitePlace } from './support/databases.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // some of these databases are in other processes

interface Post {
  readonly id: string;
  readonly title: string;
  readonly status: string | null;
  readonly stars: number | null;
  readonly pinned: boolean;
  readonly meta: unknown;
}
interface Author {
  readonly id: string;
  readonly name: string;
}

const fields = { status: 'text', stars: 'number' } as const;
const publication = { at: null };
const post = (id: string, more: Partial<Post> = {}): Post => {
  return { id, title: `post ${id}`, status: 'draft', stars: 1, pinned: false, meta: { a: [1, null] }, ...more };
};
const CALL = { signal: new AbortController().signal };

describe.each<[string, () => Promise<Place>]>([
  ['SQLite', sqlitePlace],
  ['Postgres', pglitePlace],
  ['D1', d1Place],
])('in %s', (_, open) => {
  let place: Place;
  let made = 0;
  beforeAll(async () => {
    place = await open();
  });
  afterAll(() => place.close());

  /** New tables, and as many caches over them as there are processes. */
  async function world(around?: Around) {
    const n = ++made;
    const table: TableOptions<Post> = {
      table: `posts${n}`,
      columns: { id: 'text', title: 'text', status: 'text', stars: 'number', pinned: 'boolean', meta: 'json' },
    };
    const authorTable: TableOptions<Author> = { table: `authors${n}`, columns: { id: 'text', name: 'text' } };
    await place.run(
      `CREATE TABLE posts${n} (id TEXT PRIMARY KEY, title TEXT, status TEXT, stars DOUBLE PRECISION, pinned BOOLEAN, meta TEXT)`,
    );
    await place.run(`CREATE TABLE authors${n} (id TEXT PRIMARY KEY, name TEXT)`);
    const process = (consistency: 'strong' | 'bounded' = 'strong') => {
      const cache = createCache({
        tiers: [memory(), { store: place.backend(`t${n}`), timeout: '30s' }], // what is late isn't said again
        consistency,
      });
      const posts = createRepository<Post>({
        cache,
        name: 'post',
        source: place.source(table, around),
        fields,
        publication,
      });
      const authors = createRepository<Author>({ cache, name: 'author', source: place.source(authorTable, around) });
      return { cache, posts, authors };
    };
    const { log } = place.backend(`t${n}`);
    const said = async () => (await log.read(0, CALL)).changes.map(({ change }) => change);
    return { process, said, source: () => place.source(table) };
  }

  const drafts = async (posts: Repository<Post>) =>
    (await posts.findMany({ where: { status: 'draft' } })).map(({ id, title }) => `${id}: ${title}`);

  test('what is written is what is read, here and elsewhere', async () => {
    const { process, source } = await world();
    const [one, two] = [process(), process()];
    expect(await drafts(two.posts)).toEqual([]);
    expect(await one.posts.createMany([post('a'), post('b', { meta: null, stars: null })])).toEqual([
      post('a'),
      post('b', { meta: null, stars: null }),
    ]);
    expect(await drafts(two.posts)).toEqual(['a: post a', 'b: post b']);
    const changed = { title: 'new', pinned: true, meta: { b: 'ü' }, stars: 2.5 };
    expect(await one.posts.updateMany(['b', 'none', 'a', 'a'], changed)).toEqual([
      post('b', changed),
      post('a', changed),
    ]);
    expect(await drafts(two.posts)).toEqual(['a: new', 'b: new']);
    expect(await two.posts.findById('b')).toEqual(post('b', changed));
    expect(await one.posts.deleteMany(['a', 'none'])).toBe(1);
    expect(await drafts(two.posts)).toEqual(['b: new']);
    expect(await two.posts.findById('a')).toBe(undefined);
    expect(await source().findByIds(['a', 'b'])).toEqual([undefined, post('b', changed)]);
  });

  test('who writes knows it at once, without asking the log with each read', async () => {
    const { process } = await world();
    const { posts } = process('bounded');
    await posts.create(post('a'));
    expect(await drafts(posts)).toEqual(['a: post a']);
    await posts.update('a', { title: 'new' });
    expect(await drafts(posts)).toEqual(['a: new']);
    await posts.inTransaction((writer) => writer.update('a', { title: 'newer' }));
    expect(await drafts(posts)).toEqual(['a: newer']);
  });

  test('several items are one change, and so are those that are not there none', async () => {
    const { process, said } = await world();
    const { posts } = process();
    await posts.createMany(['a', 'b', 'c'].map((id) => post(id)));
    await posts.updateMany(['a', 'b'], { status: 'published' });
    await posts.updateMany(['none'], { status: 'published' });
    await posts.deleteMany(['a', 'b', 'c']);
    await posts.delete('a');
    expect(await said()).toHaveLength(3);
  });

  test.each(['create', 'update', 'delete'] as const)('who dies after the commit of a %s has said it', async (what) => {
    let dies = false;
    const died = new Error('the process died');
    const { process, said } = await world(async (transaction) => {
      const result = await transaction();
      if (dies) throw died;
      return result;
    });
    const [one, two] = [process(), process()];
    await one.posts.createMany([post('a'), post('b')]);
    expect(await drafts(two.posts)).toEqual(['a: post a', 'b: post b']);
    await two.posts.findById('c');
    const before = (await said()).length;
    dies = true;
    const write = {
      create: () => one.posts.create(post('c')),
      update: () => one.posts.updateMany(['a', 'b'], { title: 'new' }),
      delete: () => one.posts.delete('b'),
    };
    // Nothing but what the transaction did itself: this process says nothing more.
    Object.assign(one.cache, { invalidate: () => Promise.reject(died) });
    await expect(write[what]()).rejects.toBe(died);
    expect(await said()).toHaveLength(before + 1);
    const after = {
      create: ['a: post a', 'b: post b', 'c: post c'],
      update: ['a: new', 'b: new'],
      delete: ['a: post a'],
    };
    expect(await drafts(two.posts)).toEqual(after[what]);
    expect((await two.posts.findById('c'))?.title).toBe(what === 'create' ? 'post c' : undefined);
    expect(await drafts(one.posts)).toEqual(after[what]); // who lives and was only told so
  });

  test('who fails before the commit has said nothing, and nothing that is kept falls', async () => {
    let fails = false;
    const failed = new Error('no connection');
    const { process, said } = await world((transaction) => (fails ? Promise.reject(failed) : transaction()));
    const { posts } = process();
    await posts.create(post('a'));
    const kept = await posts.findById('a');
    const before = await said();
    fails = true;
    await expect(posts.update('a', { title: 'new' })).rejects.toBe(failed);
    expect(await said()).toEqual(before);
    expect(await posts.findById('a')).toBe(kept);
  });

  test('all or none of several items is made', async () => {
    const { process, said } = await world();
    const { posts } = process();
    await posts.create(post('b'));
    const before = await said();
    await expect(posts.createMany([post('a'), post('b')])).rejects.toThrow(/unique/i);
    expect(await posts.findByIds(['a', 'b'])).toEqual([undefined, post('b')]);
    expect(await said()).toEqual(before);
  });

  test('a commit publishes what all writers of a transaction have written, as they see it there', async () => {
    const { process } = await world();
    const [one, two] = [process(), process()];
    await one.posts.create(post('a'));
    const look = async () => [await drafts(two.posts), (await two.authors.findById('ann'))?.name];
    expect(await look()).toEqual([['a: post a'], undefined]);
    const result = await one.posts.inTransaction(async (writer) => {
      await writer.update('a', { title: 'new' });
      await writer.create(post('b'));
      await writer.update('b', { title: 'newer' });
      await writer.of(one.authors).create({ id: 'ann', name: 'Ann' });
      const [seen] = await writer.source.findByIds(['a']);
      expect(seen?.title).toBe(place.readsItsWrites ? 'new' : 'post a');
      return 'done';
    });
    expect(result).toBe('done');
    expect(await look()).toEqual([['a: new', 'b: newer'], 'Ann']);
  });

  test('a rollback publishes none of it', async () => {
    const { process, said } = await world();
    const { posts, authors } = process();
    await posts.create(post('a'));
    const kept = await posts.findById('a');
    const before = await said();
    const changedMind = new Error('changed my mind');
    const attempt = posts.inTransaction(async (writer) => {
      await writer.update('a', { title: 'never' });
      await writer.of(authors).create({ id: 'ann', name: 'Ann' });
      throw changedMind;
    });
    await expect(attempt).rejects.toBe(changedMind);
    expect(await said()).toEqual(before);
    expect(await posts.findById('a')).toBe(kept);
    expect(await authors.findById('ann')).toBe(undefined);
  });

  test('what writers in a race say is what became of each item, one after the other', async () => {
    const { process, source } = await world();
    const [one, two] = [process(), process()];
    const ids = ['a', 'b', 'c'];
    await one.posts.createMany(ids.map((id) => post(id, { stars: 0, status: '0' })));
    await Promise.all([drafts(one.posts), drafts(two.posts)]);
    const images: { id: string; from: unknown; to: unknown }[] = [];
    const direct = source();
    const writers = place.readsItsWrites ? 8 : 4;
    await Promise.all(
      Array.from({ length: writers }, async (__, i) => {
        const posts = i % 2 === 0 ? one.posts : two.posts;
        const some = i % 3 === 0 ? ids.toReversed() : ids.slice(i % 2, (i % 2) + 2);
        await posts.updateMany(some, { status: `w${i}` });
        const written = await direct.update([some[0]], { stars: i + 1 });
        images.push(...written.map(({ before, after }) => ({ id: before!.id, from: before!.stars, to: after!.stars })));
        await posts.findMany({ where: { status: `w${i}` } });
      }),
    );
    for (const id of ids) {
      const own = images.filter((image) => image.id === id);
      let at: unknown = 0;
      for (let left = own.length; left > 0; left--) {
        const next = own.filter(({ from }) => from === at);
        expect(next).toHaveLength(1);
        at = next[0].to;
      }
    }
    const right = await source().findMany({ where: { all: [] }, sort: [], limit: undefined, offset: 0 });
    for (const { posts } of [one, two])
      for (const status of new Set(right.map((item) => item.status)))
        expect((await posts.findMany({ where: { status } })).map(({ id }) => id)).toEqual(
          right.filter((item) => item.status === status).map(({ id }) => id),
        );
  });

  test('of editors who have seen the same, exactly one is written, and the others have said nothing', async () => {
    const { process, said, source } = await world();
    const [one, two] = [process(), process()];
    await one.posts.create(post('a'));
    const seen = (await one.posts.findById('a'))!;
    await drafts(two.posts);
    const before = (await said()).length;
    const saved = await Promise.allSettled([
      one.posts.update('a', { title: 'one', status: 'one' }, { ifSame: seen }),
      two.posts.update('a', { title: 'two', status: 'two' }, { ifSame: seen }),
      two.posts.update('a', { title: 'three', status: 'three' }, { ifSame: seen }),
    ]);
    const winners = saved.flatMap((save) => (save.status === 'fulfilled' ? [save.value] : []));
    expect(winners).toHaveLength(1);
    for (const loser of saved.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[])
      expect(loser.reason).toMatchObject({ code: 'conflict' });
    expect(await source().findByIds(['a'])).toEqual(winners);
    expect(await said()).toHaveLength(before + 1);
    for (const { posts } of [one, two]) {
      expect(await posts.findById('a')).toEqual(winners[0]);
      expect(await drafts(posts)).toEqual([]);
    }
  });

  test('what is not what was seen is neither changed nor removed nor published, and nothing that is kept falls', async () => {
    const { process, said } = await world();
    const { posts, cache } = process();
    await posts.create(post('a'));
    const kept = (await posts.findById('a'))!;
    const before = await said();
    const told: unknown[] = [];
    cache.on('change', (change) => told.push(change));
    const ifSame = { ...kept, title: 'older' };
    for (const write of [
      () => posts.update('a', { title: 'lost' }, { ifSame }),
      () => posts.update('a', {}, { ifSame }),
      () => posts.delete('a', { ifSame }),
      () => posts.publish('a', { ifSame }),
      () => posts.unpublish('a', { ifSame }),
    ])
      await expect(write()).rejects.toMatchObject({ code: 'conflict' });
    expect([await said(), told]).toEqual([before, []]);
    expect(await posts.findById('a')).toBe(kept);
  });

  test('what is what was seen is written, in whichever order its fields come', async () => {
    const { process } = await world();
    const { posts } = process();
    await posts.createMany([post('a', { stars: null }), post('b')]);
    const { meta, stars: _stars, ...rest } = (await posts.findById('a'))!; // a field that is missing is null
    const published = (await posts.publish('a', { ifSame: { meta, ...rest } as Post }))!;
    expect(published.status).toBe('published');
    const draft = (await posts.unpublish('a', { ifSame: published }))!;
    expect((await posts.update('a', { title: 'new' }, { ifSame: draft }))?.title).toBe('new');
    expect(await posts.delete('b', { ifSame: post('b') })).toBe(true);
    expect(await posts.delete('b', { ifSame: post('b') })).toBe(false); // there is none
    expect(await posts.update('b', { title: 'new' }, { ifSame: post('b') })).toBe(undefined);
    expect(await drafts(posts)).toEqual(['a: new']);
  });

  test('where a write can not be taken back there is no condition', async () => {
    const { process, said } = await world();
    const { posts } = process();
    await posts.create(post('a'));
    const before = await said();
    const ifSame = post('a');
    await posts.inTransaction(async (writer) => {
      await expect(writer.update('a', { title: 'new' }, { ifSame })).rejects.toMatchObject({ code: 'bad_option' });
      await expect(writer.delete('a', { ifSame })).rejects.toMatchObject({ code: 'bad_option' });
    });
    expect(await said()).toEqual(before);
    expect(await drafts(posts)).toEqual(['a: post a']);
  });

  test('with a log of its own a cache hears of a write after it', async () => {
    const n = ++made;
    await place.run(`CREATE TABLE authors${n} (id TEXT PRIMARY KEY, name TEXT)`);
    const table: TableOptions<Author> = { table: `authors${n}`, columns: { id: 'text', name: 'text' } };
    const authors = createRepository<Author>({ cache: createCache(), name: 'author', source: place.source(table) });
    expect(await authors.findById('ann')).toBe(undefined);
    await authors.create({ id: 'ann', name: 'Ann' });
    expect((await authors.findById('ann'))?.name).toBe('Ann');
    await authors.inTransaction((writer) => writer.update('ann', { name: 'Anna' }));
    expect((await authors.findById('ann'))?.name).toBe('Anna');
    expect(() => authors.in([])).toThrow(/can't take part/);
  });
});
