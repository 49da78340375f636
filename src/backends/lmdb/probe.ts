/** Trying an environment in a process of its own, since what is wrong with a data file may end the one that reads it. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { type Errand, type Found, walk } from './walk.ts';

/** Tries an environment for about so many milliseconds: what is wrong with it, or `undefined` as far as was seen. */
export type Probe = (path: string, budget: number) => string | undefined;

/** How long a process may take to start and to open an environment, in milliseconds: far more than it ever does. */
const START = 30_000;

/** A probe by a child process that reads the environment. */
export const childProbe: Probe = (path, budget) => {
  const errand: Errand = { path, budget };
  const { status, signal, error, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=commonjs', '-e', programOf(), '--', JSON.stringify(errand)],
    { encoding: 'utf8', env: surroundings(), timeout: START + budget, killSignal: 'SIGKILL', windowsHide: true },
  );
  if (error && !signal) return `reading it was tried in vain: ${error.message}`;
  if (signal) return `reading it ended a process (${signal})`;
  const found = parse(stdout);
  if (status !== 0 || !found) return `reading it failed: ${lastLine(stderr) ?? `exit code ${status}`}`;
  return found.damage;
};

function programOf(): string {
  const lmdb = JSON.stringify(createRequire(import.meta.url).resolve('lmdb'));
  return [
    `const found = (${walk.toString()})(require(${lmdb}), JSON.parse(process.argv[1]));`,
    `require('node:fs').writeSync(1, JSON.stringify(found));`,
    `process.exit(0);`,
  ].join('\n');
}

/** A debugger that waits for the parent's program would wait for the child, too. */
function surroundings(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS = '', NODE_V8_COVERAGE: _, ...others } = process.env;
  return { ...others, NODE_OPTIONS: NODE_OPTIONS.replace(/--inspect\S*/g, ''), ELECTRON_RUN_AS_NODE: '1' };
}

function parse(text: string): Found | undefined {
  try {
    return JSON.parse(text) as Found;
  } catch {
    return undefined;
  }
}

function lastLine(text: string): string | undefined {
  return text
    .split('\n')
    .findLast((line) => /\bError\b|MDB_/.test(line))
    ?.trim();
}
