/** Caches of different names on one log and one store never touch each other; caches of one name follow each other. */
import { describe, expect, test } from 'vitest';
import { type Cache, createCache, memory } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { deferred, gatedLoads, idle } from '../support/deferred.ts';
import { MapBackend } from '../support/map-store.ts';

type Pair = readonly [Cache, Cache];

const shared: readonly (readonly [string, (names: readonly [string, string]) => Pair])[] = [
  [
    'a log',
    (names) => {
      const log = localLog();
      return names.map((name) => createCache({ name, log })) as unknown as Pair;
    },
  ],
  [
    'a log, in requests',
    (names) => {
      const log = localLog();
      return names.map((name) => createCache({ name, log, background: () => {} })) as unknown as Pair;
    },
  ],
  [
    'a log and a memory tier',
    (names) => {
      const log = localLog();
      const tier = memory();
      return names.map((name) => createCache({ name, log, tiers: [tier] })) as unknown as Pair;
    },
  ],
  ...[true, false].map(
    (sync) =>
      [
        `a ${sync ? 'synchronous' : 'asynchronous'} backend`,
        (names: readonly [string, string]) => {
          const backend = new MapBackend({ sync });
          return names.map((name) => createCache({ name, tiers: [memory(), backend] })) as unknown as Pair;
        },
      ] as const,
  ),
];

const selectors = [
  ['all', { all: true }],
  ['a prefix', { prefix: 'post' }],
  ['the empty prefix', { prefix: [] }],
  ['a key', { key: ['post', '1'] }],
  ['a tag', { tags: ['t'] }],
  ['a pattern', { pattern: '**' }],
] as const;

describe.each(shared)('sharing %s', (_, make) => {
  const collections = ([a, b]: Pair) => {
    let loads = 0;
    const options = { load: () => ++loads, tags: () => ['t'] };
    return [a.define<number>('post', options), b.define<number>('post', options)] as const;
  };

  test('different names: each has its own values', async () => {
    const [a, b] = collections(make(['one', 'two']));
    await a.set('1', 10);
    await b.set('1', 20);
    await idle();
    expect([await a.get('1'), await b.get('1')]).toEqual([10, 20]);
    await a.delete('1');
    await idle();
    expect([await a.get('1', { load: false }), await b.get('1', { load: false })]).toEqual([undefined, 20]);
  });

  test.each([
    ['one', 'one/post'],
    ['a', 'a~1b'],
    ['x', 'x:y'],
  ])('the names %j and %j are different, too', async (one, two) => {
    const pair = make([one, two]);
    const [a, b] = collections(pair);
    await Promise.all([a.set('1', 10), b.set('1', 20)]);
    await idle();
    await pair[0].invalidate({ all: true });
    await idle();
    expect([await a.get('1', { load: false }), await b.get('1')]).toEqual([undefined, 20]);
  });

  test.each(selectors)('different names: %s of one is nothing to the other', async (_name, selector) => {
    const pair = make(['one', 'two']);
    const [a, b] = collections(pair);
    await Promise.all([a.get('1'), b.get('1')]);
    await idle();
    const before = b.peek('1');
    await pair[0].invalidate(selector);
    await idle();
    expect([await a.get('1'), await b.get('1'), before]).toEqual([3, before, before]);
  });

  test.each(selectors)('one name: %s of one is true for the other', async (_name, selector) => {
    const pair = make(['one', 'one']);
    const [a, b] = collections(pair);
    await Promise.all([a.get('1'), b.get('1')]);
    await idle();
    await pair[0].invalidate(selector);
    await idle();
    expect(b.peek('1')).toBeUndefined();
    expect(await b.get('1')).toBeGreaterThan(2);
  });

  test('one name: a load of one is overtaken by a change of the other', async () => {
    const pair = make(['one', 'one']);
    const { calls, load } = gatedLoads<string>();
    const [a, b] = pair.map((cache) => cache.define<string>('slow', { load }));
    const read = a.get('1');
    await idle();
    await b.delete('1');
    await idle();
    calls[0].resolve('old');
    expect(await read).toBe('old');
    await idle();
    const next = a.get('1');
    await idle();
    expect(calls).toHaveLength(2);
    calls[1].resolve('new');
    expect(await next).toBe('new');
  });

  test('closing one leaves the other as it is', async () => {
    const pair = make(['one', 'two']);
    const [a, b] = collections(pair);
    await Promise.all([a.get('1'), b.get('1')]);
    await idle();
    const before = b.peek('1');
    await pair[0].close();
    expect(b.peek('1')).toBe(before);
  });
});

test('sharing a backend: what one cache has loaded or set, the other finds', async () => {
  const backend = new MapBackend();
  const [a, b] = [1, 2].map(() =>
    createCache({ tiers: [memory(), backend] }).define<string>('post', { load: () => 'loaded' }),
  );
  await a.set('1', 'set');
  expect(await b.get('1')).toBe('set');
  await b.set('1', 'newer');
  await idle();
  expect(await a.get('1')).toBe('newer');
});

test('of two sets the later one stays, even if the log’s answer to the first comes last', async () => {
  const backend = new MapBackend();
  const cache = createCache({ log: backend.log });
  const posts = cache.define<string>('post');
  await posts.get('1');
  const gate = deferred();
  const append = backend.log.append.bind(backend.log);
  let slow = true;
  Object.assign(backend.log, {
    append: async (...args: Parameters<typeof append>) => {
      const wait = slow;
      slow = false;
      const position = await append(...args);
      if (wait) await gate.promise;
      return position;
    },
  });
  const first = posts.set('1', 'first');
  await idle();
  await posts.set('1', 'second');
  gate.resolve();
  await first;
  expect(await posts.get('1')).toBe('second');
});

test('a set is not undone when its own change is read from the log again', async () => {
  const log = localLog();
  const backend = new MapBackend({ log });
  Reflect.deleteProperty(backend.log, 'watch');
  const cache = createCache({ log: backend.log });
  const posts = cache.define<string>('post');
  await posts.get('1');
  await createCache({ log }).invalidate({ tags: ['elsewhere'] });
  await posts.set('1', 'set'); // after a change that this process has not seen: it reads both
  await idle();
  expect(await posts.get('1')).toBe('set');
});

test('a set that comes late does not overwrite a newer one of another process', async () => {
  const backend = new MapBackend();
  const [a, b] = [1, 2].map(() => createCache({ tiers: [memory(), backend] }).define<string>('post'));
  await Promise.all([a.set('1', 'from a'), b.set('1', 'from b')]);
  await idle();
  const [one, two] = [await a.get('1'), await b.get('1')];
  expect(one).toBe(two);
  expect(one).toBe('from b');
});
