/** After `timeout.soft` an old value that grace allows is served while the load goes on; after `timeout.hard` the load fails. */
import { expect, test } from 'vitest';
import { failure, gatedLoads, idle } from '../support/deferred.ts';
import { timedCache } from '../support/timed-cache.ts';

/** A collection that has had a value, which is now old by time. */
async function old(options: { readonly graceFor?: number; readonly soft?: number; readonly hard?: number }) {
  const { cache, clock } = timedCache();
  const { calls, load } = gatedLoads<string>();
  const signals: AbortSignal[] = [];
  const posts = cache.define<string>('post', {
    load: (key, ctx) => {
      signals.push(ctx.signal);
      return load(key);
    },
    ttl: 1000,
    graceFor: options.graceFor ?? 0,
    timeout: {
      ...(options.soft === undefined ? {} : { soft: options.soft }),
      ...(options.hard === undefined ? {} : { hard: options.hard }),
    },
  });
  const first = posts.get('1');
  calls[0].resolve('old');
  await first;
  await clock.advanceAsync(1001);
  return { cache, clock, posts, calls, signals };
}

test('soft: the old value is served when the time is up, not before, and the load ends in the background', async () => {
  const { cache, clock, posts, calls } = await old({ graceFor: 60_000, soft: 200 });
  let got: string | undefined;
  const read = posts.get('1').then((value) => (got = value));
  await clock.advanceAsync(199);
  expect(got).toBeUndefined();
  await clock.advanceAsync(1);
  expect(await read).toBe('old');
  expect(cache.stats()).toMatchObject({ stale: 1, loaded: 1 });
  calls[1].resolve('new');
  await idle();
  expect(posts.peek('1')).toBe('new');
  expect(calls).toHaveLength(2);
});

test('soft: a load that is quick enough is waited for', async () => {
  const { clock, posts, calls } = await old({ graceFor: 60_000, soft: 200 });
  const read = posts.get('1');
  await clock.advanceAsync(199);
  calls[1].resolve('new');
  expect(await read).toBe('new');
});

test('soft: readers meanwhile join the load that goes on; each has a soft limit of its own', async () => {
  const { clock, posts, calls } = await old({ graceFor: 60_000, soft: 200 });
  const first = posts.get('1');
  await clock.advanceAsync(200);
  expect(await first).toBe('old');
  const second = posts.get('1');
  await clock.advanceAsync(200);
  expect(await second).toBe('old');
  expect(calls).toHaveLength(2);
});

test('soft: without an old value, and beyond its grace, the load is waited for', async () => {
  const { clock, posts, calls } = await old({ graceFor: 1000, soft: 200 });
  await clock.advanceAsync(1000);
  const beyond = posts.get('1');
  const cold = posts.get('2');
  await clock.advanceAsync(10_000);
  calls[1].resolve('new');
  calls[2].resolve('cold');
  expect([await beyond, await cold]).toEqual(['new', 'cold']);
});

test('soft: an old value that an invalidation has made wrong meanwhile is not served', async () => {
  const { clock, posts, calls } = await old({ graceFor: 60_000, soft: 200 });
  const read = posts.get('1');
  await clock.advanceAsync(100);
  await posts.invalidate('1');
  await clock.advanceAsync(1000);
  calls[1].resolve('asked before the change');
  expect(await read).toBe('asked before the change');
});

test('hard: the load fails with load_timeout for all who wait, its signal aborts, and the next read starts anew', async () => {
  const { cache, clock, posts, calls, signals } = await old({ hard: 5000 });
  const reads = [posts.get('1'), posts.get('1')].map(failure);
  await clock.advanceAsync(4999);
  expect(signals[1].aborted).toBe(false);
  await clock.advanceAsync(1);
  const late = expect.objectContaining({ code: 'load_timeout' });
  expect(await Promise.all(reads)).toEqual([late, late]);
  expect(signals[1].aborted).toBe(true);
  expect(cache.stats()).toMatchObject({ failed: 2, loadFailures: 1 });
  const next = posts.get('1');
  calls[2].resolve('new');
  expect(await next).toBe('new');
});

test('hard: what the load brings after all is not kept', async () => {
  const { clock, posts, calls } = await old({ hard: 5000 });
  const read = failure(posts.get('1'));
  await clock.advanceAsync(5000);
  await read;
  calls[1].resolve('too late');
  await idle();
  expect(posts.peek('1')).toBeUndefined();
});

test('hard: an old value that grace allows is served instead of the failure', async () => {
  const { clock, posts } = await old({ graceFor: 60_000, hard: 5000 });
  const read = posts.get('1');
  await clock.advanceAsync(5000);
  expect(await read).toBe('old');
});

test('soft and hard: the old value at the soft limit, the failure in the background', async () => {
  const { cache, clock, posts } = await old({ graceFor: 60_000, soft: 200, hard: 5000 });
  const read = posts.get('1');
  await clock.advanceAsync(200);
  expect(await read).toBe('old');
  expect(cache.stats().loadFailures).toBe(0);
  await clock.advanceAsync(4800);
  expect(cache.stats().loadFailures).toBe(1);
});

test('no timer is left when loads end in time', async () => {
  const { clock, posts, calls } = await old({ graceFor: 60_000, soft: 200, hard: 5000 });
  const read = posts.get('1');
  calls[1].resolve('new');
  await read;
  await clock.advanceAsync(10); // the coarse clocks' own
  expect(clock.pending).toBe(0);
});
