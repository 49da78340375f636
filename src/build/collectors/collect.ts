/** What well-known tools read and make, told by their command line and their configuration. */
import { realpathSync } from 'node:fs';
import { collectC8 } from './c8.ts';
import type { CollectOptions, Collected } from './collected.ts';
import { collectEsbuild } from './esbuild.ts';
import { collectEslint } from './eslint.ts';
import type { Invocation } from './findings.ts';
import { collectJest } from './jest.ts';
import { launched } from './launched.ts';
import { collectOxc } from './oxc.ts';
import { collectPrettier } from './prettier.ts';
import { collectRollup } from './rollup.ts';
import { collectTranspiler } from './transpilers.ts';
import { collectTypescript } from './typescript.ts';
import { collectVite } from './vite.ts';
import { collectVitest } from './vitest.ts';
import { collectWebpack } from './webpack.ts';

export type { CollectOptions, Collected } from './collected.ts';

const collectors: ReadonlyMap<string, (invocation: Invocation) => Collected | undefined> = new Map([
  ['tsc', collectTypescript],
  ['vue-tsc', collectTypescript],
  ['tsgo', collectTypescript],
  ['eslint', collectEslint],
  ['oxlint', collectOxc],
  ['prettier', collectPrettier],
  ['oxfmt', collectOxc],
  ['webpack', collectWebpack],
  ['webpack-cli', collectWebpack],
  ['vite', collectVite],
  ['rollup', collectRollup],
  ['rolldown', collectRollup],
  ['esbuild', collectEsbuild],
  ['swc', collectTranspiler],
  ['babel', collectTranspiler],
  ['jest', collectJest],
  ['vitest', collectVitest],
  ['c8', (invocation: Invocation) => collectC8(invocation, collect)],
]);

/**
 * What the command reads and makes, or nothing if its tool isn't known. Reads configuration files, runs none of them, and
 * never throws because of what stands in them: what can't be read makes the answer incomplete.
 *
 * @example
 * collect({ words: ['npx', 'esbuild', 'a.ts', '--outdir=out'], cwd, root: cwd, workspace: cwd })?.outputs; // ['out/**']
 */
export function collect({ words, cwd, root, workspace }: CollectOptions): Collected | undefined {
  const command = launched(words, cwd);
  const collector = command && collectors.get(command.tool);
  // Tools name what they read by its real path, so it is told from real ones what lies within.
  const [here, inside, around] = [cwd, root, workspace].map((path) => realpathSync(path));
  return collector?.({ ...command!, place: { cwd: here, root: inside, workspace: around } });
}
