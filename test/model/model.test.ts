/**
 * The proof by play that the engine is never wrong: schedules made by chance, in which every message and every load is
 * held, lost or late, processes die and their log is cut, trimmed and flushed, are played against an uncached oracle.
 *
 * `MODEL_SEED=shared:42 npx vitest run test/model` plays one schedule and tells it; `SOAK=1` plays a million.
 */
import { describe, expect, test } from 'vitest';
import { type Setup, simulate, simulateMany } from 'tidemark/testing';
import { play } from '../../src/testing/simulation/schedule.ts';

const soak = process.env['SOAK'] === '1';
const again = process.env['MODEL_SEED'];

const COUNTS: Readonly<Record<Setup, number>> = {
  memory: 400,
  hostile: 600,
  shared: 800,
  cluster: 600,
  strong: 450,
  file: 500,
  disk: 600,
  kv: 120,
};
const MORE = 100; // times as many in a soak

const SETUPS = Object.keys(COUNTS) as Setup[];

if (again === undefined)
  describe('no read is wrong', () => {
    test.each(SETUPS)('%s', { timeout: soak ? 7_200_000 : 300_000 }, async (setup) => {
      const schedules = COUNTS[setup] * (soak ? MORE : 1);
      const played = await simulateMany({
        setup,
        schedules,
        onProgress: ({ schedules: done, reads }) => {
          if (done % 10_000 === 0) console.log(`${setup}: ${done} of ${schedules} schedules, ${reads} reads checked`);
        },
      });
      expect(played.schedules).toBe(schedules);
      expect(played.reads).toBeGreaterThan(schedules * 20); // it did look
    });
  });
else
  test('the schedule of MODEL_SEED', { timeout: 300_000 }, async () => {
    const [setup, seed] = again.split(':');
    const { violation, trace } = await simulate({ setup: setup as Setup, seed: Number(seed) });
    expect([violation, ...trace].join('\n')).toBe('');
  });

test('a schedule ends the same way each time', { timeout: 60_000 }, async () => {
  const tell = async (setup: Setup) => {
    const lines: string[] = [];
    await play({ setup, seed: 7, trace: (line) => lines.push(line) });
    return lines;
  };
  for (const setup of SETUPS) expect(await tell(setup)).toEqual(await tell(setup));
});
