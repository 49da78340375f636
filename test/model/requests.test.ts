/**
 * The same play as in Workers: all is done in requests, which end when they are answered, or at any moment, and take along
 * what they have under way. No read is wrong, none waits for long for what another request has taken along, and what was
 * said is said.
 *
 * `REQUESTS_SEED=kv:42 npx vitest run test/model/requests` plays one schedule and tells it.
 */
import { describe, expect, test, vi } from 'vitest';
import type { Setup } from 'tidemark/testing';
import { reduce } from '../../src/testing/simulation/replay.ts';
import { play } from '../../src/testing/simulation/schedule.ts';
import { inRequests } from './requests.ts';

vi.mock('../../src/engine/batch.ts', async (original) => {
  const { apart } = await import('./batch-apart.ts');
  return apart(await original());
});

const soak = process.env['SOAK'] === '1';
const again = process.env['REQUESTS_SEED'];
const MORE = 100; // times as many in a soak

const COUNTS = { kv: 150, shared: 100, cluster: 60, strong: 60 } satisfies Partial<Record<Setup, number>>;

/** Play a schedule, and tell it if something goes wrong. */
async function played(setup: Setup, seed: number): Promise<number> {
  const playing = { setup, seed, platform: inRequests };
  const { violation, reads } = await play(playing);
  if (violation === undefined) return reads;
  const { trace, violation: reduced } = await reduce(playing, violation);
  throw new Error([violation, `Again with: REQUESTS_SEED=${setup}:${seed}`, reduced, ...trace].join('\n'));
}

if (again === undefined)
  describe('no read is wrong, and none hangs', () => {
    test.each(Object.entries(COUNTS) as [Setup, number][])(
      '%s',
      { timeout: soak ? 7_200_000 : 300_000 },
      async (setup, count) => {
        const schedules = count * (soak ? MORE : 1);
        let reads = 0;
        for (let seed = 1; seed <= schedules; seed++) reads += await played(setup, seed);
        expect(reads).toBeGreaterThan(schedules * 20); // it did look
      },
    );
  });
else
  test('the schedule of REQUESTS_SEED', { timeout: 300_000 }, async () => {
    const [setup, seed] = again.split(':');
    expect(await played(setup as Setup, Number(seed))).toBeGreaterThan(0);
  });

test('a request that ends takes along its timers and answers, and another does not notice', async () => {
  const lines: string[] = [];
  let ended = 0;
  for (let seed = 1; seed <= 5; seed++)
    await play({ setup: 'kv', seed, platform: inRequests, trace: (line) => lines.push(line) });
  for (const line of lines) if (/^a request of p\d+ ends$/.test(line)) ended++;
  expect(ended).toBeGreaterThan(5);
});
