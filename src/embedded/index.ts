/** The embedded cache: values with a TTL in a directory of this machine, several processes at a time. Node only. */
import { openFile } from '../backends/lmdb/file.ts';
import { Opening } from './opening.ts';
import { defaultTtlOf, mannerOf, settingsOf } from './options.ts';
import type { Cache, CacheOptions } from './types.ts';
import { View } from './view.ts';

/**
 * Open a cache in a directory, which is made if it is missing. Several processes may have it open at the same time; it must
 * not lie on a network file system.
 *
 * @throws `bad_option` naming the option; `foreign_directory`, `newer_format`, `in_use`, `store_failed` for a directory that
 * can't be used.
 * @example
 * await using cache = await openLmdbCache<User>({ path: '.cache/users', defaultTtlMs: 3_600_000 });
 * await cache.set('ann', { name: 'Ann' });
 * await cache.get('ann');
 */
export async function openLmdbCache<T = unknown>(options: CacheOptions): Promise<Cache<T>> {
  const manner = mannerOf(options);
  const space = manner.space(options.namespace);
  const defaultTtl = defaultTtlOf(options, manner);
  const file = openFile(settingsOf(options, manner), ({ premises }) => {
    if (premises.replaced) options.onReplaced?.(premises.replaced);
  });
  return new View<T>({ opening: new Opening(file, manner, space.family), space, defaultTtl, standsFor: 'file' });
}

/** Open a cache that behaves as level-cache does: `openLmdbCache` with `compat: 'level-cache'`, under the name that its users call. */
export function openLevelCache<T = unknown>(options: Omit<CacheOptions, 'compat'>): Promise<Cache<T>> {
  return openLmdbCache<T>({ ...options, compat: 'level-cache' });
}

export { defaultNamespace } from './space.ts';
export type {
  BatchOperation,
  Cache,
  CacheOptions,
  CacheStats,
  EntriesOptions,
  LoadOptions,
  Millis,
  PutOptions,
  SweepOptions,
} from './types.ts';
export type { LmdbBackend } from '../backends/lmdb.ts';
