/**
 * The cache against its yardsticks, each table in one run and as ratios: `npm run bench`. Names of tables choose among
 * them: `npm run bench -- disk`. Those that take minutes have to be chosen. `redis` takes `--write`, too, which keeps what
 * was measured as a page of the documentation; `http` takes `--suite` and the folder of the suite that it runs.
 */
import { build } from './build/tables.ts';
import { content } from './content/tables.ts';
import { reads } from './disk/reads.ts';
import { millions } from './disk/millions.ts';
import { disk } from './disk/tables.ts';
import { documents } from './documents/tables.ts';
import { hits } from './hits.ts';
import { conformance } from './http/conformance.ts';
import { invalidations } from './invalidations.ts';
import { memoryPerEntry } from './memory-per-entry.ts';
import { redis } from './redis/tables.ts';
import { print } from './table.ts';
import { writes } from './writes.ts';

const QUICK = {
  hits: async () => print(await hits()),
  writes: async () => print(await writes()),
  invalidations: async () => print(await invalidations()),
  memory: async () => print(await memoryPerEntry()),
};
const TABLES: Readonly<Record<string, () => Promise<void>>> = {
  ...QUICK,
  disk: async () => {
    await reads();
    await disk();
  },
  millions,
  build,
  content,
  documents,
  redis: () => redis({ write: flags.includes('--write') }),
  http: () => conformance(suite),
};

const words = process.argv.slice(2);
const suiteAt = words.indexOf('--suite');
const [, suite] = suiteAt === -1 ? [] : words.splice(suiteAt, 2);
const flags = words.filter((word) => word.startsWith('--'));
const chosen = words.filter((word) => !flags.includes(word));
if (flags.some((flag) => flag !== '--write')) throw new Error("the only flags are '--write' and '--suite <folder>'");
const unknown = chosen.find((name) => !Object.hasOwn(TABLES, name));
if (unknown !== undefined)
  throw new Error(`there is no table '${unknown}'; there are ${Object.keys(TABLES).join(', ')}`);

console.log(
  `Tidemark bench · Node ${process.versions.node} · ${process.arch}\nMedians of interleaved rounds; only ratios within a table mean anything.\n`,
);
for (const name of chosen.length > 0 ? chosen : Object.keys(QUICK)) await TABLES[name]();
process.exit(); // node may spin for ever while it cleans up after some of the peers
