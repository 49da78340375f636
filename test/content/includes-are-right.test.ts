/** What is read with all that it leads to is what an uncached read would answer, whatever was written to any of it; and it falls for nothing else. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCache } from 'tidemark';
import {
  createRepository,
  type Include,
  memorySource,
  type Relation,
  type Repository,
  type RepositoryOptions,
  type Source,
} from 'tidemark/content';

interface Node {
  readonly id: string;
  readonly ref: string | null;
  readonly other: string | null;
  readonly kind: string;
  readonly size: number;
}

const NAMES = ['red', 'green', 'blue'] as const;
type Name = (typeof NAMES)[number];

interface RelationPlan {
  readonly how: 'one' | 'many' | 'through';
  readonly to: Name;
  readonly by: 'ref' | 'other';
  readonly links: Name;
}
type Schema = Readonly<
  Record<Name, { readonly x: RelationPlan; readonly y: RelationPlan; readonly declared: boolean }>
>;

const name = fc.constantFrom(...NAMES);
const id = fc.constantFrom('a', 'b', 'c', 'd');
const reference = fc.option(id, { nil: null });
const kind = fc.constantFrom('k', 'l');
const plan: fc.Arbitrary<RelationPlan> = fc.record({
  how: fc.constantFrom('one' as const, 'many' as const, 'through' as const),
  to: name,
  by: fc.constantFrom('ref' as const, 'other' as const),
  links: name,
});
const node = fc.record({ x: plan, y: plan, declared: fc.boolean() });
const schema: fc.Arbitrary<Schema> = fc.record({ red: node, green: node, blue: node });
const wanted = fc.letrec<{ include: Include }>((tie) => ({
  include: fc.record(
    {
      x: fc.oneof(
        { depthSize: 'small', maxDepth: 3 },
        fc.constant(true as const),
        fc.record({ include: tie('include') }),
      ),
      y: fc.oneof(
        { depthSize: 'small', maxDepth: 3 },
        fc.constant(true as const),
        fc.record(
          {
            include: tie('include'),
            where: fc.record({ kind }),
            sort: fc.constantFrom(['-size'], ['kind', 'size']),
            limit: fc.constantFrom(0, 1, 2),
          },
          { requiredKeys: [] },
        ),
      ),
    },
    { requiredKeys: [] },
  ),
})).include;
const changed = fc.record({ ref: reference, other: reference, kind, size: fc.nat(3) }, { requiredKeys: [] });
const step = fc.record({
  at: name,
  do: fc.constantFrom('create', 'update', 'update', 'delete'),
  ids: fc.uniqueArray(id, { minLength: 1, maxLength: 2 }),
  changed,
  beside: fc.boolean(), // reads are under way while it is written
});
const read = fc.record({ at: name, by: fc.constantFrom('id', 'ids', 'kind'), id, include: wanted, kind });

function relationOf({ how, to, by, links }: RelationPlan, all: Readonly<Record<Name, Repository<Node>>>): Relation {
  if (how === 'one') return { to: () => all[to], by };
  if (how === 'many') return { to: () => all[to], by, kind: 'many' };
  return { to: () => all[to], through: () => all[links], by, other: by === 'ref' ? 'other' : 'ref' };
}

/** What a relation to one can't be asked for is left out. */
function fitting(of: Name, plans: Schema, include: Include): Include {
  return Object.fromEntries(
    Object.entries(include).map(([relation, options]) => {
      const { how, to } = plans[of][relation as 'x' | 'y'];
      if (options === true) return [relation, true];
      const more = options.include ? { include: fitting(to, plans, options.include) } : {};
      return [relation, how === 'one' ? more : { ...options, ...more }];
    }),
  );
}

/** The same by looking at all there is. */
function oracle(item: Node, of: Name, plans: Schema, include: Include, rows: Rows): object {
  const filled = Object.entries(include).map(([relation, options]) => {
    const { how, to, by, links } = plans[of][relation as 'x' | 'y'];
    const { include: more = {}, where, sort = [], limit } = options === true ? {} : options;
    const complete = (one: Node) => oracle(one, to, plans, more, rows);
    if (how === 'one') {
      const found = rows[to].find((one) => one.id === item[by]);
      return [relation, found ? complete(found) : null];
    }
    const other = by === 'ref' ? 'other' : 'ref';
    const ids = rows[links].filter((link) => link[by] === item.id).map((link) => link[other]);
    const found = rows[to]
      .filter((one) => (how === 'many' ? one[by] === item.id : ids.includes(one.id)))
      .filter((one) => where?.['kind'] === undefined || one.kind === where['kind'])
      .toSorted((a, b) => {
        if (sort[0] === '-size' && a.size !== b.size) return b.size - a.size;
        if (sort[0] === 'kind' && a.kind !== b.kind) return a.kind < b.kind ? -1 : 1;
        if (sort[0] === 'kind' && a.size !== b.size) return a.size - b.size;
        return a.id < b.id ? -1 : 1;
      });
    return [relation, found.slice(0, limit).map(complete)];
  });
  return { ...item, ...Object.fromEntries(filled) };
}
type Rows = Readonly<Record<Name, readonly Node[]>>;

/** A source that takes some time over everything, and counts what it is asked. */
function slow(source: Source<Node>, turns: () => number, counts: { reads: number }): Source<Node> {
  const wait = async () => {
    for (let left = turns(); left > 0; left--) await Promise.resolve();
  };
  const around =
    <A extends unknown[], R>(work: (...asked: A) => Promise<R>) =>
    async (...asked: A): Promise<R> => {
      await wait();
      const answer = await work(...asked);
      await wait();
      return answer;
    };
  const reading = <A extends unknown[], R>(work: (...asked: A) => Promise<R>) =>
    around((...asked: A) => {
      counts.reads++;
      return work(...asked);
    });
  return {
    findByIds: reading((...asked) => source.findByIds(...asked)),
    findMany: reading((...asked) => source.findMany(...asked)),
    count: reading((...asked) => source.count(...asked)),
    create: around((...asked) => source.create(...asked)),
    update: around((...asked) => source.update(...asked)),
    delete: around((...asked) => source.delete(...asked)),
  };
}

test('an included read is what an uncached one answers, in any schema, whatever is written beside it', async () => {
  let [asked, kept] = [0, 0];
  const property = fc.asyncProperty(
    schema,
    fc.array(read, { minLength: 1, maxLength: 4 }),
    fc.array(step, { minLength: 1, maxLength: 12 }),
    fc.infiniteStream(fc.nat(4)),
    async (plans, reads, steps, pauses) => {
      const cache = createCache();
      const counts = { reads: 0 };
      const sources = { red: memorySource<Node>(), green: memorySource<Node>(), blue: memorySource<Node>() };
      const all = {} as Record<Name, Repository<Node>>;
      for (const one of NAMES)
        all[one] = createRepository<Node>({
          cache,
          name: one,
          source: slow(sources[one], () => pauses.next().value as number, counts),
          relations: { x: relationOf(plans[one].x, all), y: relationOf(plans[one].y, all) },
          ...(plans[one].declared && { fields: { ref: 'text', other: 'text', kind: 'text' } }),
        });
      const everything = { where: { all: [] }, sort: [], limit: undefined, offset: 0 };
      const look = (one: (typeof reads)[number]) => {
        const include = fitting(one.at, plans, one.include);
        if (one.by === 'kind') return all[one.at].findMany({ where: { kind: one.kind } }, { include });
        if (one.by === 'ids') return all[one.at].findByIds([one.id, 'a', 'b'], { include });
        return all[one.at].findById(one.id, { include });
      };
      for (const { at, do: what, ids, changed: fields, beside } of steps) {
        const under = beside ? reads.map(look) : [];
        if (what === 'create') {
          const there = await sources[at].findByIds(ids);
          const fresh = ids.filter((_, i) => !there[i]);
          const made = fresh.map((one) => ({ id: one, ref: null, other: null, kind: 'k', size: 0, ...fields }));
          await all[at].createMany(made);
        } else if (what === 'update') await all[at].updateMany(ids, fields);
        else await all[at].deleteMany(ids);
        const before = counts.reads;
        const answers = await Promise.all(reads.map(look));
        asked += reads.length;
        kept += counts.reads === before ? reads.length : 0;
        const [red, green, blue] = await Promise.all(NAMES.map((one) => sources[one].findMany(everything)));
        const rows = { red, green, blue };
        reads.forEach((one, i) => {
          const include = fitting(one.at, plans, one.include);
          const complete = (item: Node | undefined) => item && oracle(item, one.at, plans, include, rows);
          const byId = (wantedId: string) => complete(rows[one.at].find((item) => item.id === wantedId));
          const listed = rows[one.at]
            .filter((item) => item.kind === one.kind)
            .toSorted((a, b) => (a.id < b.id ? -1 : 1));
          const right = { id: byId(one.id), ids: [one.id, 'a', 'b'].map(byId), kind: listed.map(complete) };
          expect(answers[i]).toEqual(right[one.by]);
        });
        await Promise.all(under);
      }
    },
  );
  await fc.assert(property, { numRuns: 400 });
  expect(kept).toBeGreaterThan(asked / 20); // it does keep what no write could have changed
}, 60_000);

interface Author {
  readonly id: string;
  readonly name: string;
}
interface Post {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly authorId: string | null;
}
interface Comment {
  readonly id: string;
  readonly postId: string;
  readonly authorId: string;
  readonly text: string;
}
interface Label {
  readonly id: string;
  readonly postId: string;
  readonly tagId: string;
}

type Options<T extends object> = Pick<RepositoryOptions<T>, 'fields' | 'relations' | 'ttl' | 'negativeTtl'>;

/** A blog, and what its sources are asked. */
async function blog(times: Pick<RepositoryOptions<Author>, 'ttl' | 'negativeTtl'> = {}) {
  const cache = createCache();
  const reads: string[] = [];
  const make = <T extends object>(of: string, options: Options<T>) => {
    const source = memorySource<T>('id' as keyof T & string);
    const told = <A extends unknown[], R>(what: string, work: (...asked: A) => R) => {
      return (...asked: A): R => {
        reads.push(`${of} ${what}`);
        return work(...asked);
      };
    };
    return createRepository<T>({
      cache,
      name: of,
      source: {
        ...source,
        findByIds: told('by id', (...asked) => source.findByIds(...asked)),
        findMany: told('list', (...asked) => source.findMany(...asked)),
      },
      ...options,
    });
  };
  const authors: Repository<Author> = make<Author>('author', {
    relations: { posts: { to: () => posts, by: 'authorId', kind: 'many' } },
    ...times,
  });
  const comments = make<Comment>('comment', {
    fields: { postId: 'text' },
    relations: { author: { to: authors, by: 'authorId' } },
  });
  const tags = make<Author>('tag', {});
  const labels = make<Label>('label', { fields: { postId: 'text' } });
  const posts: Repository<Post> = make<Post>('post', {
    fields: { status: 'text' },
    relations: {
      author: { to: authors, by: 'authorId' },
      comments: { to: comments, by: 'postId', kind: 'many' },
      tags: { to: tags, through: () => labels, by: 'postId', other: 'tagId' },
    },
  });
  await authors.createMany(['ann', 'bob', 'cid'].map((one) => ({ id: one, name: one })));
  await posts.createMany(
    ['1', '2', '3'].map((one) => ({ id: one, title: one, status: 'published', authorId: one === '3' ? 'bob' : 'ann' })),
  );
  await comments.createMany([
    { id: 'c1', postId: '1', authorId: 'bob', text: 'first' },
    { id: 'c2', postId: '2', authorId: 'bob', text: 'second' },
  ]);
  await tags.createMany(['sea', 'sky'].map((one) => ({ id: one, name: one })));
  await labels.create({ id: 'l1', postId: '1', tagId: 'sea' });
  return { cache, reads, authors, posts, comments, tags, labels };
}

const INCLUDE: Include = {
  author: true,
  tags: true,
  comments: { include: { author: true }, sort: ['-text'], limit: 2 },
};

test('a write that can touch an included read makes it fall, at every depth', async () => {
  const { authors, posts, comments, tags, labels } = await blog();
  const look = () => posts.findById('1', { include: INCLUDE });
  const writes: Record<string, () => Promise<unknown>> = {
    'the item itself': () => posts.update('1', { title: 'new' }),
    'the one that it leads to': () => authors.update('ann', { name: 'Ann' }),
    'that is removed': () => authors.delete('ann'),
    'and is made again': () => authors.create({ id: 'ann', name: 'Anna' }),
    'one of many': () => comments.update('c1', { text: 'changed' }),
    'one that enters': () => comments.update('c2', { postId: '1' }),
    'one that leaves': () => comments.update('c2', { postId: '2' }),
    'a new one': () => comments.create({ id: 'c3', postId: '1', authorId: 'ann', text: 'new' }),
    'one that is removed': () => comments.delete('c3'),
    'what one of many leads to': () => authors.update('bob', { name: 'Bob' }),
    'another side of a link': () => tags.update('sea', { name: 'the sea' }),
    'a new link': () => labels.create({ id: 'l2', postId: '1', tagId: 'sky' }),
    'a link that is removed': () => labels.delete('l1'),
  };
  for (const [what, write] of Object.entries(writes)) {
    const before = await look();
    expect(await look(), what).toBe(before);
    await write();
    expect(await look(), what).not.toEqual(before);
  }
});

test('a write that cannot touch an included read leaves it', async () => {
  const { authors, posts, comments, tags, labels } = await blog();
  const look = () => posts.findById('1', { include: INCLUDE });
  const before = await look();
  expect(Object.isFrozen(before)).toBe(true);
  await posts.update('2', { title: 'new' });
  await authors.update('cid', { name: 'Cid' });
  await comments.update('c2', { text: 'changed' });
  await comments.create({ id: 'c4', postId: '3', authorId: 'bob', text: 'elsewhere' });
  await tags.update('sky', { name: 'the sky' });
  await labels.create({ id: 'l3', postId: '2', tagId: 'sky' });
  expect(await look()).toBe(before);
});

test('items that are read together fall each by itself', async () => {
  const { posts, comments } = await blog();
  const look = () => posts.findByIds(['1', '2', 'none'], { include: INCLUDE });
  const [one, two] = await look();
  await comments.update('c2', { text: 'changed' });
  const [first, second, none] = await look();
  expect(first).toBe(one);
  expect(second).not.toEqual(two);
  expect(none).toBe(undefined);
});

test('what several of them lead to falls for all of them', async () => {
  const { posts } = await blog();
  const look = async () => {
    const found = await posts.findByIds<{ author: { posts: Post[] } }>(['1', '2'], {
      include: { author: { include: { posts: true } } },
    });
    return found.map((post) => post?.author.posts.map(({ title }) => title));
  };
  expect(await look()).toEqual([
    ['1', '2'],
    ['1', '2'],
  ]);
  await posts.create({ id: '4', title: '4', status: 'draft', authorId: 'ann' });
  expect(await look()).toEqual([
    ['1', '2', '4'],
    ['1', '2', '4'],
  ]);
});

test('a level is one question, however many items it has', async () => {
  const { posts, reads } = await blog();
  await posts.findMany({ where: { status: 'published' } }, { include: INCLUDE });
  expect(reads.toSorted()).toEqual([
    'author by id', // of the posts
    'author by id', // of the comments
    'comment list',
    'label list',
    'post list',
    'tag list',
  ]);
  reads.length = 0;
  await posts.findByIds(['1', '2', '3'], { include: INCLUDE });
  expect(reads).toHaveLength(6);
  reads.length = 0;
  await posts.findByIds(['1', '2', '3'], { include: INCLUDE });
  expect(reads).toEqual([]);
});

test('what asks for the same in another order is one entry, and another include is another', async () => {
  const { posts, reads } = await blog();
  const one = await posts.findById('1', { include: { author: true, comments: { limit: 1, sort: ['text'] } } });
  reads.length = 0;
  expect(await posts.findById('1', { include: { comments: { sort: ['text'], limit: 1 }, author: {} } })).toBe(one);
  expect(reads).toEqual([]);
  expect(await posts.findById('1', { include: { comments: { sort: ['text'], limit: 0 } } })).toMatchObject({
    comments: [],
  });
  expect(await posts.findById('1')).not.toHaveProperty('comments');
});

test('nothing included is fresh for longer than its own repository says', async () => {
  const { authors, posts, reads } = await blog({ ttl: 0 });
  await posts.findById('1', { include: { author: true } });
  await posts.findById('1', { include: { author: true } });
  expect(reads).toHaveLength(4); // authors aren't kept, nor is what has one in it
  reads.length = 0;
  await posts.findById('1', { include: { comments: true } });
  await posts.findById('1', { include: { comments: true } });
  expect(reads).toHaveLength(2);
  await authors.delete('ann');
});

test('that something included isn’t there is remembered no longer than its own repository says', async () => {
  const { authors, posts, reads } = await blog({ negativeTtl: 0 });
  const look = async () => {
    reads.length = 0;
    await posts.findById('1', { include: { author: true } });
    return reads.length;
  };
  expect([await look(), await look()]).toEqual([2, 0]);
  await authors.delete('ann');
  expect([await look(), await look()]).toEqual([2, 2]);
});

test.each<[string, Include]>([
  ['a relation that there is not', { nobody: true }],
  ['a condition on the one', { author: { where: { name: 'ann' } } }],
  ['an operator that there is not', { comments: { where: { text: { about: 1 } } } }],
  ['a limit that is none', { comments: { limit: -1 } }],
])('%s is refused', async (_, include) => {
  const { posts } = await blog();
  await expect((async () => posts.findById('1', { include }))()).rejects.toMatchObject({ code: 'bad_option' });
});
