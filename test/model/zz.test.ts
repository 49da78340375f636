import { test, vi } from 'vitest';
vi.mock('../../src/engine/batch.ts', async (original) => {
  const { apart } = await import('./batch-apart.ts');
  return apart(await original());
});
import { play } from '../../src/testing/simulation/schedule.ts';
import { inRequests } from './requests.ts';
test('x', { timeout: 10000000 }, async () => {
  const end = Date.now() + Number(process.env['SECONDS_']) * 1000;
  const setups = process.env['ZZ']!.split(',');
  let n = 0, reads = 0; const bad: string[] = [];
  const seed0 = Number(process.env['FROM']);
  for (let seed = seed0; Date.now() < end; seed++)
    for (const setup of setups) {
      const e = await play({ setup: setup as any, seed, ...(process.env['PLAIN'] ? {} : { platform: inRequests }) });
      n++; reads += e.reads;
      if (e.violation) bad.push(`${setup}:${seed} ${e.violation.slice(0, 100)}`);
    }
  console.log('SOAK', process.env['PLAIN'] ? 'plain' : 'requests', setups.join(), seed0, n, reads, bad.length, bad.slice(0, 12).join('\n'));
});
