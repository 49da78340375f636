/** A load that a change has overtaken gives its lease away: who reads after the change needn't wait for it. */
import { expect, test } from 'vitest';
import { createCache } from 'tidemark';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { deferred } from '../support/deferred.ts';

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
