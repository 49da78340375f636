/** Stores for tests: in a folder of their own, with a clock that is moved by hand, and records that are valid. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type BuildStore, type BuildStoreOptions, openBuildStore } from '../../src/build/build-store.ts';
import type { InputSpec } from '../../src/build/input-spec.ts';
import type { ActionRecord } from '../../src/build/record.ts';

export const HOUR = 3_600_000;

/** A clock that begins at the machine's time, as files do. */
export class HandClock {
  time: number = Date.now();
  now(): number {
    return this.time;
  }
  after(): () => void {
    throw new Error('a store sets no timers');
  }
}

/** A folder that is gone after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tidemark-store-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function openStore(directory: string, options: Partial<BuildStoreOptions> = {}): BuildStore {
  return openBuildStore({ directory, fsync: 'none', ...options });
}

export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A record with these files as outputs, all of which are put into the store, too. */
export function stored(store: BuildStore, name: string, outputs: Readonly<Record<string, string>>): ActionRecord {
  const record = recordOf(name, outputs);
  for (const text of [...Object.values(outputs), `log of ${name}`]) store.putBytes(Buffer.from(text));
  store.store(record);
  return record;
}

export function recordOf(name: string, outputs: Readonly<Record<string, string>>): ActionRecord {
  return {
    version: 1,
    key: sha256(name),
    task: { package: 'a', name, command: ['tsc', '-p', '.'] },
    inputs: [{ path: 'src/main.ts', digest: sha256('main'), executable: false }],
    outputs: Object.entries(outputs).map(([path, text]) => {
      return { kind: 'file', path, digest: sha256(text), size: Buffer.byteLength(text), mode: 0o644 } as const;
    }),
    log: sha256(`log of ${name}`),
    durationMs: 12.5,
    createdAt: '2026-01-02T03:04:05.678Z',
    fields: { platform: 'linux', NODE_ENV: '' },
  };
}

/** All files below a folder with their bytes, by path. */
export function filesOf(path: string): ReadonlyMap<string, string> {
  const found = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = found.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  return new Map(paths.map((file) => [file.slice(path.length + 1), readFileSync(file, 'latin1')]));
}

/** Change a file behind the store's back. */
export function overwrite(path: string, bytes: Uint8Array | string): void {
  if (existsSync(path)) chmodSync(path, 0o644);
  writeFileSync(path, bytes);
}

export const blobPath = (directory: string, digest: string): string =>
  join(directory, 'v1/blobs', digest.slice(0, 2), digest);
export const recordPath = (directory: string, key: string): string =>
  join(directory, 'v1/records', key.slice(0, 2), `${key}.json`);
export const specsPath = (directory: string, weak: string): string =>
  join(directory, 'v1/specs', weak.slice(0, 2), `${weak}.json`);

/** A way to find inputs. */
export const spec = (...globs: string[]): InputSpec => ({ kind: 'globs', globs, exclude: [] });
