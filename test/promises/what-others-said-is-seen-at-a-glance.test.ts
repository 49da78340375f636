/** A log that answers at once is looked at before memory is served, about once a millisecond: nobody waits for a poll. */
import { describe, expect, test } from 'vitest';
import { type Cache, type Collection, createCache, memory, type Selector } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import {
  hostileBackend,
  hostileLog,
  type ManualClock,
  manualClock,
  sharedBackend,
  SharedSpace,
} from 'tidemark/testing';
import { deferred, gatedLoads, idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';

const NEVER = 1e9; // so seldom is the log polled
const PERIOD = 1; // milliseconds that the time of hot paths lasts

const lost = async (message: string) => {
  if (message === 'wake') throw new Error('nobody is woken');
};

/** Two caches on one place whose reads answer at once; nobody is woken, and nobody polls. */
function stage() {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const truth = { value: 'old' };
  const connect = () => {
    const link = hostileBackend({ backend: sharedBackend({ space, sync: true, gate: lost, pollEvery: NEVER }), clock });
    const cache = createCache({ clock, tiers: [memory(), link] });
    return { link, cache, ...shelves(cache, truth) };
  };
  return { clock, space, truth, here: connect(), there: connect() };
}

function shelves(cache: Cache, truth: { readonly value: string }) {
  const load = () => truth.value;
  const plain = cache.define<string, string | readonly string[]>('plain', { load, tags: () => ['t'] });
  const copied = cache.define<string>('copied', { load, tags: () => ['t'], values: 'copied' });
  const aging = cache.define<string>('aging', {
    load,
    tags: () => ['t'],
    ttl: '1h',
    staleFor: '1h',
    earlyRefresh: true,
  });
  return { plain, copied, aging };
}

/** Fill memory, let the other cache say something, and let one period pass. */
async function said(
  { clock, here, there, truth }: ReturnType<typeof stage>,
  change: (cache: Cache) => Promise<unknown>,
) {
  for (const one of [here, there]) for (const { read } of readers(one)) expect(await read()).toBe('old');
  truth.value = 'new';
  await change(there.cache);
  await idle();
  clock.advance(PERIOD);
}

function readers(one: ReturnType<typeof stage>['here']): { what: string; read: () => Promise<string> }[] {
  const all = [
    { what: 'a text', read: () => one.plain.get('k') },
    { what: 'a path', read: () => one.plain.get(['k', 'deep']) },
    { what: 'a copy', read: () => one.copied.get('k') },
    { what: 'what ages', read: () => one.aging.get('k') },
    {
      what: 'no collection',
      read: () => one.cache.getOrLoad({ key: 'k', tags: ['t'], load: () => one.plain.get('k') }),
    },
  ];
  return all;
}

const everything: Selector[] = [
  { all: true },
  { prefix: [] },
  { pattern: '**' },
  { tags: ['t'] },
  { keys: [['plain', 'k'], ['plain', 'k', 'deep'], ['copied', 'k'], ['aging', 'k'], ['k']] },
];

describe.each(everything)('after %j', (selector) => {
  const names = ['a text', 'a path', 'a copy', 'what ages', 'no collection'];

  test.each(names)('the very next read is right: %s', async (name) => {
    const stand = stage();
    await said(stand, (cache) => cache.invalidate(selector));
    const { read } = readers(stand.here).find(({ what }) => what === name)!;
    expect(await read()).toBe('new');
  });

  test('the very next peek is right', async () => {
    for (const [shelf, key] of [
      ['plain', 'k'],
      ['plain', ['k', 'deep']],
      ['copied', 'k'],
      ['aging', 'k'],
    ] as const) {
      const stand = stage();
      await said(stand, (cache) => cache.invalidate(selector));
      const from = stand.here[shelf] as Collection<string, string | readonly string[]>;
      expect(from.peek(key), `${shelf} ${String(key)}`).toBeUndefined();
    }
  });
});

test('a set and a delete of another are seen as well', async () => {
  const stand = stage();
  await said(stand, () => stand.there.plain.set('k', 'set'));
  expect(await stand.here.plain.get('k')).toBe('set');
  await stand.there.plain.delete('k');
  stand.clock.advance(PERIOD);
  expect(await stand.here.plain.get('k')).toBe('new');
});

test('what another aged softly is no fresh hit any more', async () => {
  const stand = stage();
  await said(stand, (cache) => cache.invalidate({ tags: ['t'] }, { soft: true }));
  expect(stand.here.aging.peek('k')).toBeUndefined();
  expect(await stand.here.aging.get('k')).toBe('old'); // old by time, and served while it is refreshed
  await idle();
  expect(stand.here.cache.stats()).toMatchObject({ stale: 1, refreshes: 1 });
  expect(stand.here.aging.peek('k')).toBe('new');
});

test('a memo forgets what it remembers', async () => {
  const stand = stage();
  const memo = stand.here.cache.memo();
  expect(await memo.get(stand.here.plain, 'k')).toBe('old');
  await said(stand, (cache) => cache.invalidate({ tags: ['t'] }));
  expect(await memo.get(stand.here.plain, 'k')).toBe('new');
});

test('a cache without memory looks first as well', async () => {
  const { clock, space, there } = stage();
  const cache = createCache({ clock, tiers: [sharedBackend({ space, sync: true, pollEvery: NEVER, gate: lost })] });
  let value = 'old';
  const posts = cache.define<string>('post', { load: () => value });
  expect([await posts.get('k'), space.keys.length]).toEqual(['old', 1]);
  value = 'new';
  await there.cache.invalidate({ key: ['post', 'k'] });
  clock.advance(PERIOD);
  expect(space.keys).toHaveLength(1); // it is still there
  expect(await posts.get('k')).toBe('new');
});

test('a log that starts anew is seen, and all that was held is dropped', async () => {
  const stand = stage();
  await said(stand, async () => stand.space.flush());
  expect(stand.here.plain.peek('k')).toBeUndefined();
  expect(await stand.here.plain.get('k')).toBe('new');
});

test('what a load brings is not kept behind a change that was seen while it was stored', async () => {
  const { clock, here, there } = stage();
  const { calls, load } = gatedLoads<string>();
  const slow = here.cache.define<string>('slow', { load });
  for (let round = 0; round < 3; round++) {
    const reading = slow.get('k');
    await idle();
    await there.cache.invalidate({ key: ['slow', 'k'] });
    clock.advance(PERIOD); // the time isn't known: it is read while the value is put into memory
    calls.at(-1)!.resolve(`load ${round}`);
    expect(await reading).toBe(`load ${round}`);
    clock.advance(PERIOD);
    expect(slow.peek('k')).toBeUndefined();
  }
});

test('what a slower tier brings is not taken for newer than what was known when it was judged', async () => {
  const clock = manualClock();
  const shared = localLog();
  const log = Object.assign(hostileLog({ log: shared, wakes: 'withheld' }), { pollEvery: NEVER });
  const far = new MapStore();
  const here = createCache({ clock, log, tiers: [memory({ maxEntries: 1 }), far] });
  const there = createCache({ clock, log: shared });
  let value = 'old';
  const posts = here.define<string>('post', { load: () => value });
  await posts.getMany(['k', 'other']); // 'k' leaves memory
  await idle();
  const answer = deferred();
  far.before = () => answer.promise;
  const reading = posts.get('k');
  await idle();
  value = 'new';
  await there.invalidate({ key: ['post', 'k'] });
  clock.advance(PERIOD);
  answer.resolve();
  expect(await reading).toBe('old'); // it began before the change
  clock.advance(PERIOD);
  expect(await posts.get('k')).toBe('new');
});

describe('it costs little', () => {
  /** A cache that holds a value, on a log that counts how often it is asked. */
  async function counting(pollEvery: number | undefined, clock: ManualClock = manualClock()) {
    const inner = hostileLog({ log: localLog() });
    const log = Object.assign(inner, pollEvery === undefined ? {} : { pollEvery });
    const cache = createCache({ clock, log });
    const posts = cache.define('post', { load: (key) => key });
    await posts.get('k');
    const asked = () => log.calls.read + log.calls.position;
    return { cache, posts, clock, log, asked };
  }

  test('within a period the log is asked once, and again after a thousand hits', async () => {
    const { posts, clock, asked } = await counting(NEVER);
    for (let period = 0; period < 10; period++) {
      clock.advance(PERIOD);
      const before = asked();
      for (let i = 0; i < 500; i++) posts.peek('k');
      expect(asked() - before).toBe(1);
      for (let i = 0; i < 500; i++) await posts.get('k');
      expect(asked() - before).toBeLessThanOrEqual(2);
    }
  });

  test('a log that tells its followers by itself is not asked', async () => {
    const { posts, clock, asked } = await counting(undefined);
    const before = asked();
    for (let i = 0; i < 50; i++) {
      posts.peek('k');
      await posts.get('k');
      clock.advance(PERIOD);
    }
    expect(asked()).toBe(before);
  });

  test('an idle cache asks nothing', async () => {
    const { clock, asked } = await counting(NEVER);
    const before = asked();
    await clock.advanceAsync(100_000);
    expect(asked()).toBe(before);
  });

  test('a log that fails is left alone after a few times, and memory goes on', async () => {
    const { cache, posts, clock, log, asked } = await counting(NEVER);
    cache.on('tierFailed', () => posts.peek('k')); // who is told may read
    log.fault = 'throw';
    const before = asked();
    for (let i = 0; i < 100; i++) {
      clock.advance(PERIOD);
      expect(posts.peek('k')).toBe('k');
    }
    expect(asked() - before).toBe(5); // then the breaker is open
  });
});

test('two caches that share one memory tier each look at their own log', async () => {
  const clock = manualClock();
  const [shared, other] = [localLog(), localLog()];
  const polled = Object.assign(hostileLog({ log: shared, wakes: 'withheld' }), { pollEvery: NEVER });
  const tier = memory();
  const first = createCache({ name: 'first', clock, log: polled, tiers: [tier] });
  createCache({ name: 'second', clock, log: other, tiers: [tier] }).define('post');
  const posts = first.define<string>('post', { load: () => 'value' });
  createCache({ name: 'second', clock, log: other, tiers: [tier] }).define('late');
  await posts.get('k');
  await createCache({ name: 'first', clock, log: shared }).invalidate({ key: ['post', 'k'] });
  clock.advance(PERIOD);
  expect(posts.peek('k')).toBeUndefined();
});
