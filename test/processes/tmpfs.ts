/** A small disk in memory, mounted where the platform and the user's rights allow, and gone when the test is over. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const BEGINNING = join(tmpdir(), 'tidemark-disk-');

function run(command: string, ...given: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(command, given, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr).trim();
}

/** Why no small disk can be mounted here, or `undefined` if one can. */
export function whyNoDisk(): string | undefined {
  const place = mkdtempSync(BEGINNING);
  const why = run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'tidemark', place);
  if (why === undefined) run('umount', place);
  rmdirSync(place);
  return why;
}

/** A small disk. */
export interface Disk {
  readonly path: string;
  /** From now on nothing can be written to it. */
  makeReadOnly(): void;
}

/** Mount a disk of so many bytes. Programs that use it are started afterwards: what was begun last ends first. */
export function smallDisk(bytes: number): Disk {
  const path = mkdtempSync(BEGINNING);
  onTestFinished(() => {
    run('umount', '-l', path);
    rmdirSync(path);
  });
  const must = (why: string | undefined) => {
    if (why !== undefined) throw new Error(why);
  };
  must(run('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tidemark', path));
  return { path, makeReadOnly: () => must(run('mount', '-o', 'remount,ro', path)) };
}
