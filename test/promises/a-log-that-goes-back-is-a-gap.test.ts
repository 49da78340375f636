/** A log that answers from an older copy of itself, in the same incarnation, has broken its contract: what was held is dropped. */
import { expect, test } from 'vitest';
import { type Change, type ChangeLog, createCache, type Events, memory } from 'tidemark';
import { manualClock } from 'tidemark/testing';

test('what was held is dropped, and its changes are followed from there on', async () => {
  const clock = manualClock();
  let changes: Change[] = [['#/cache/a'], ['#/cache/b'], ['#/cache/c']];
  const position = () => ({ incarnation: 'log', head: changes.length });
  const log: ChangeLog = {
    sync: false,
    pollEvery: 100,
    position: async () => position(),
    append: async (change) => (changes.push(change), position()),
    read: async (after) => ({
      ...position(),
      complete: after,
      changes: changes.slice(after).map((change, i) => ({ mark: after + 1 + i, change })),
    }),
    stamps: async (names) => ({ ...position(), stamps: names.map(() => 0) }),
  };
  const gaps: Events['gap'][] = [];
  let source = 1;
  const cache = createCache({ clock, log, tiers: [memory({ clock })], on: { gap: (gap) => gaps.push(gap) } });
  const values = cache.define<number>('value', { load: () => source, tags: () => ['d'] });
  expect(await values.get('k')).toBe(1);
  await clock.advanceAsync(100);
  expect(gaps).toEqual([]);

  changes = changes.slice(0, 1); // put back to what it was
  source = 2;
  await clock.advanceAsync(100);
  expect(gaps).toEqual([{ reason: 'missed' }]);
  expect(await values.get('k')).toBe(2);
  source = 3;
  changes.push(['#/cache/d']);
  await clock.advanceAsync(100);
  expect(await values.get('k')).toBe(3);
  expect(gaps).toHaveLength(1);
});
