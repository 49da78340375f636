/** A catalogue: what is read most is known in the next process, only by names, and only what is watched is ever called. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import {
  type Catalogue,
  type CatalogueStore,
  createCatalogue,
  createRepository,
  createWarmer,
  warm,
} from 'tidemark/content';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { turn } from '../../../src/engine/turn.ts';
import { sqlitePlace } from '../support/databases.ts';
import { published, Table } from './support.ts';

/** A place for a catalogue that can be looked into, and can fail. */
class Place implements CatalogueStore {
  kept: unknown;
  writes = 0;
  failing: ((work: 'read' | 'write') => Promise<void>) | undefined;

  async read(): Promise<unknown> {
    await this.failing?.('read');
    return this.kept;
  }

  async write(kept: unknown): Promise<void> {
    await this.failing?.('write');
    this.kept = JSON.parse(JSON.stringify(kept));
    this.writes++;
  }
}

const watching = async (catalogue: Catalogue, clock = manualClock()) => {
  const cache = createCache({ clock });
  const table = await new Table().fill(50);
  return { cache, table, posts: catalogue.watch('post', table.repository(cache)) };
};

const times = async (count: number, read: () => Promise<unknown>) => {
  for (let i = 0; i < count; i++) await read();
};

const asked = async (catalogue: Catalogue, most = 10) =>
  (await catalogue.top(most)).map(({ reader, method, args }) => [reader, method, ...args]);

test('the hottest readings come first, whichever way they are asked for', async () => {
  const catalogue = createCatalogue({ sample: 1, clock: manualClock() });
  const { posts } = await watching(catalogue);
  await times(5, () => posts.findById('7'));
  await times(3, () => posts.findMany(published));
  await times(2, () => posts.count({ status: 'published' }));
  await posts.findById('7', { signal: new AbortController().signal });
  await posts.findByIds(['1', '2']);
  expect(await asked(catalogue)).toEqual([
    ['post', 'findById', '7'],
    ['post', 'findMany', published],
    ['post', 'count', { status: 'published' }],
    ['post', 'findByIds', ['1', '2']],
  ]);
  expect((await catalogue.top(1))[0].heat).toBe(6);
  expect(catalogue.stats()).toMatchObject({ recorded: 12, unrecorded: 0, counted: 4 });
});

test('a watched reader answers as the reader does: its other methods, its errors, its fields', async () => {
  class Reader {
    readonly #secret = 41;
    readonly name = 'reader';
    calls = 0;
    get(key: string): number {
      this.calls++;
      if (key === 'none') throw new Error('none');
      return this.#secret + key.length;
    }
    get secret(): number {
      return this.#secret;
    }
    self(): this {
      return this;
    }
  }
  const reader = new Reader();
  const catalogue = createCatalogue({ sample: 1, clock: manualClock() });
  const stand = catalogue.watch('reader', reader, { methods: ['get'] });
  expect(stand.get('a')).toBe(42);
  expect(() => stand.get('none')).toThrow('none');
  expect([stand.secret, stand.name, stand.calls, stand.self()]).toEqual([41, 'reader', 2, reader]);
  expect(stand).toBeInstanceOf(Reader);
  expect(await asked(catalogue)).toEqual([['reader', 'get', 'a'], ['reader', 'get', 'none']]); // prettier-ignore
});

test('a watched repository is led to, and written to in a transaction, as it would be by itself', async () => {
  interface Post {
    readonly id: string;
    readonly by: string;
  }
  const place = await sqlitePlace();
  await place.run('CREATE TABLE users (id TEXT PRIMARY KEY)');
  await place.run('CREATE TABLE posts (id TEXT PRIMARY KEY, by TEXT)');
  const cache = createCache({ tiers: [memory(), place.backend('t')] });
  const [first, second] = [createCatalogue({ clock: manualClock() }), createCatalogue({ clock: manualClock() })];
  const ofUsers = place.source<{ readonly id: string }>({ table: 'users', columns: { id: 'text' } });
  const users = second.watch('u', first.watch('u', createRepository({ cache, name: 'user', source: ofUsers })));
  const ofPosts = place.source<Post>({ table: 'posts', columns: { id: 'text', by: 'text' } });
  const relations = { author: { to: () => users, by: 'by' } };
  const posts = first.watch('p', createRepository<Post>({ cache, name: 'post', source: ofPosts, relations }));
  const find = () => posts.findById('1', { include: { author: true } });
  await posts.create({ id: '1', by: 'ann' });
  expect(await find()).toMatchObject({ author: null });
  await posts.inTransaction((writer) => writer.of(users).create({ id: 'ann' }));
  expect(await find()).toMatchObject({ author: { id: 'ann' } });
  await cache.close();
  await place.close();
});

test('a collection can be watched, too', async () => {
  const catalogue = createCatalogue({ sample: 1, clock: manualClock() });
  const users = createCache().define<string>('user', { load: (id) => `user ${id}` });
  const watched = catalogue.watch('user', users);
  expect(await watched.get('7')).toBe('user 7');
  expect(await asked(catalogue)).toEqual([['user', 'get', '7']]);
});

test('one of `sample` reads is recorded, and heat is told in reads', async () => {
  const catalogue = createCatalogue({ sample: 10, clock: manualClock() });
  const { posts } = await watching(catalogue);
  await times(1000, () => posts.findById('7'));
  const [{ heat }] = await catalogue.top(1);
  expect(heat).toBeGreaterThan(950);
  expect(heat).toBeLessThan(1050);
  expect(catalogue.stats().recorded).toBeLessThan(106);
});

describe('kept from process to process', () => {
  test('the next process knows what was hot, and what several count is added up', async () => {
    const store = new Place();
    const clock = manualClock();
    const one = createCatalogue({ store, sample: 1, clock });
    const two = createCatalogue({ store, sample: 1, clock });
    const [{ posts: first }, { posts: second }] = [await watching(one), await watching(two)];
    await times(3, () => first.findById('1'));
    await times(2, () => second.findById('1'));
    await times(4, () => second.findById('2'));
    await one.save();
    await two.save();
    await two.save(); // nothing new: nothing is written, and nothing counted twice
    expect(store.writes).toBe(2);
    const next = createCatalogue({ store, clock });
    expect((await next.top(10)).map(({ args, heat }) => [args[0], heat])).toEqual([['1', 5], ['2', 4]]); // prettier-ignore
    await times(2, () => first.findById('2'));
    await one.save();
    expect((await two.top(10)).map(({ args, heat }) => [args[0], heat])).toEqual([['2', 6], ['1', 5]]); // prettier-ignore
  });

  test('in the cache itself: a tier that outlives the process makes it outlive a deploy', async () => {
    const space = new SharedSpace();
    const process = () => createCache({ tiers: [memory(), sharedBackend({ space })] });
    const cache = process();
    const before = createCatalogue({ cache, sample: 1 });
    const { posts } = await watching(before);
    await times(2, () => posts.findById('7'));
    await before.save();
    await cache.close();
    const deployed = process();
    expect(await asked(createCatalogue({ cache: deployed }))).toEqual([['post', 'findById', '7']]);
    await deployed.close();
  });

  test('at most every `saveEvery`, by a read, and never by a timer', async () => {
    const clock = manualClock();
    const store = new Place();
    const work: Promise<unknown>[] = [];
    const catalogue = createCatalogue({ store, clock, sample: 1, background: (saving) => work.push(saving) });
    const { posts } = await watching(catalogue, manualClock());
    await posts.findById('1');
    clock.advance(29_999);
    await posts.findById('1');
    expect(work.length).toBe(0);
    clock.advance(1);
    await times(5, () => posts.findById('1'));
    await Promise.all(work);
    expect(store.writes).toBe(1);
    clock.advance(30_000);
    expect(clock.pending).toBe(0);
    await posts.findById('1');
    await Promise.all(work);
    expect(store.writes).toBe(2);
  });

  test('old heat dies', async () => {
    const clock = manualClock();
    const store = new Place();
    const catalogue = createCatalogue({ store, clock, sample: 1, halfLife: '1h' });
    const { posts } = await watching(catalogue);
    await times(8, () => posts.findById('old'));
    await catalogue.save();
    clock.advance(2 * 3_600_000);
    await times(3, () => posts.findById('new'));
    expect((await catalogue.top(10)).map(({ args, heat }) => [args[0], heat])).toEqual([['new', 3], ['old', 2]]); // prettier-ignore
    clock.advance(20 * 3_600_000);
    await catalogue.save();
    expect(await catalogue.top(10)).toEqual([]);
  });

  test('a place that fails loses nothing that was counted, and disturbs no read', async () => {
    const store = new Place();
    const catalogue = createCatalogue({ store, sample: 1, clock: manualClock() });
    const { posts } = await watching(catalogue);
    await times(4, () => posts.findById('7'));
    store.failing = async (work) => {
      if (work === 'write') throw new Error('full');
    };
    await catalogue.save();
    expect(catalogue.stats()).toMatchObject({ saved: 0, storeFailures: 1 });
    store.failing = undefined;
    await catalogue.save();
    expect(await createCatalogue({ store, clock: manualClock() }).top(1)).toMatchObject([{ args: ['7'], heat: 4 }]);
    store.failing = () => Promise.reject(new Error('gone'));
    expect(await asked(catalogue)).toEqual([['post', 'findById', '7']]);
  });

  test('a save that never ends is not waited for by the next ones for ever', async () => {
    const clock = manualClock();
    const store = new Place();
    const catalogue = createCatalogue({ store, clock, sample: 1 });
    const { posts } = await watching(catalogue);
    store.failing = () => new Promise(() => {}); // its request has ended
    await posts.findById('1');
    void catalogue.save();
    await turn();
    store.failing = undefined;
    clock.advance(60_000);
    await posts.findById('2');
    await catalogue.save();
    expect(store.writes).toBe(1);
  });

  test('what is kept is bounded, whatever is read', async () => {
    const store = new Place();
    const read = async (capacity: number) => {
      const catalogue = createCatalogue({ store, sample: 1, capacity, clock: manualClock() });
      const reader = catalogue.watch('reader', { get: (_key: string) => 1 });
      for (let i = 0; i < 2000; i++) reader.get(`${i} `.padEnd(800, 'x'));
      const { counted } = catalogue.stats();
      await catalogue.save();
      return { counted, kept: store.kept as { readings: unknown[] } };
    };
    const small = await read(100);
    expect(small.counted).toBe(100);
    expect(small.kept.readings.length).toBeLessThanOrEqual(100);
    const large = await read(5000);
    expect(large.counted).toBe(2000);
    expect(large.kept.readings.length).toBeGreaterThan(300);
    expect(JSON.stringify(large.kept).length).toBeLessThan(300_000);
  });

  test.for([
    undefined,
    null,
    7,
    'text',
    [],
    { format: 2, at: 1, readings: [] },
    { format: 1, at: NaN, readings: [] },
    { format: 1, at: 1, readings: 'all' },
    { format: 1, at: 1, readings: [['findById post', '1']] },
    { format: 1, at: 1, readings: [['findById post', '1', Infinity]] },
    { format: 1, at: 1, readings: [null] },
    { format: 1, at: 1, readings: [['findById post', '[1', 5]] },
  ])('what is there and was not kept by a catalogue counts as nothing: %j', async (kept) => {
    const store = new Place();
    store.kept = kept;
    const catalogue = createCatalogue({ store, sample: 1, clock: manualClock({ now: 2 }) });
    expect(await catalogue.top(10)).toEqual([]);
    const { posts } = await watching(catalogue);
    await posts.findById('7');
    await catalogue.save();
    expect(await asked(catalogue)).toContainEqual(['post', 'findById', '7']);
  });
});

test('only what is watched is called: what was kept by others names methods, and that is all it can do', async () => {
  const store = new Place();
  const clock = manualClock();
  const calls = [
    'deleteMany post',
    'constructor post',
    '__proto__ post',
    'findById user',
    'get __proto__',
    'findById',
    '',
  ];
  const readings = [...calls.map((call) => [call, '["1"]', 9]), ['findById post', '1', 5]];
  store.kept = { format: 1, at: clock.now(), readings };
  const catalogue = createCatalogue({ store, clock });
  const { cache, posts, table } = await watching(catalogue, clock);
  expect((await catalogue.top(10)).length).toBe(8);
  const warmer = createWarmer({
    cache,
    catalogue,
    clock,
    plans: [{ name: 'hot', on: ['startup'], read: ({ hottest }) => hottest(10) }],
  });
  expect(await warmer.startup()).toMatchObject({ warmed: 1, failed: 0 });
  expect(table.reads).toBe(1);
  expect(await posts.findById('1')).toBeDefined();
  expect(table.reads).toBe(1);
});

describe('whether it helped', () => {
  test('a warmed reading counts as used when somebody else reads it, once', async () => {
    const catalogue = createCatalogue({ sample: 1, clock: manualClock() });
    const { cache, posts } = await watching(catalogue);
    const warmer = createWarmer({
      cache,
      catalogue,
      plans: [
        { name: 'items', on: ['startup', 'schedule'], read: () => ['1', '2', '3'].map((id) => warm.item(posts, id)) },
        { name: 'lists', on: ['startup'], read: () => [() => posts.findMany(published), () => posts.findOne()] },
        { name: 'fails', on: ['startup'], read: () => [() => posts.findById('')] },
      ],
    });
    await warmer.startup();
    expect(catalogue.stats().recorded).toBe(0); // warming is nobody's interest
    const uses = () => {
      const { items, lists, fails } = warmer.stats().plans;
      return [items, lists, fails].map(({ watched, used }) => [watched, used]);
    };
    expect(uses()).toEqual([[3, 0], [2, 0], [0, 0]]); // prettier-ignore
    await times(2, () => posts.findById('2'));
    await posts.findById('9');
    await posts.findMany({ ...published });
    expect(uses()).toEqual([[3, 1], [2, 1], [0, 0]]); // prettier-ignore
    await warmer.scheduled(); // 1 and 3 still wait to be read; 2 waits again
    expect(uses()).toEqual([[4, 1], [2, 1], [0, 0]]); // prettier-ignore
    await posts.findById('1');
    expect(uses()).toEqual([[4, 2], [2, 1], [0, 0]]); // prettier-ignore
  });

  test('of two plans that warm the same, the later one is what the read has used', async () => {
    const catalogue = createCatalogue({ sample: 1 });
    const numbers = catalogue.watch('number', { get: async (key: string) => key });
    await catalogue.onBehalfOf('first', () => numbers.get('1'));
    await catalogue.onBehalfOf('second', () => numbers.get('1'));
    await numbers.get('1');
    expect([catalogue.uses('first'), catalogue.uses('second')]).toEqual([
      { watched: 1, used: 0 },
      { watched: 1, used: 1 },
    ]);
  });

  test('what waits to be read is bounded', async () => {
    const catalogue = createCatalogue({ sample: 1, clock: manualClock() });
    const numbers = catalogue.watch('number', { get: async (key: string) => key });
    const work = Array.from({ length: 5100 }, (_, i) => catalogue.onBehalfOf('all', () => numbers.get(`${i}`)));
    await Promise.all(work);
    await numbers.get('0'); // forgotten
    await numbers.get('5000');
    expect(catalogue.uses('all')).toEqual({ watched: 5100, used: 1 });
  });
});

test('what can not be watched is refused', () => {
  const bad = (work: () => unknown) => expect(work).toThrow(expect.objectContaining({ code: 'bad_option' }));
  const catalogue = createCatalogue();
  catalogue.watch('reader', { get: () => 1 });
  bad(() => catalogue.watch('reader', { get: () => 1 }));
  bad(() => catalogue.watch('', { get: () => 1 }));
  bad(() => catalogue.watch('nothing', { read: () => 1 }));
  bad(() => catalogue.watch('one', { read: 1 }, { methods: ['read'] }));
  bad(() => createCatalogue({ cache: createCache(), store: new Place() }));
  bad(() => createCatalogue({ store: {} as CatalogueStore }));
  bad(() => createCatalogue({ halfLife: 0 }));
  bad(() => createCatalogue({ size: 5 } as object));
});
