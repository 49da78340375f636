/**
 * Each guard of the engine is needed: with it taken out the model finds something wrong, and within a bounded number of
 * schedules. Without this test a model that has gone blind would look like an engine without faults.
 */
import { describe, expect, test } from 'vitest';
import { BETWEEN, RARE } from './guards-between-machines.ts';
import { READING } from './guards-of-reading.ts';
import { mutant } from './mutant.ts';
import type { Setup } from 'tidemark/testing';
import { SETUPS } from '../../src/testing/simulation/setups.ts';

const MOST = 12_000; // schedules in each setup; all but a few guards take less than a hundred

describe('without the guard the model fails:', () => {
  test.each(
    [...READING, ...BETWEEN, ...(process.env['SOAK'] === '1' ? RARE : [])].map((mutation, i) => ({ ...mutation, i })),
  )('$guard', { timeout: 600_000 }, async (mutation) => {
    const play = await mutant(mutation, `m${mutation.i}`);
    const setups = mutation.setups ?? (Object.keys(SETUPS) as Setup[]);
    for (let seed = 1; seed <= MOST; seed++)
      for (const setup of setups) {
        const { violation } = await play({ setup, seed });
        if (violation === undefined) continue;
        console.log(`${mutation.guard}: found by MODEL_SEED=${setup}:${seed}: ${violation.slice(0, 120)}`);
        expect(violation).toBeTypeOf('string');
        return;
      }
    expect.fail(`${setups.length * MOST} schedules found nothing wrong`);
  });
});
