import { test } from 'vitest';
import { engineFrom } from './engine.ts';
import { play } from './schedule.ts';
import { SETUPS } from './world.ts';
test('zz', async () => {
  const engine = await engineFrom(new URL('../../src', import.meta.url).pathname);
  const until = performance.now() + 420_000;
  let n = 0;
  let bad = 0;
  for (let seed = 50_001; performance.now() < until; seed++)
    for (const setup of SETUPS) {
      n++;
      const { violation } = await play(engine, setup, seed);
      if (violation && bad++ < 8) console.log('BAD', setup, seed, violation.slice(0, 300));
    }
  console.log('DONE', n, bad);
}, 600_000);
