/**
 * Each guard of the engine is needed: with it taken out the model finds something wrong, and within a bounded number of
 * schedules. Without this test a model that has gone blind would look like an engine without faults.
 */
import { describe, expect, test, vi } from 'vitest';
import { BETWEEN, RARE } from './guards-between-machines.ts';
import { READING } from './guards-of-reading.ts';
import { IN_REQUESTS } from './guards-of-requests.ts';
import { mutant } from './mutant.ts';
import { inRequests } from './requests.ts';
import type { Setup } from 'tidemark/testing';
import { play as whole } from '../../src/testing/simulation/schedule.ts';
import { SETUPS } from '../../src/testing/simulation/setups.ts';

vi.mock('../../src/engine/batch.ts', async (original) => {
  const { apart } = await import('./batch-apart.ts');
  return apart(await original());
});

const soak = process.env['SOAK'] === '1';
const MOST = soak ? 12_000 : 1000; // schedules in each setup; all but a few guards take less than a hundred

describe('without the guard the model fails:', () => {
  test.each([...READING, ...BETWEEN, ...IN_REQUESTS, ...(soak ? RARE : [])].map((mutation, i) => ({ ...mutation, i })))(
    '$guard',
    { timeout: 600_000 },
    async (mutation) => {
      const play = await mutant(mutation, `m${mutation.i}`);
      const setups = mutation.setups ?? (Object.keys(SETUPS) as Setup[]);
      const platform = mutation.conditions && inRequests;
      const from = soak ? 1 : (mutation.from ?? 1);
      for (let seed = from; seed < from + MOST; seed++)
        for (const setup of setups) {
          const { violation } = await play({ setup, seed, platform });
          if (violation === undefined) continue;
          expect((await whole({ setup, seed, platform })).violation, 'with the guard in').toBeUndefined();
          const seedOf = mutation.conditions ? 'REQUESTS_SEED' : 'MODEL_SEED';
          console.log(`${mutation.guard}: found by ${seedOf}=${setup}:${seed}: ${violation.slice(0, 120)}`);
          expect(violation).toBeTypeOf('string');
          return;
        }
      expect.fail(`${setups.length * MOST} schedules found nothing wrong`);
    },
  );
});
