import { expect, test } from 'vitest';
import { type ChangeLog, createCache } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { manualClock } from 'tidemark/testing';

test('a synchronous log that names pollEvery is polled', async () => {
  const [clock, shared] = [manualClock(), localLog()];
  const log: ChangeLog = {
    sync: true,
    pollEvery: 100,
    append: (change, call) => shared.append(change, call),
    position: (call) => shared.position(call),
    read: (after, call) => shared.read(after, call),
    stamps: (names, call) => shared.stamps(names, call),
  };
  const cache = createCache({ clock, log });
  let value = 1;
  const things = cache.define<number>('t', { load: () => value });
  expect(await things.get('a')).toBe(1);
  value = 2;
  await createCache({ clock, log: shared }).invalidate({ key: ['t', 'a'] });
  await clock.advanceAsync(1000);
  expect(await things.get('a')).toBe(2);
});
