/** Keyframes are written in the background: whatever their store does, no caller waits for it, and none hears of it. */
import { describe, expect, test } from 'vitest';
import { jsonCodec } from 'tidemark/codecs/json';
import { noCompression } from 'tidemark/documents';
import { driveActions, manualClock } from 'tidemark/testing';
import { KeyframeQueue } from '../../src/documents/keyframe-queue.ts';
import type { Keyframes, NewKeyframe } from '../../src/documents/keyframes.ts';
import { deferred, failure, idle } from '../support/deferred.ts';
import { driveOf, executed, right, seen, setUp as setUpAnyhow } from './support/set-up.ts';
import { WatchedKeyValues } from './support/watched.ts';

/** Nothing here takes time of its own. */
const setUp: typeof setUpAnyhow = (histories, options) =>
  setUpAnyhow(histories, { compression: noCompression, drain: 0, ...options });

const never = () => new Promise<void>(() => {});
const FAULTS = {
  'never answers': never,
  rejects: () => Promise.reject(new Error('the store is down')),
  throws: () => {
    throw new Error('the store is broken');
  },
} as const;

describe.each(Object.entries(FAULTS))('a store that %s', (name, fault) => {
  test('keeps no put and no read from being done', async () => {
    const history = driveOf(12);
    const { read, append, cache, store } = await setUp([history], { keyframeInterval: 1, drain: 0 });
    store.hook = (question) => (question === 'put' ? fault() : undefined);
    let before = await read(history);
    for (let i = 0; i < 10; i++) {
      history.add(driveActions.addFolder(`more${i}`));
      await append(history);
      cache.putState('document-1', '', 'global', 'main', 12 + i, executed(history, before));
      before = await read(history);
      expect(seen(before)).toEqual(right(history));
      await idle();
    }
    expect(cache.stats()).toMatchObject({ hits: 10, failed: 0, keyframes: { written: 0, depth: 2 } });
  });

  test('is tried three times, with pauses that grow, and the failure is told once', async () => {
    const history = driveOf(12);
    const failed: number[] = [];
    const on = { keyframeFailed: ({ revision }: { revision: number }) => failed.push(revision) };
    const { read, cache, store, clock } = await setUp([history], { on, drain: 0 });
    store.hook = (question) => (question === 'put' ? fault() : undefined);
    await read(history);
    await idle();
    const attempt = name === 'never answers' ? 10_000 : 0;
    for (const [i, pause] of [100, 200].entries()) {
      expect(store.calls.put).toBe(i + 1);
      await clock.advanceAsync(attempt + pause - 1);
      expect(store.calls.put).toBe(i + 1);
      await clock.advanceAsync(1);
    }
    await clock.advanceAsync(attempt);
    expect(store.calls.put).toBe(3);
    expect(failed).toEqual([11]);
    expect(cache.stats().keyframes).toMatchObject({ written: 0, failed: 1, retried: 2, depth: 0 });
    await clock.advanceAsync(100_000);
    expect(store.calls.put).toBe(3);
  });

  test('has another chance with the next keyframe', async () => {
    const history = driveOf(12);
    const { read, append, cache, store, clock, keyframesWritten } = await setUp([history]);
    let broken = true;
    store.hook = (question) => (question === 'put' && broken ? fault() : undefined);
    await read(history);
    await clock.advanceAsync(100_000);
    broken = false;
    for (let i = 0; i < 10; i++) history.add(driveActions.addFolder(`more${i}`));
    await append(history);
    await read(history);
    await keyframesWritten();
    expect(cache.stats().keyframes).toMatchObject({ written: 1, failed: 1 });
    expect(store.keyframes(21)).toHaveLength(1);
  });

  test('when it is read costs a replay and nothing else', async () => {
    const history = driveOf(30);
    const first = await setUp([history]);
    await first.read(history);
    await first.keyframesWritten();
    const { source, store } = first;
    for (const count of [1, 2]) {
      const second = await setUp([], { source, store });
      store.calls.get = 0;
      store.hook = (question, at) => (question === 'get' && at === count ? fault() : undefined);
      const reading = second.read(history);
      await second.clock.advanceAsync(2000);
      expect(seen(await reading)).toEqual(right(history));
      expect(second.cache.stats()).toMatchObject({ cold: 1, failed: 0, keyframes: { readFailures: 1, rejected: {} } });
    }
  });
});

test('a store that fails once is asked again, and then it is written', async () => {
  const history = driveOf(12);
  const { read, cache, store, clock, keyframesWritten } = await setUp([history]);
  store.hook = (question, count) => {
    if (question === 'put' && count <= 2) throw new Error('not yet');
  };
  await read(history);
  await clock.advanceAsync(1000);
  await keyframesWritten();
  expect(cache.stats().keyframes).toMatchObject({ written: 1, failed: 0, retried: 2 });
});

test('nothing is encoded or asked in the time of whoever puts a state', async () => {
  const history = driveOf(12);
  let encoded = 0;
  const encode = (value: unknown) => {
    encoded++;
    return jsonCodec.encode(value);
  };
  const { read, append, cache, store, keyframesWritten } = await setUp([history], {
    keyframeInterval: 1,
    codec: { ...jsonCodec, encode },
  });
  const before = await read(history);
  await keyframesWritten();
  history.add(driveActions.addFolder('more'));
  await append(history);
  const calls = { ...store.calls };
  encoded = 0;
  cache.putState('document-1', '', 'global', 'main', 12, executed(history, before));
  expect(encoded).toBe(0);
  expect(store.calls).toEqual(calls);
  await keyframesWritten();
  expect(encoded).toBe(1);
  expect(cache.stats().keyframes.written).toBe(2);
});

test('of several states of a stream that wait only the newest is written', async () => {
  const history = driveOf(1);
  const { read, append, cache, store, keyframesWritten } = await setUp([history], { keyframeInterval: 1 });
  const gate = deferred();
  store.hook = (question) => (question === 'put' ? gate.promise : undefined);
  let before = await read(history);
  for (let i = 1; i <= 6; i++) {
    history.add(driveActions.addFolder(`more${i}`));
    await append(history);
    cache.putState('document-1', '', 'global', 'main', i, executed(history, before));
    before = await read(history);
    await idle();
  }
  expect(cache.stats().keyframes).toMatchObject({ depth: 2, coalesced: 4 });
  gate.resolve();
  await keyframesWritten();
  expect(cache.stats().keyframes).toMatchObject({ written: 2, coalesced: 4, depth: 0 });
  expect(store.keyframes().map((key) => key.split('/').at(-1))).toEqual(['1', '6']);
});

describe('a queue', () => {
  const wheres = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ documentId: `d${i}`, scope: 'global', branch: 'main' }));
  const keyframe = (index: number) => ({ operation: { index } }) as unknown as NewKeyframe;

  function queue(write: Keyframes['write']) {
    const clock = manualClock();
    const told: string[] = [];
    const made = new KeyframeQueue({
      keyframes: { write } as Keyframes,
      clock,
      onWritten: ({ documentId }, { operation }) => told.push(`${documentId}@${operation.index}`),
      onFailed: ({ documentId }) => told.push(`${documentId} failed`),
    });
    return { queue: made, clock, told };
  }

  test('writes four at once, and one of a document', async () => {
    let now = 0;
    let most = 0;
    const gates = [...wheres(10), ...wheres(10)].map(() => deferred());
    let next = 0;
    const made = queue(async () => {
      most = Math.max(most, ++now);
      await gates[next++].promise;
      now--;
      return 1;
    });
    for (const where of wheres(10)) {
      made.queue.add(where, keyframe(1));
      made.queue.add({ ...where, scope: 'local' }, keyframe(1));
    }
    expect(made.queue.depth).toBe(20);
    for (const gate of gates) {
      await idle();
      expect(now).toBeLessThanOrEqual(4);
      gate.resolve();
    }
    await idle();
    expect(most).toBe(4);
    expect(made.queue.counts).toMatchObject({ written: 20, bytes: 20 });
  });

  test('is never longer than 256 streams and those under way', async () => {
    const made = queue(() => new Promise(() => {}));
    for (const where of wheres(260)) {
      made.queue.add(where, keyframe(1));
      if (where.documentId === 'd3') await idle(); // four are being written
    }
    expect(made.queue.counts.dropped).toBe(0);
    for (const where of wheres(300).slice(260)) made.queue.add(where, keyframe(1));
    expect(made.queue.depth).toBe(260);
    expect(made.queue.counts.dropped).toBe(40);
    made.queue.add(wheres(256)[255], keyframe(2)); // of a stream that waits already
    expect(made.queue.counts).toMatchObject({ dropped: 40, coalesced: 1 });
  });

  test('does not let an older state take the place of a newer one', async () => {
    const made = queue(() => Promise.resolve(1));
    const [where] = wheres(1);
    made.queue.add(where, keyframe(7));
    made.queue.add(where, keyframe(3));
    await idle();
    expect(made.told).toEqual(['d0@7']);
  });

  test('that is drained writes what waits, and nothing that comes afterwards', async () => {
    const written: number[] = [];
    const made = queue(async (_, { operation }) => {
      await idle();
      return written.push(operation.index);
    });
    for (const [i, where] of wheres(9).entries()) made.queue.add(where, keyframe(i));
    await made.queue.drain(5000);
    expect(written).toHaveLength(9);
    expect(made.clock.pending).toBe(0);
    made.queue.add(wheres(1)[0], keyframe(99));
    await idle();
    expect(written).toHaveLength(9);
    expect(made.queue.counts).toMatchObject({ written: 9, dropped: 1 });
    await made.queue.drain(5000);
  });

  test('that is drained while it pauses after a failure writes nothing afterwards', async () => {
    let attempts = 0;
    const made = queue(() => {
      attempts++;
      return Promise.reject(new Error('no'));
    });
    made.queue.add(wheres(1)[0], keyframe(1));
    await idle();
    const drained = made.queue.drain(50);
    await made.clock.advanceAsync(50);
    await drained;
    await made.clock.advanceAsync(60_000);
    expect(attempts).toBe(1);
    expect(made.queue.counts).toMatchObject({ written: 0, dropped: 1, failed: 0 });
  });
});

describe('a shutdown', () => {
  test('waits until keyframes are written, then lets go of their store', async () => {
    const history = driveOf(12);
    const { read, cache, store } = await setUp([history], { drain: '5s' });
    const gate = deferred();
    store.hook = (question) => (question === 'put' ? gate.promise : undefined);
    await read(history);
    let over = false;
    const shutdown = cache.shutdown().then(() => (over = true));
    await idle();
    expect(over).toBe(false);
    expect(store.calls.shutdown).toBe(0);
    gate.resolve();
    await shutdown;
    expect(store.calls.shutdown).toBe(1);
    expect(cache.stats().keyframes).toMatchObject({ written: 1, dropped: 0 });
  });

  test('waits no longer than it may', async () => {
    const history = driveOf(12);
    const { read, cache, store, clock } = await setUp([history], { drain: '3s' });
    const aborted: boolean[] = [];
    store.hook = async (question, _, signal) => {
      if (question !== 'put') return;
      signal!.addEventListener('abort', () => aborted.push(true));
      await never();
    };
    await read(history);
    await idle();
    let over = false;
    const shutdown = cache.shutdown().then(() => (over = true));
    await clock.advanceAsync(2999);
    expect(over).toBe(false);
    await clock.advanceAsync(1);
    await shutdown;
    expect(aborted).toEqual([true]);
    expect(cache.stats().keyframes).toMatchObject({ written: 0, failed: 0, dropped: 1 });
  });

  test('is the end of writing, not of reading', async () => {
    const history = driveOf(12);
    const { read, append, cache, store } = await setUp([history], { keyframeInterval: 1 });
    const before = await read(history);
    await cache.shutdown();
    const calls = store.calls.put;
    history.add(driveActions.addFolder('more'));
    await append(history);
    cache.putState('document-1', '', 'global', 'main', 12, executed(history, before));
    expect(seen(await read(history))).toEqual(right(history));
    await idle();
    expect(store.calls.put).toBe(calls);
  });

  test('of a store that fails says so', async () => {
    const store = new WatchedKeyValues();
    const { cache, cleanup } = await setUp([], { store });
    store.hook = () => {
      throw new Error('it is stuck');
    };
    expect(await failure(cache.shutdown())).toMatchObject({ message: 'it is stuck' });
    store.hook = undefined;
    await cleanup();
  });
});

test('a start-up starts the store and reads nothing', async () => {
  const { store, source } = await setUp([]);
  expect(store.calls).toMatchObject({ startup: 1, get: 0, put: 0 });
  expect(source.count).toBe(0);
  store.hook = () => Promise.reject(new Error('no such place'));
  expect(await failure(setUp([], { store }))).toMatchObject({ message: 'no such place' });
  store.hook = undefined;
});

test('without a store there are no keyframes, and all of it works', async () => {
  const history = driveOf(30);
  const { read, cache, keyframes } = await setUp([history], { store: 'none' });
  expect(keyframes).toBeUndefined();
  expect(seen(await read(history))).toEqual(right(history));
  expect(await cache.prune()).toBe(0);
  expect(await cache.verify('document-1')).toEqual({ checked: 1, wrong: [], useless: 0 });
  expect(cache.stats().keyframes).toEqual({
    written: 0,
    bytes: 0,
    failed: 0,
    retried: 0,
    coalesced: 0,
    dropped: 0,
    depth: 0,
    readFailures: 0,
    readsSkipped: 0,
    rejected: {},
  });
});
