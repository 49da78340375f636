/** How long changes of others are on their way is measured by the log's own clock, never by comparing two machines' clocks. */
import { expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';

/** A process whose wall clock is an hour ahead, and the way to it takes as long as the test says. */
function begin() {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const ahead = { now: () => clock.now() + 3_600_000, after: clock.after.bind(clock) };
  const way = { wake: 0, answer: 0 };
  const gate = (operation: string) => {
    const ms = operation === 'wake' ? way.wake : operation === 'read answer' ? way.answer : 0;
    return ms === 0 ? Promise.resolve() : new Promise<void>((go) => void clock.after(ms, go));
  };
  const writer = createCache({ name: 'shop', clock, tiers: [sharedBackend({ space })] });
  const reader = createCache({
    name: 'shop',
    clock: ahead,
    tiers: [memory({ clock: ahead }), sharedBackend({ space, gate })],
  });
  return { clock, way, writer, reader };
}

test('what passed at the log and on the way back is a delay; what clocks disagree about is none', async () => {
  const { clock, way, writer, reader } = begin();
  await clock.advanceAsync(10);
  expect(reader.stats().log.delivery).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
  Object.assign(way, { wake: 30, answer: 5 });
  await writer.invalidate({ key: 'k' });
  await clock.advanceAsync(100);
  expect(reader.stats().log.delivery).toEqual({ count: 1, p50: 35, p99: 35, max: 35 });
  for (let i = 0; i < 99; i++) {
    Object.assign(way, { wake: i === 50 ? 300 : 1, answer: 0 });
    await writer.invalidate({ key: 'k' });
    await clock.advanceAsync(400);
  }
  expect(reader.stats().log.delivery).toEqual({ count: 100, p50: 1, p99: 35, max: 300 });
});

test('changes of its own, and what was there before it came, are no deliveries', async () => {
  const { clock, writer, reader } = begin();
  await writer.invalidate({ key: 'k' });
  await clock.advanceAsync(50);
  await reader.invalidate({ key: 'k' });
  await clock.advanceAsync(50);
  const late = createCache({ name: 'shop', clock, tiers: [memory({ clock })] });
  expect([writer, late].map((cache) => cache.stats().log.delivery.count)).toEqual([1, 0]);
  expect(reader.stats().log.delivery.count).toBeLessThanOrEqual(1);
});
