/** Strong reads share the asking of the log without waiting for each other for ever, and trust nobody while it is silent. */
import { expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { hostileBackend, manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { slowLog } from '../support/slow-log.ts';

test('readers that come faster than the log answers are answered all the same', async () => {
  const clock = manualClock();
  const cache = createCache({ clock, log: slowLog({ clock, ms: 10 }), consistency: 'strong' });
  const posts = cache.define<string>('post', { load: (id) => id });
  await clock.advanceAsync(1);
  let answered = 0;
  const reads: Promise<unknown>[] = [];
  for (let i = 0; i < 50; i++) {
    reads.push(posts.get(`k${i}`).then(() => answered++));
    await clock.advanceAsync(5);
  }
  expect(answered).toBeGreaterThan(40); // each waits for two answers at most
  await clock.advanceAsync(100);
  await Promise.all(reads);
});

test('what another process stored is not used while the log is silent, though store and leases answer', async () => {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const backend = hostileBackend({ backend: sharedBackend({ space }), clock });
  const here = createCache({ clock, tiers: [memory(), backend], consistency: 'strong' });
  const there = createCache({ clock, tiers: [memory(), sharedBackend({ space })] });
  let truth = 'old';
  const posts = here.define<string>('post', { load: () => truth });
  await clock.advanceAsync(10);
  expect(await there.define<string>('post', { load: () => truth }).get('1')).toBe('old');
  await clock.advanceAsync(10);
  expect(space.keys).toHaveLength(1);
  backend.log.fault = (operation) => (operation === 'read' ? 'reject' : undefined);
  truth = 'new';
  await there.invalidate({ key: ['post', '1'] });
  expect(await posts.get('1')).toBe('new');
});
