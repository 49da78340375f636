/**
 * The proof by play that the engine is never wrong: schedules made by chance, in which every message and every load is
 * held, lost or late, processes die and their log is cut, trimmed and flushed, are played against an uncached oracle.
 *
 * `MODEL_SEED=shared:42 npx vitest run test/model` plays one schedule and tells it; `SOAK=1` plays a million.
 */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { engineFrom } from './engine.ts';
import { named, playMany, story } from './replay.ts';
import { play } from './schedule.ts';
import type { Setup } from './world.ts';

const soak = process.env['SOAK'] === '1';
const again = process.env['MODEL_SEED'];

const COUNTS: Readonly<Record<Setup, number>> = {
  memory: 2000,
  hostile: 3000,
  shared: 3000,
  strong: 2000,
  file: 2000,
  disk: 3000,
};
const MORE = 100; // times as many in a soak

const promises: Readonly<Record<Setup, string>> = {
  memory: 'memory alone, with one or two processes on a local log',
  hostile: 'memory before a store that loses, lies, throws and stalls',
  shared: 'two or three processes on a shared backend that fails, forgets and starts anew',
  disk: 'two or three processes with disks that outlive them, before a shared backend',
  file: 'two or three processes on a shared backend whose reads answer at once, and whose writes take their time',
  strong: 'two or three processes with strong reads: what any process was told is what every process reads',
};

const engine = await engineFrom(fileURLToPath(new URL('../../src', import.meta.url)));

if (again === undefined)
  describe('no read is wrong', () => {
    test.each(Object.keys(COUNTS) as Setup[])('%s', { timeout: soak ? 7_200_000 : 300_000 }, async (setup) => {
      const schedules = COUNTS[setup] * (soak ? MORE : 1);
      const played = await playMany(engine, setup, schedules, ({ schedules: done, reads }) =>
        console.log(`${setup} (${promises[setup]}): ${done} of ${schedules} schedules, ${reads} reads checked`),
      );
      expect(played.schedules).toBe(schedules);
      expect(played.reads).toBeGreaterThan(schedules * 20); // it did look
    });
  });
else
  test('the schedule of MODEL_SEED', { timeout: 300_000 }, async () => {
    const schedule = named(again);
    const { violation } = await play(engine, schedule.setup, schedule.seed);
    expect(violation === undefined ? 'nothing is wrong' : await story(engine, schedule)).toBe('nothing is wrong');
  });

test('a schedule ends the same way each time', async () => {
  const tell = async (setup: Setup) => {
    const lines: string[] = [];
    await play(engine, setup, 7, { trace: (line) => lines.push(line) });
    return lines;
  };
  for (const setup of Object.keys(COUNTS) as Setup[]) expect(await tell(setup)).toEqual(await tell(setup));
});
