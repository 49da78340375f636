/** Caches in directories of their own, with a clock moved by hand; closed and removed when the test is over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Cache, type CacheOptions, openLmdbCache } from 'tidemark/embedded';
import { type ManualClock, manualClock } from 'tidemark/testing';

/** Both ways in which a cache can behave. */
export const bothModes: readonly { readonly mode: string; readonly compat: Pick<CacheOptions, 'compat'> }[] = [
  { mode: 'default mode', compat: {} },
  { mode: 'level-cache mode', compat: { compat: 'level-cache' } },
];

export interface Opened<T> {
  readonly cache: Cache<T>;
  readonly clock: ManualClock;
  readonly path: string;
  /** Open the same directory once more. */
  readonly again: (options?: Partial<CacheOptions>) => Promise<Cache<T>>;
}

export function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-embedded-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'v1.0'); // a dot in the name is nothing special
}

export async function opened<T = unknown>(options: Partial<CacheOptions> = {}): Promise<Opened<T>> {
  const path = freshPath();
  const clock = manualClock();
  const again = async (other: Partial<CacheOptions> = {}) => {
    const cache = await openLmdbCache<T>({ path, clock, ...options, ...other });
    onTestFinished(() => cache.close());
    return cache;
  };
  return { path, clock, again, cache: await again() };
}

/** What a listing yields. */
export async function listed<T>(entries: AsyncIterable<[string, T]>): Promise<[string, T][]> {
  const all: [string, T][] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

const PATIENCE = 1_000_000;

/** Let others go on until something is so: what is done by another thread takes as long as it takes. */
export async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await so()); turn++) {
    if (turn === PATIENCE) throw new Error(`never became true: ${so.toString()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
