/** Commands for tests, and what they printed. */
import { setTimeout as delay } from 'node:timers/promises';
import { replayLog } from '../../src/build/command-log.ts';
import { type CommandOptions, type Ended, runCommand, type RunningCommand } from '../../src/build/command.ts';
import type { ManualClock } from '../../src/testing/manual-clock.ts';

export function run(command: readonly string[] | string, options: Partial<CommandOptions> = {}): RunningCommand {
  const env = { PATH: process.env['PATH'] ?? '' };
  return runCommand({ command, cwd: import.meta.dirname, env, maxLogBytes: 2 ** 20, ...options });
}

/** Runs a program for Node. */
export function node(program: string, options: Partial<CommandOptions> = {}): RunningCommand {
  return run([process.execPath, '-e', program], options);
}

/** What was kept, as one text: `o(…)` for each piece of stdout, `e(…)` for each of stderr. */
export async function kept({ log }: Ended): Promise<string> {
  if (log === 'too long') return log;
  let text = '';
  await replayLog(log, (stream, bytes) => {
    text += `${stream === 'stdout' ? 'o' : 'e'}(${Buffer.from(bytes).toString('latin1')})`;
  });
  return text;
}

/** Waits until this is so, for ten seconds at most. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !isSo(); i++) await delay(5);
  if (!isSo()) throw new Error(`waited in vain: ${String(isSo)}`);
}

/** Lets a clock's time pass, in steps, until this settles: at most so many milliseconds. */
export async function passing<T>(
  clock: ManualClock,
  { step, atMost }: { readonly step: number; readonly atMost: number },
  awaited: Promise<T>,
): Promise<T> {
  const settled = Promise.allSettled([awaited]);
  for (let passed = 0; passed < atMost; passed += step) {
    clock.advance(step);
    if (await Promise.race([settled, delay(5)])) break;
  }
  return awaited;
}
