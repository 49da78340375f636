/** `getOrLoad` has the engine's promises, and everything else done to the cache is seen by them, and they by it. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import type { Cache } from 'tidemark/embedded';
import { failure, gatedLoads } from '../support/deferred.ts';
import { bothModes, listed, opened, until } from './opened.ts';

describe.each(bothModes)('$mode', ({ compat }) => {
  test('many who ask at once share one load', async () => {
    const { cache } = await opened<number>(compat);
    const { calls, load } = gatedLoads<number>();
    const asked = Array.from({ length: 50 }, () => cache.getOrLoad('k', load));
    await until(() => calls.length > 0);
    expect(calls.map(({ key }) => key)).toEqual(['k']);
    calls[0].resolve(1);
    expect(await Promise.all(asked)).toEqual(asked.map(() => 1));
    expect(await cache.getOrLoad('k', load)).toBe(1);
    expect(await cache.get('k')).toBe(1);
    expect(calls).toHaveLength(1);
  });

  test('two openings share one load', async () => {
    const { cache, again, clock } = await opened<number>(compat);
    const other = await again();
    const { calls, load } = gatedLoads<number>();
    const first = cache.getOrLoad('k', load);
    await until(() => calls.length === 1);
    let answered = false;
    const second = other.getOrLoad('k', load).finally(() => (answered = true));
    calls[0].resolve(1);
    expect(await first).toBe(1);
    await until(async () => {
      await clock.advanceAsync(1); // whoever waits for a lease looks from time to time
      return answered;
    });
    expect(await second).toBe(1);
    expect(calls).toHaveLength(1);
  });

  test.each<[string, (cache: Cache<number>) => Promise<unknown>]>([
    ['del', (cache) => cache.del('k')],
    ['batch', (cache) => cache.batch([{ type: 'del', key: 'k' }])],
    ['clear', (cache) => cache.clear()],
    ['invalidateTags', (cache) => cache.invalidateTags(['t'])],
  ])('a load that a %s has overtaken is answered to those who asked before, and not kept', async (_, change) => {
    const { cache, clock } = await opened<number>(compat);
    const { calls, load } = gatedLoads<number>();
    const before = cache.getOrLoad('k', load, { tags: ['t'] });
    await until(() => calls.length === 1);
    await change(cache);
    const after = cache.getOrLoad('k', load, { tags: ['t'] });
    calls[0].resolve(1);
    expect(await before).toBe(1);
    expect(await cache.get('k')).toBeUndefined();
    await clock.advanceAsync(20);
    await until(() => calls.length === 2);
    calls[1].resolve(2);
    expect(await after).toBe(2);
    expect(await cache.get('k')).toBe(2);
  });

  test('a load never overwrites what was set after it began, by whichever opening', async () => {
    const { cache, again, clock } = await opened<number>(compat);
    const other = await again();
    for (const writer of [cache, other]) {
      const { calls, load } = gatedLoads<number>();
      const loading = cache.getOrLoad('k', load);
      await until(() => calls.length === 1);
      await writer.set('k', 100);
      calls[0].resolve(1);
      expect(await loading).toBe(1);
      await clock.advanceAsync(20);
      for (const reader of [cache, other]) {
        expect(await reader.get('k')).toBe(100);
        expect(await reader.getOrLoad('k', load)).toBe(100);
      }
      await cache.del('k');
    }
  });

  test('a failed load fails for all who wait, and is tried anew', async () => {
    const { cache } = await opened<number>(compat);
    const error = new Error('no source');
    const fails = () => Promise.reject(error);
    expect(await Promise.all([cache.getOrLoad('k', fails), cache.getOrLoad('k', fails)].map(failure))).toEqual([
      error,
      error,
    ]);
    expect(await cache.getOrLoad('k', () => 1)).toBe(1);
  });

  test('a TTL ends what was loaded', async () => {
    const { cache, clock } = await opened<number>({ ...compat, defaultTtlMs: 50 });
    await cache.getOrLoad('own', () => 1, { ttlMs: 10 });
    await cache.getOrLoad('default', () => 1);
    await cache.getOrLoad('none', () => 1, { ttlMs: 0 });
    expect(await cache.has('none')).toBe(false);
    await clock.advanceAsync(10);
    expect(await cache.has('own')).toBe(false);
    expect(await cache.getOrLoad('own', () => 2)).toBe(2);
    await clock.advanceAsync(40);
    expect(await cache.has('default')).toBe(false);
  });

  test('an abort ends the wait, and the load when nobody waits', async () => {
    const { cache } = await opened<number>(compat);
    const abort = new AbortController();
    const ended: unknown[] = [];
    let begun = false;
    const load = (_: string, { signal }: { readonly signal: AbortSignal }) => {
      begun = true;
      return new Promise<number>((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          ended.push(signal.reason);
          reject(new Error('given up'));
        }),
      );
    };
    const waiting = failure(cache.getOrLoad('k', load, { signal: abort.signal }));
    await until(() => begun);
    const reason = new Error('enough');
    abort.abort(reason);
    expect(await waiting).toBe(reason);
    expect(ended).toEqual([reason]);
  });

  test('what is done to a loaded value changes nothing', async () => {
    const { cache } = await opened<{ list: number[] }>(compat);
    const given = { list: [1] };
    const answers = await Promise.all([1, 2].map(() => cache.getOrLoad('k', () => given)));
    given.list.push(2);
    expect(answers).toEqual([{ list: [1] }, { list: [1] }]);
    answers[0].list.push(3);
    expect(answers[1]).toEqual({ list: [1] });
    expect(await cache.get('k')).toEqual({ list: [1] });
    expect(await cache.getOrLoad('k', () => given)).toEqual({ list: [1] });
  });
});

describe('beside a cache that has the file as a tier', () => {
  async function both() {
    const made = await opened<string>();
    const { cache, clock } = made;
    await cache.set('before', 'unfollowed');
    const over = createCache({
      name: 'kv',
      tiers: [memory({ clock }), cache.backend],
      clock,
      consistency: 'strong',
    });
    return { ...made, over };
  }

  test('each finds what the other has stored', async () => {
    const { cache, over } = await both();
    const load = () => 'loaded';
    expect(await over.getOrLoad({ key: cache.keyOf('before'), load })).toBe('unfollowed');
    await cache.set('set', 'by the cache');
    expect(await over.getOrLoad({ key: cache.keyOf('set'), load })).toBe('by the cache');
    await over.getOrLoad({ key: cache.keyOf('loaded'), load });
    expect(await cache.get('loaded')).toBe('loaded');
    const view = cache.withNamespace('a/b').withNamespace('~');
    await view.set('/k', 'deep');
    expect(await over.getOrLoad({ key: view.keyOf('/k'), load })).toBe('deep');
    expect((await listed(cache.entries())).map(([key]) => key)).toEqual(['before', 'loaded', 'set']);
  });

  test('what an engine says has changed is not there for the embedded cache', async () => {
    const { cache, over } = await both();
    await cache.getOrLoad('tagged', () => 'value', { tags: ['t'] });
    await cache.set('key', 'value');
    await cache.set('other', 'value');
    await over.invalidate({ tags: ['t'] });
    expect(await cache.get('tagged')).toBeUndefined();
    await over.invalidate({ key: cache.keyOf('key') });
    expect(await cache.get('key')).toBeUndefined();
    expect(await cache.get('other')).toBe('value');
    await over.invalidate({ key: cache.keyOf('other') }, { soft: true });
    expect(await cache.get('other'), 'old by time is a miss, too').toBeUndefined();
    await cache.set('other', 'new');
    expect(await cache.get('other')).toBe('new');
    await over.invalidate({ pattern: ['*', 'other'] });
    expect(await cache.get('other')).toBeUndefined();
    await over.invalidate({ all: true });
    expect(await listed(cache.entries())).toEqual([]);
  });

  test('what the embedded cache does is seen by the engine, memory tier and all', async () => {
    const { cache, over } = await both();
    let loads = 0;
    const read = (key: string) =>
      over.getOrLoad({ key: cache.keyOf(key), tags: ['t'], load: () => `loaded ${++loads}` });
    expect(await read('k')).toBe('loaded 1');
    expect(await read('k')).toBe('loaded 1');
    await cache.del('k');
    expect(await read('k')).toBe('loaded 2');
    await cache.set('k', 'set');
    expect(await read('k')).toBe('set');
    await cache.invalidateTags(['t']);
    expect(await read('k'), 'a set brings no tags').toBe('set');
    await cache.clear();
    expect(await read('k')).toBe('loaded 3');
    await cache.invalidateTags(['t']);
    expect(await read('k')).toBe('loaded 4');
  });

  test('a value that an engine would serve only as stale is a miss', async () => {
    const { cache, over, clock } = await both();
    await over.getOrLoad({ key: cache.keyOf('k'), load: () => 'value', ttl: 10, staleFor: 1000 });
    expect(await cache.get('k')).toBe('value');
    await clock.advanceAsync(10);
    expect(await cache.get('k')).toBeUndefined();
  });

  test('the file may be lent while a write is on its way', async () => {
    const { cache, again } = await opened<string>();
    const other = await again();
    const writing = cache.set('k', 'v');
    expect(cache.backend.name).toBe('embedded');
    await writing;
    expect(await other.get('k')).toBe('v');
  });

  test('an opening that knew of no engine learns of one', async () => {
    const { cache, again } = await opened<string>();
    const other = await again();
    await cache.set('k', 'v');
    expect(await cache.get('k')).toBe('v');
    await other.invalidateTags(['t']);
    await other.getOrLoad('tagged', () => 'v', { tags: ['t'] });
    await until(() => cache.has('tagged')); // a load answers before it is stored
    await other.invalidateTags(['t']);
    expect(await cache.get('tagged')).toBeUndefined();
  });
});
