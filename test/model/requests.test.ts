/** The same play where all is done in requests, which may end at any moment and take along what they have under way. */
import { expect, test, vi } from 'vitest';
import type { Setup } from 'tidemark/testing';
import { play } from '../../src/testing/simulation/schedule.ts';
import { reduce } from '../../src/testing/simulation/replay.ts';
import { Requests } from './requests.ts';

vi.mock('../../src/engine/batch.ts', async (original) => {
  const { apart } = await import('./batch-apart.ts');
  return apart(await original());
});

const soak = process.env['SOAK'] === '1';
const from = Number(process.env['FROM'] ?? 1);
const N = Number(process.env['N'] ?? 200);

test.each((process.env['SETUPS'] ?? 'shared,strong,cluster').split(',') as Setup[])('%s', { timeout: 7_200_000 }, async (setup) => {
  const bad: Record<string, number[]> = {};
  let reads = 0;
  for (let seed = from; seed < from + N; seed++) {
    const playing = { setup, seed, ...(process.env['PLAIN'] ? {} : { platform: (...args: ConstructorParameters<typeof Requests>) => new Requests(...args) }) };
    const e = await play(playing);
    reads += e.reads;
    if (e.violation) {
      const kind = e.violation.replace(/[0-9a-f]*[0-9][0-9a-f]*/g, 'N').replace(/\b(plain|sum|free|brief|aged):[a-z/]+/g,'P').slice(0, 60);
      (bad[kind] ??= []).push(seed);
      if (process.env['REDUCE'] && bad[kind].length === 1) {
        const r = await reduce(playing, e.violation);
        console.log([setup, seed, r.violation, ...r.trace].join('\n'));
      }
    }
  }
  console.log(setup, reads, Object.entries(bad).map(([k, v]) => `${k}: ${v.length} ${v.slice(0, 5).join(' ')}`).join('\n'));
});
