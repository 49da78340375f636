/** The Redis tables: ours and, where they are installed, other caches, over servers that the bench starts. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { print } from '../table.ts';
import { delays } from './delays.ts';
import { speeds } from './in-turns.ts';
import { installed, names, versionsOf } from './peer.ts';
import { delayInWords, page, tablesOf } from './report.ts';
import { runScenarios } from './run-scenarios.ts';
import { versionOfRedis } from './server.ts';

// From the compiled program's place.
const PAGE = fileURLToPath(new URL('../../../docs/peers.md', import.meta.url));
const FORMATTER = fileURLToPath(new URL('../../../node_modules/.bin/oxfmt', import.meta.url));

/** Measure all of it, which takes a quarter of an hour with the other caches. `write`: keep it as `docs/peers.md`. */
export async function redis({ write }: { readonly write: boolean }): Promise<void> {
  if (!installed) console.log('(not compared with other caches: `npm ci --prefix bench/peers` installs them)\n');
  if (write && !installed) throw new Error('docs/peers.md compares: install the other caches first');
  const version = await versionOfRedis();
  const fast = await speeds();
  for (const table of tablesOf(fast)) print(table);
  console.log('A change on its way to another process');
  const slow = await delays();
  for (const delay of slow) console.log(`  ${delayInWords(delay)}`);
  console.log('\nWhat goes wrong');
  const seen = await runScenarios();
  if (!write) return;
  const versions = await Promise.all(names.map(versionsOf));
  writeFileSync(PAGE, page({ redis: version, versions, speeds: fast, delays: slow, seen }));
  spawnSync(FORMATTER, [PAGE], { stdio: 'inherit' });
}
