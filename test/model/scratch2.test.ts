import { test } from 'vitest';
import { engineFrom } from './engine.ts';
import { play } from './schedule.ts';
import { SETUPS, type Setup } from './world.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
const N = Number(process.env['N'] ?? 300);
test('scratch', async () => {
  const engine = await engineFrom(process.env['SRC'] ?? new URL('../../src', import.meta.url).pathname);
  const one = process.env['ONE'];
  for (const setup of (process.env['SETUP'] ? [process.env['SETUP'] as Setup] : SETUPS)) {
    const t = performance.now();
    const found = new Map<string, { seed: number; n: number; text: string }>();
    let reads = 0;
    const from = one ? Number(one) : Number(process.env['FROM'] ?? 1);
    for (let seed = from; seed < from + (one ? 1 : N); seed++) {
      const lines: string[] = [];
      if (process.env['HEAP']) process.stderr.write('S' + seed + '\n'); const end = await play(engine, setup, seed, one ? { trace: (l) => (process.env['LIVE'] ? process.stderr.write(l + '\n') : lines.push(l)) } : {});
      reads += end.reads; if (seed % 500 === 0 && process.env['HEAP']) console.log('HEAP ms each', seed, Math.round(process.memoryUsage().heapUsed / 1e6));
      if (one) { mkdirSync('/tmp/m', { recursive: true }); writeFileSync('/tmp/m/trace.txt', lines.join('\n')); }
      if (end.violation) {
        const kind = end.violation.replace(/[0-9]+/g, 'N').replace(/\(.*/, '').replace(/(plain|aged|brief|sum|free):[a-z\/]+/g, '$1').replace(/.*(no rest: N hang).*/, '$1').slice(0, 70);
        const f = found.get(kind);
        if (f) f.n++; else found.set(kind, { seed, n: 1, text: end.violation });
      }
    }
    const ms = performance.now() - t;
    console.log(setup, `${(ms / (one ? 1 : N)).toFixed(2)} ms each`, reads, 'reads');
    for (const f of [...found.values()].sort((a, b) => b.n - a.n).slice(0, 25)) console.log(f.n, 'seed', f.seed, f.text);
  }
}, 600_000);
