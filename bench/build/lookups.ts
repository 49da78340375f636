/** How long a task's inputs, its key and its record take to find, when the files are known: the middle, and one of a hundred. */
import { join } from 'node:path';
import { median, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { lookUp, opened, run } from './ours.ts';
import { inFolder, type Place } from './places.ts';
import { makeWorkspace } from './workspace.ts';

const COUNTS = [100, 500, 2000, 10_000];
const BUDGETS: Readonly<Record<number, number>> = { 2000: 10, 10_000: 50 }; // ms, for one of a hundred
const WARM = 10;
const SAMPLES = 150;
const AGE = 2500; // milliseconds: what is younger isn't remembered

/** Measure it. */
export function lookups(place: Place): Promise<Table> {
  return inFolder(place, async (folder) => {
    const packages = await Promise.all(
      COUNTS.map(async (count) => {
        const ours = opened(makeWorkspace(join(folder, String(count)), { script: filesScript(count), sources: count }));
        await run(ours);
        return ours;
      }),
    );
    await new Promise((grown) => setTimeout(grown, AGE));
    const seen = packages.map(() => [] as number[]);
    for (let round = 0; round < WARM + SAMPLES; round++)
      for (const [i, ours] of packages.entries()) {
        const begin = process.hrtime.bigint();
        await lookUp(ours);
        if (round >= WARM) seen[i].push(Number(process.hrtime.bigint() - begin));
      }
    return {
      title: `Lookup on ${place.name}: inputs, key and record, with as many outputs as inputs`,
      rows: COUNTS.flatMap((count, i) => {
        const name = `${count.toLocaleString('en')} inputs`;
        const [p50, p99] = [median(seen[i]), seen[i].toSorted((a, b) => a - b)[Math.ceil(0.99 * SAMPLES) - 1]];
        const budget = BUDGETS[count];
        return [
          { name: `${name}, p50`, figure: time(p50), ratios: {} },
          {
            name: `${name}, p99`,
            figure: time(p99),
            ratios: { p50: p99 / p50 },
            ...(budget && { budget: { text: `< ${budget} ms`, kept: p99 < budget * 1e6 } }),
          },
        ];
      }),
    };
  });
}

/** Makes so many small files, no two of them the same. */
export function filesScript(count: number): string {
  return `for (let i = 0; i < ${count}; i++) {
  if (i % 40 === 0) fs.mkdirSync('dist/d' + i / 40, { recursive: true });
  fs.writeFileSync('dist/d' + Math.floor(i / 40) + '/' + i + '.js', 'export const value = ' + i + ';\\n');
}`;
}
