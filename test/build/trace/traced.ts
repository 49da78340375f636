/** Traces for tests: of commands that are really watched, and of lines that were once noted. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type Observed,
  readTrace,
  TRACED_ENVIRONMENT,
  tracedCommand,
  type TracePlace,
  whyNoTrace,
} from '../../../src/build/trace/trace.ts';

/** Why commands can't be watched here; undefined if they can. With REQUIRE_ALL=1 they are, and fail. */
export const noTrace: string | undefined = process.env['REQUIRE_ALL'] === '1' ? undefined : whyNoTrace();

/** What a command was seen to do. The trace lies outside of its workspace. */
export function watched(
  command: readonly string[],
  place: TracePlace,
): {
  readonly observed: Observed;
  readonly status: number | null;
  readonly signal: string | null;
  readonly out: string;
} {
  const file = traceFile('');
  const [program, ...rest] = tracedCommand(command, file);
  const env = { PATH: process.env['PATH'], ...TRACED_ENVIRONMENT };
  const { status, signal, stdout, stderr } = spawnSync(program, rest, { cwd: place.cwd, env, encoding: 'utf8' });
  return { observed: readTrace(file, place), status, signal, out: stdout + stderr };
}

/** What lines tell, in which `/repo` stands for the workspace. */
export function toldBy(lines: string, workspace: string, cwd = ''): Observed {
  return readTrace(traceFile(lines.replaceAll('/repo', workspace)), { workspace, cwd: join(workspace, cwd) });
}

/** Lines that were noted of a real command: see the comments where they are used. */
export function recorded(name: string): string {
  return readFileSync(new URL(`recorded-${name}.txt`, import.meta.url), 'utf8');
}

function traceFile(text: string): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-trace-')));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'trace');
  writeFileSync(file, text);
  return file;
}
