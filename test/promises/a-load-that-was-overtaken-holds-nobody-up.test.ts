/** A load that a change has overtaken gives its lease away: who reads after the change needn't wait for it. */
import { expect, test, vi } from 'vitest';
import { createCache } from 'tidemark';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { deferred } from '../support/deferred.ts';

/** A place that processes share; each joins it with a loader of its own. */
function begin() {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const join = (load: () => number | Promise<number>) => {
    const cache = createCache({ name: 'shop', clock, tiers: [sharedBackend({ space })] });
    return cache.define<number>('c', { load });
  };
  return { clock, join };
}

test('the load after a change begins at once, though the one before it hangs', async () => {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const cache = createCache({ clock, tiers: [sharedBackend({ space })] });
  const hanging = deferred<number>();
  let loads = 0;
  const values = cache.define('c', { load: () => (++loads === 1 ? hanging.promise : Promise.resolve(2)) });
  const before = values.get('k');
  await clock.advanceAsync(1);
  expect(loads).toBe(1);
  await values.invalidate('k');
  const after = values.get('k');
  await clock.advanceAsync(1);
  expect(await after).toBe(2);
  hanging.resolve(1);
  expect(await before).toBe(1);
  await clock.advanceAsync(1);
  expect(await values.get('k')).toBe(2);
  const third = createCache({ clock, tiers: [sharedBackend({ space })] }).define<number>('c', {});
  expect(await third.get('k')).toBe(2);
});

test('a change overtakes the load of another process, too: its lease is taken over', async () => {
  const { clock, join } = begin();
  const hanging = deferred<number>();
  const slow = join(() => hanging.promise);
  const quick = join(() => 2);
  await clock.advanceAsync(1);
  const before = slow.get('k');
  await clock.advanceAsync(1);
  await quick.invalidate('k');
  const began = clock.now();
  const after = quick.get('k');
  await clock.advanceAsync(1);
  expect(await after).toBe(2);
  expect(clock.now() - began).toBe(1);
  hanging.resolve(1);
  expect(await before).toBe(1);
  await clock.advanceAsync(1);
  expect(await join(() => 3).get('k')).toBe(2); // what the first one loaded was not kept
});

test('a load that nothing has overtaken is waited for', async () => {
  const { clock, join } = begin();
  const hanging = deferred<number>();
  const slow = join(() => hanging.promise);
  const quick = join(() => 2);
  await quick.invalidate('k');
  await clock.advanceAsync(1001);
  const before = slow.get('k');
  await clock.advanceAsync(1);
  await quick.invalidate('another');
  const after = quick.get('k');
  await clock.advanceAsync(1);
  hanging.resolve(1);
  expect(await Promise.all([before, after])).toEqual([1, 1]);
});

test('who has waited long enough for the lease of another leaves no wait behind', async () => {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const backend = sharedBackend({ space });
  const released = vi.spyOn(backend.leases, 'released');
  const waits = () => released.mock.calls.map(([, { signal }]) => signal.aborted);
  const hanging = createCache({ name: 'shop', clock, tiers: [sharedBackend({ space })] }).define<number>('c', {
    load: () => new Promise<number>(() => {}),
  });
  const waiting = createCache({ name: 'shop', clock, tiers: [backend] }).define<number>('c', { load: () => 2 });
  await clock.advanceAsync(1);
  void hanging.get('k');
  await clock.advanceAsync(1);
  const read = waiting.get('k');
  await clock.advanceAsync(1);
  expect(waits()).toEqual([false]);
  await clock.advanceAsync(10_000);
  expect(await read).toBe(2);
  expect(waits()).toEqual([true]);
});
