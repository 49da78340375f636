/** A process of its own that runs one task through the cache, and may be killed at any change that it makes to the disk. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { BuildCacheOptions, BuildTask, RunOptions, RunResult } from 'tidemark/build';
import { program, source } from '../../support/program.ts';

const TEXT = `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { openBuildCache } from ${source('src/build/build-cache.ts')};
const { task, options, how, end, kills } = JSON.parse(process.argv[2]);
if (kills) process.env.RUN = String(process.pid);
let changes = 0;
for (const name of ['openSync', 'writeSync', 'writeFileSync', 'appendFileSync', 'fchmodSync', 'chmodSync', 'futimesSync', 'utimesSync', 'copyFileSync', 'linkSync', 'symlinkSync', 'renameSync', 'mkdirSync', 'rmdirSync', 'rmSync', 'unlinkSync']) {
  const real = fs[name];
  fs[name] = (...args) => {
    if (name === 'openSync' && !/[wax+]/.test(String(args[1] ?? 'r')) && typeof args[1] !== 'number') return real(...args);
    if (++changes === end) process.kill(process.pid, 'SIGKILL');
    return real(...args);
  };
}
syncBuiltinESMExports();
const cache = openBuildCache({ ...options, onTrouble: (text) => console.error(text) });
let printed = '';
const result = await cache.run(task, {
  how,
  onOutput: (_, bytes) => void (printed += Buffer.from(bytes).toString()),
});
await cache.close();
process.stdout.write(JSON.stringify({ ...result, printed, changes }));
`;

/** What a process is told to do. */
export interface Told {
  readonly task: BuildTask;
  readonly options: BuildCacheOptions;
  readonly how?: RunOptions['how'];
  /** The change to the disk at which it is killed, from 1; a change that isn't done then. */
  readonly end?: number;
  /** Whether the command is told, in the variable `RUN`, which process it is that runs it. */
  readonly kills?: boolean;
}

/** How it ended. */
export type Ran =
  | { readonly killed: true; readonly errors: string }
  | (RunResult & {
      readonly killed?: never;
      readonly printed: string;
      readonly changes: number;
      readonly errors: string;
    });

/** Makes the program; `afterwards` is told how to remove it. */
export async function runningProgram(afterwards: (remove: () => void) => void): Promise<(told: Told) => Promise<Ran>> {
  const path = await program(TEXT, afterwards);
  return async (told) => {
    const child = spawn(process.execPath, [path, JSON.stringify(told)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, errors] = ['', ''];
    child.stdout.on('data', (bytes) => (out += bytes));
    child.stderr.on('data', (bytes) => (errors += bytes));
    const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    clearTimeout(late);
    if (signal === 'SIGKILL') return { killed: true, errors };
    if (code !== 0) throw new Error(`it ended with ${code ?? signal}: ${errors}`);
    return { ...(JSON.parse(out) as RunResult & { printed: string; changes: number }), errors };
  };
}
