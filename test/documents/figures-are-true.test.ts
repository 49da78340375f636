/** One read has one outcome, and what the figures and events say is what happened. */
import { describe, expect, test } from 'vitest';
import type { WriteCacheEvents } from 'tidemark/documents';
import { driveActions } from 'tidemark/testing';
import { failure } from '../support/deferred.ts';
import { driveOf, executed, setUp } from './support/set-up.ts';

describe('figures', () => {
  test('of each way that a read can end', async () => {
    const history = driveOf(30);
    const { read, cache, source, append, keyframesWritten } = await setUp([history]);
    expect(cache.stats()).toMatchObject({ reads: 0, hitRatio: 0 });
    await read(history, 20); // cold
    await read(history, 20); // hit
    await read(history, 25); // warm
    await keyframesWritten();
    cache.clear();
    await Promise.all([read(history, 22), read(history, 22)]); // resumed, joined
    source.hook = () => Promise.reject(new Error('no'));
    await failure(read(history)); // failed
    await failure(read(history, undefined, { signal: AbortSignal.abort(new Error('no')) })); // aborted
    source.hook = undefined;
    await failure(cache.getState('', '', 'global', 'main')); // no read at all
    const before = await read(history); // warm
    history.add(driveActions.addFolder('new'));
    await append(history);
    cache.putState('document-1', '', 'global', 'main', 30, executed(history, before));
    await read(history); // hit
    expect(cache.stats()).toMatchObject({
      hits: 2,
      warm: 2,
      resumed: 1,
      cold: 1,
      joined: 1,
      failed: 1,
      aborted: 1,
      reads: 9,
      hitRatio: 2 / 7,
      replayed: 21 + 5 + 2 + 7,
      puts: 1,
      refused: 0,
      overtaken: 0,
    });
  });

  test('of time are what the clock says', async () => {
    const history = driveOf(5);
    const rebuilds: WriteCacheEvents['rebuild'][] = [];
    const { read, cache, clock, source } = await setUp([history], { on: { rebuild: (event) => rebuilds.push(event) } });
    source.hook = (question) => {
      if (question === 'getSince') clock.advance(30);
    };
    await read(history);
    expect(rebuilds).toEqual([
      {
        documentId: 'document-1',
        scope: 'global',
        branch: 'main',
        revision: 4,
        from: 'beginning',
        replayed: 5,
        ms: 30,
      },
    ]);
    expect(cache.stats().rebuildMs).toBe(30);
  });

  test('of keyframes are bytes that lie in the store', async () => {
    const history = driveOf(30);
    const { read, cache, store, keyframesWritten } = await setUp([history], { retention: { sparsity: 0 } });
    for (const target of [10, 20, 29]) {
      await read(history, target);
      await keyframesWritten();
    }
    let bytes = 0;
    for (const key of store.keyframes()) bytes += (await store.inner.get(key))!.length;
    expect(cache.stats().keyframes).toMatchObject({ written: 2, bytes, failed: 0, depth: 0 });
  });

  test('handed out are nobody else’s', async () => {
    const { cache, read } = await setUp([driveOf(2)]);
    const first = cache.stats();
    await read(driveOf(2));
    expect(first.reads).toBe(0);
    expect(cache.stats().reads).toBe(1);
  });
});

test('events tell of hits, rebuilds, failures, refusals and keyframes, with the stream that they are about', async () => {
  const told: [string, unknown][] = [];
  const names = [
    'hit',
    'rebuild',
    'readFailed',
    'refused',
    'keyframe',
    'keyframeFailed',
    'keyframeRejected',
    'keyframeReadFailed',
  ] as const;
  const on = Object.fromEntries(names.map((name) => [name, (event: unknown) => told.push([name, event])]));
  const history = driveOf(12);
  const { read, cache, source, store, keyframesWritten } = await setUp([history], { on });
  const where = { documentId: 'document-1', scope: 'global', branch: 'main' };
  const take = () => told.splice(0);
  await read(history);
  await keyframesWritten();
  expect(take()).toEqual([
    ['rebuild', { ...where, revision: 11, from: 'beginning', replayed: 12, ms: 0 }],
    ['keyframe', { ...where, revision: 11, bytes: cache.stats().keyframes.bytes }],
  ]);
  for (const check of ['checked', 'trusted'] as const) {
    await read(history, undefined, { check });
    expect(take()).toEqual([['hit', { ...where, revision: 11 }]]);
  }
  await read(history, 5);
  expect(take()).toEqual([['rebuild', { ...where, revision: 5, from: 'beginning', replayed: 6, ms: 0 }]]);
  const why = new Error('no');
  source.hook = () => Promise.reject(why);
  await failure(read(history));
  source.hook = undefined;
  expect(take()).toEqual([['readFailed', { ...where, error: why }]]);
  cache.clear();
  await store.inner.put(store.keyframes(11)[0], new Uint8Array(20));
  await read(history);
  expect(take().map(([name]) => name)).toEqual(['keyframeRejected', 'rebuild']);
  cache.clear();
  store.hook = () => Promise.reject(why);
  await read(history);
  store.hook = undefined;
  expect(take()[0]).toMatchObject(['keyframeReadFailed', { error: { code: 'store_failed', cause: why } }]);
});

test('a listener that throws disturbs nobody', async () => {
  const failed: unknown[] = [];
  const history = driveOf(12);
  const broken = () => {
    throw new Error('broken');
  };
  const { read, cache, keyframesWritten } = await setUp([history], {
    on: { hit: broken, rebuild: broken, keyframe: broken, listenerFailed: ({ event }) => failed.push(event) },
  });
  await read(history);
  await read(history);
  await read(history, undefined, { check: 'trusted' });
  await keyframesWritten();
  expect(new Set(failed)).toEqual(new Set(['rebuild', 'hit', 'keyframe']));
  expect(cache.stats()).toMatchObject({ cold: 1, hits: 2, failed: 0, keyframes: { written: 1, failed: 0 } });
});
