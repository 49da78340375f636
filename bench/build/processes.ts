/** Running programs, for no longer than a while. */
import { spawnSync } from 'node:child_process';

const PATIENCE = 60_000;

/** How a program is started. */
export interface Started {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** All that it finds in its environment, but `PATH`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end, and answers with what it printed. Throws if it fails, or takes longer than a minute. */
export function ran({ argv: [program, ...words], cwd, env = {} }: Started): string {
  const { status, signal, error, stdout, stderr } = spawnSync(program, words, {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 2 ** 20,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`ended with ${signal ?? status}: ${(stderr || stdout).trim().slice(-300)}`);
  return stdout;
}

/** What went wrong, in one line. */
export function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ');
}
