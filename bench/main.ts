/** The engine against its yardsticks, each table in one run and as ratios: `npm run bench`. */
import { hits } from './hits.ts';
import { invalidations } from './invalidations.ts';
import { memoryPerEntry } from './memory-per-entry.ts';
import { print } from './table.ts';
import { writes } from './writes.ts';

console.log(
  `Tidemark bench · Node ${process.versions.node} · ${process.arch}\nMedians of interleaved rounds; only ratios within a table mean anything.\n`,
);
for (const table of [hits, writes, invalidations, memoryPerEntry]) print(await table());
