/** A caller's signal ends that caller's wait; the load is aborted only when nobody waits for it, and the next read starts anew. */
import { describe, expect, test } from 'vitest';
import { createCache, type LoadContext, memory } from 'tidemark';
import { deferred, type Deferred, failure, idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

const places = [
  ['memory', () => [memory()]],
  ['memory before an asynchronous store', () => [memory(), new MapStore()]],
] as const;

describe.each(places)('in %s', (_, place) => {
  function begin() {
    const calls: (Deferred<string> & { readonly ctx: LoadContext<string> })[] = [];
    const cache = createCache({ tiers: place() });
    const posts = cache.define<string>('post', {
      load: (_key, ctx) => {
        const call = { ...deferred<string>(), ctx };
        calls.push(call);
        return call.promise;
      },
    });
    return { cache, posts, calls };
  }

  test('one of many gives up: the others get the value, and the load is not aborted', async () => {
    const { cache, posts, calls } = begin();
    const one = new AbortController();
    const reads = [posts.get('1'), posts.get('1', { signal: one.signal }), posts.get('1')];
    const gone = failure(reads[1]);
    await idle();
    const reason = new Error('enough');
    one.abort(reason);
    expect(await gone).toBe(reason);
    expect(calls[0].ctx.signal.aborted).toBe(false);
    calls[0].resolve('right');
    expect([await reads[0], await reads[2]]).toEqual(['right', 'right']);
    expect(cache.stats()).toMatchObject({ loads: 1, aborted: 1, loaded: 1, joined: 1, failed: 0 });
  });

  test('the one who began it gives up: who joined gets the value', async () => {
    const { posts, calls } = begin();
    const one = new AbortController();
    const gone = failure(posts.get('1', { signal: one.signal }));
    const stays = posts.get('1');
    await idle();
    one.abort();
    expect(await gone).toBe(one.signal.reason);
    calls[0].resolve('right');
    expect(await stays).toBe('right');
  });

  test('when the last one gives up the load is aborted with the reason, and the next read starts anew', async () => {
    const { cache, posts, calls } = begin();
    const waiters = [new AbortController(), new AbortController()];
    const gone = waiters.map(({ signal }) => failure(posts.get('1', { signal })));
    await idle();
    waiters[0].abort('first');
    await idle();
    expect(calls[0].ctx.signal.aborted).toBe(false);
    waiters[1].abort('second');
    expect(await Promise.all(gone)).toEqual(['first', 'second']);
    expect(calls[0].ctx.signal).toMatchObject({ aborted: true, reason: 'second' });
    const next = posts.get('1');
    await idle();
    expect(calls).toHaveLength(2);
    calls[0].reject('second');
    calls[1].resolve('right');
    expect(await next).toBe('right');
    expect(cache.stats()).toMatchObject({ aborted: 2, loaded: 1, loads: 1, loadFailures: 0 });
  });

  test('a load that ends although it was given up does not overwrite what a newer one brought', async () => {
    const { posts, calls } = begin();
    const one = new AbortController();
    const gone = failure(posts.get('1', { signal: one.signal }));
    await idle();
    one.abort('gone');
    await gone;
    const next = posts.get('1');
    await idle();
    calls[1].resolve('newer');
    expect(await next).toBe('newer');
    calls[0].resolve('older');
    await idle();
    expect(await posts.get('1')).toBe('newer');
  });

  test('a signal that has aborted already starts nothing', async () => {
    const { posts, calls } = begin();
    const reason = new Error('before');
    await expect(posts.get('1', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await idle();
    expect(calls).toHaveLength(0);
  });

  test('a signal that aborts after the answer does nothing', async () => {
    const { posts, calls } = begin();
    const one = new AbortController();
    const read = posts.get('1', { signal: one.signal });
    await idle();
    calls[0].resolve('right');
    expect(await read).toBe('right');
    one.abort();
    expect(calls[0].ctx.signal.aborted).toBe(false);
    expect(await posts.get('1')).toBe('right');
  });

  test('getMany: one signal ends the wait for all of them', async () => {
    const { posts, calls } = begin();
    const one = new AbortController();
    const gone = failure(posts.getMany(['1', '2'], { signal: one.signal }));
    await idle();
    one.abort('gone');
    expect(await gone).toBe('gone');
    expect(calls.map((call) => call.ctx.signal.aborted)).toEqual([true, true]);
  });

  test('a batch load is aborted when nobody waits for any of its keys', async () => {
    const ends = deferred<string[]>();
    let batch: AbortSignal | undefined;
    const posts = createCache({ tiers: place() }).define<string>('post', {
      loadMany: (_keys, ctx) => {
        batch = ctx.signal;
        return ends.promise;
      },
    });
    const waiters = [new AbortController(), new AbortController()];
    const gone = waiters.map(({ signal }, i) => failure(posts.get(String(i), { signal })));
    await idle();
    waiters[0].abort('first');
    await idle();
    expect(batch?.aborted).toBe(false);
    waiters[1].abort('second');
    expect(await Promise.all(gone)).toEqual(['first', 'second']);
    expect(batch?.aborted).toBe(true);
    ends.resolve(['late', 'late']);
  });
});

test('a batch that everyone has given up before it begins is not left running for nobody', async () => {
  const batches: AbortSignal[] = [];
  const posts = createCache().define<string>('post', {
    loadMany: async (keys, ctx) => {
      batches.push(ctx.signal);
      return keys;
    },
  });
  const one = new AbortController();
  const gone = failure(posts.getMany(['1', '2'], { signal: one.signal }));
  one.abort('gone');
  expect(await gone).toBe('gone');
  await idle();
  expect(batches.filter((signal) => !signal.aborted)).toEqual([]);
});

test('a signal ends the wait for a slow tier', async () => {
  const store = new MapStore();
  const gate = deferred();
  store.before = () => gate.promise;
  const posts = createCache({ tiers: [memory(), store] }).define<string>('post');
  const one = new AbortController();
  const gone = failure(posts.get('1', { load: false, signal: one.signal }));
  await idle();
  one.abort('gone');
  expect(await gone).toBe('gone');
  gate.resolve();
});

test('a refresh in the background is nobody’s wait: no signal aborts it', async () => {
  const { cache, clock } = timedCache();
  const signals: AbortSignal[] = [];
  const gates: Deferred<number>[] = [];
  const posts = cache.define<number>('post', {
    ttl: 1000,
    staleFor: 1000,
    load: (_key, ctx) => {
      signals.push(ctx.signal);
      gates.push(deferred());
      return gates.at(-1)!.promise;
    },
  });
  const first = posts.get('1');
  gates[0].resolve(1);
  await first;
  await clock.advanceAsync(1500);
  expect(await posts.get('1')).toBe(1);
  await clock.advanceAsync(1000); // no longer even stale
  const one = new AbortController();
  const gone = failure(posts.get('1', { signal: one.signal }));
  await idle();
  one.abort('gone');
  expect(await gone).toBe('gone');
  expect(signals[1].aborted).toBe(false);
  gates[1].resolve(2);
  await idle();
  expect(posts.peek('1')).toBe(2);
  expect(gates).toHaveLength(2);
});

test('a loader that aborts its own caller and fails disturbs nobody', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  const { cache } = timedCache();
  const one = new AbortController();
  const posts = cache.define<string>('post', {
    timeout: { soft: 1000 },
    load: () => {
      one.abort('gone');
      throw new Error('down');
    },
  });
  expect(await failure(posts.get('1', { signal: one.signal }))).toBe('gone');
  await idle();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});
