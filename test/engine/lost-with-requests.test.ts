/** Where a request that ends takes along what it asked of a tier, the tier is neither full nor shut for ever. */
import { expect, test } from 'vitest';
import { type Clock, createCache, type Entry, type Store } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { manualClock, nullStore } from 'tidemark/testing';
import { Emitter } from '../../src/engine/events.ts';
import { Tier } from '../../src/engine/tier.ts';
import { deferred, idle } from '../support/deferred.ts';

const TIMEOUT = 1000;
const SETTINGS = {
  timeout: TIMEOUT,
  maxTtl: Infinity,
  maxBatch: 100,
  breaker: { failures: 1, pause: 1000, longestPause: 30_000 },
};
const entry: Entry = {
  value: 1,
  mark: 1,
  incarnation: 'log',
  dependencies: [],
  freshUntil: Infinity,
  keptUntil: Infinity,
};

/** A tier on a store that answers as it is told to, and a clock whose timers end with the requests that set them. */
function begin() {
  const time = manualClock();
  const answers = { how: 'never' as 'never' | 'well' | 'badly', asked: 0 };
  const answer = async <T>(value: T): Promise<T> => {
    answers.asked++;
    if (answers.how === 'never') return new Promise(() => {});
    if (answers.how === 'badly') throw new Error('badly');
    return value;
  };
  const store: Store = {
    ...nullStore(),
    name: 'slow',
    sync: false,
    getMany: (keys) => answer(keys.map(() => undefined)),
    setMany: (records) => answer(records.map(() => true)),
  };
  const clock: Clock = { now: () => time.now(), after: () => () => {} };
  return { time, answers, tier: new Tier(store, SETTINGS, clock, new Emitter()) };
}

test('what was written in requests that have ended counts no longer', async () => {
  const { time, answers, tier } = begin();
  for (let i = 0; i < 1024; i++) void tier.set(`/c/${i}~v1`, entry);
  expect([tier.set('/c/more~v1', entry), tier.counts.overrun]).toEqual([false, 1]);
  await idle();
  await time.advanceAsync(2 * TIMEOUT);
  answers.how = 'well';
  expect(await tier.set('/c/more~v1', entry)).toBe(true);
});

test('a probe that has ended with its request is followed by another', async () => {
  const { time, answers, tier } = begin();
  answers.how = 'badly';
  await tier.get('/c/a~v1');
  expect(tier.guard.breaker).toBe('open');
  await time.advanceAsync(1000);
  answers.how = 'never';
  void tier.get('/c/a~v1'); // the probe, of which nothing will be heard
  await idle();
  answers.how = 'well';
  await tier.get('/c/b~v1');
  expect([tier.guard.breaker, answers.asked]).toEqual(['half-open', 2]);
  await time.advanceAsync(2 * TIMEOUT);
  await tier.get('/c/b~v1');
  expect([tier.guard.breaker, answers.asked]).toEqual(['closed', 3]);
});

test('what was held before too long a silence is served again once the log has answered, and given up if it does not', async () => {
  const time = manualClock();
  const log = { up: true };
  const dead = async <T>(value: T): Promise<T> => {
    if (!log.up) throw new Error('down');
    return value;
  };
  let loads = 0;
  const position = { incarnation: 'log', head: 0 };
  const cache = createCache({
    clock: time,
    background: () => {},
    maxSilence: '10s',
    log: {
      sync: false,
      append: () => dead(position),
      position: () => dead(position),
      read: (after) => dead({ ...position, complete: after, changes: [] }),
      stamps: (names) => dead({ ...position, stamps: names.map(() => 0) }),
    },
  });
  const posts = cache.define<number>('post', { load: () => ++loads });
  expect(await posts.get('1')).toBe(1);
  await time.advanceAsync(3_600_000);
  expect(posts.peek('1')).toBeUndefined();
  expect(await posts.get('1')).toBe(1);
  await time.advanceAsync(3_600_000);
  log.up = false;
  expect(await posts.get('1')).toBe(2);
  expect(await posts.get('1')).toBe(2); // what was loaded since is kept: only what was doubted has been given up
});

test('loads that ended with their requests are forgotten', async () => {
  const clock = manualClock();
  const cache = createCache({ clock, background: () => {}, joinTimeout: '5s' });
  const posts = cache.define('post', { load: () => new Promise<number>(() => {}) });
  for (let n = 0; n < 3000; n++) void posts.get(`${n}`);
  await clock.advanceAsync(6000);
  for (let n = 3000; n < 6000; n++) void posts.get(`${n}`);
  await idle();
  let held = 0;
  for (let n = 0; n < 6000; n++) if ((await cache.explain(['post', `${n}`])).inFlight) held++;
  expect(held).toBeLessThanOrEqual(4000);
  expect((await cache.explain(['post', '5999'])).inFlight).toBe(true);
});

test('a load that takes longer than others wait for it is kept all the same', async () => {
  const clock = manualClock();
  const cache = createCache({ clock, background: () => {}, joinTimeout: '5s' });
  const load = deferred<number>();
  const posts = cache.define('post', { load: () => load.promise });
  const read = posts.get('slow');
  await clock.advanceAsync(60_000);
  load.resolve(1);
  expect([await read, posts.peek('slow')]).toEqual([1, 1]);
});

test('a platform that refuses to stay is no reason to lose a change', async () => {
  const clock = manualClock();
  const refuse = { now: false };
  const inner = localLog();
  let up = true;
  const answer = async <T>(value: T) => {
    if (!up) throw new Error('down');
    return value;
  };
  const cache = createCache({
    clock,
    background: () => {
      if (refuse.now) throw new Error('no request');
    },
    log: {
      sync: false,
      append: (change, call) => answer(null).then(() => inner.append(change, call)),
      position: (call) => answer(null).then(() => inner.position(call)),
      read: (after, call) => answer(null).then(() => inner.read(after, call)),
      stamps: (names, call) => answer(null).then(() => inner.stamps(names, call)),
    },
  });
  let truth = 1;
  const posts = cache.define<number>('post', { load: () => truth });
  await posts.get('1');
  truth = 2;
  [up, refuse.now] = [false, true];
  const result = posts.invalidate('1').catch(() => undefined);
  await idle();
  await result;
  expect(cache.stats().log.unsaid).toBe(1);
});
