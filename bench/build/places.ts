/** Where files are: in memory, and on a disk. */
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';

/** A file system to measure on. */
export interface Place {
  readonly name: 'tmpfs' | 'disk';
  /** In which folders are made. */
  readonly directory: string;
}

const TMPFS = 0x01021994;

/** A tmpfs and a disk, as far as the machine has them. */
export function places(): readonly Place[] {
  const isTmpfs = (directory: string) => existsSync(directory) && statfsSync(directory).type === TMPFS;
  const memory = ['/dev/shm', tmpdir()].find(isTmpfs);
  const disk = [tmpdir(), process.cwd()].find((directory) => !isTmpfs(directory));
  if (memory === undefined) console.log('Build: not measured on a tmpfs, since there is none.\n');
  if (disk === undefined) console.log('Build: not measured on a disk, since everything here is a tmpfs.\n');
  return [
    ...(memory === undefined ? [] : [{ name: 'tmpfs', directory: memory } as const]),
    ...(disk === undefined ? [] : [{ name: 'disk', directory: disk } as const]),
  ];
}

/** Does something in a folder of its own, which is gone afterwards. */
export async function inFolder<T>({ directory }: Place, work: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(directory, 'tidemark-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lets nobody pay for what others have written before. */
export function settle({ name, directory }: Place): void {
  if (name === 'disk') spawnSync('sync', ['-f', directory], { timeout: 30_000 });
}
