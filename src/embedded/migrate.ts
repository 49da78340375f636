/** Moving in from level-cache: a LevelDB directory of its rows is copied into an embedded cache, and compared with it. */
import { realpathSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { LmdbFile } from '../backends/lmdb/file.ts';
import { type Clock, systemClock } from '../engine/clock.ts';
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import {
  checkOptions,
  functionOrNothing,
  list,
  nonEmptyText,
  positiveInteger,
  signalOrNothing,
  trueOrFalse,
} from '../engine/options.ts';
import { type LevelClass, LevelSnapshot } from './level-snapshot.ts';
import { partsOf } from './level-rows.ts';
import { Migration } from './migration.ts';
import type { MigrationProgress, MigrationResult } from './migration-report.ts';
import { MigrationTarget } from './migration-target.ts';
import { Opening } from './opening.ts';
import { mannerOf, settingsOf } from './options.ts';
import type { Space } from './space.ts';
import type { CacheOptions } from './types.ts';

export type { LevelClass } from './level-snapshot.ts';
export type { MigrationFault, MigrationProgress, MigrationResult } from './migration-report.ts';

/** The path of namespaces that a namespace of a level-cache becomes. */
export type NamespaceOf = (namespace: string) => readonly string[];

/** Options of {@link migrateLevelCache}. */
export interface MigrateOptions {
  /** The directory of level-cache. Nothing in it is changed, and nobody may have it open meanwhile. */
  readonly from: string;
  /** The directory of the embedded cache: missing, empty, or one already. What is in it is kept. */
  readonly to: string;
  /** How the cache is going to be opened; the same options as those of `openLmdbCache`. */
  readonly compat?: 'level-cache';
  readonly codec?: Codec;
  readonly compression?: boolean;
  /** Copy only this namespace and those below it. Default all. */
  readonly namespace?: string;
  /**
   * The path of namespaces that a namespace of the source becomes, `''` being that of keys without one. Default its parts
   * between slashes. Two that become one must not hold the same key. Not together with `compat`, where names stay as they are.
   */
  readonly namespaceOf?: NamespaceOf;
  /** The most rows in one step. Default 1,000; about 8 MB are a step in any case. */
  readonly batchSize?: number;
  /** Read everything back and compare it. Default true. */
  readonly verify?: boolean;
  /** Fail at the first damaged row instead of leaving it out. Default false. */
  readonly strict?: boolean;
  /** Told after each step how far it has come. */
  readonly onProgress?: (progress: MigrationProgress) => void;
  /** Ends the migration after a step. The same call takes it up again. */
  readonly signal?: AbortSignal;
  /** The class of `classic-level`, or of `level`. Default: `classic-level` is imported. */
  readonly level?: LevelClass;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
}

const NAMES: readonly (keyof MigrateOptions)[] = [
  'from',
  'to',
  'compat',
  'codec',
  'compression',
  'namespace',
  'namespaceOf',
  'batchSize',
  'verify',
  'strict',
  'onProgress',
  'signal',
  'level',
  'clock',
];

const WHAT = 'migrateLevelCache';

/**
 * Copy the living rows of a level-cache into an embedded cache, with their ends, and compare. What the target has already
 * under a key of the source is kept. An interrupted migration is taken up by the same call, as long as the source is as it was.
 *
 * @throws `bad_option` naming the option, and where the source has changed since it was interrupted; `in_use` if anyone has
 * the source open; `bad_bytes` if the source is damaged, with `strict` also if a row is; `store_failed` if the target
 * can't be written, or doesn't hold in the end what was copied.
 * @example
 * await migrateLevelCache({ from: '.cache/level', to: '.cache/lmdb' });
 */
export async function migrateLevelCache(options: MigrateOptions): Promise<MigrationResult> {
  checkOptions(WHAT, options, NAMES);
  const { namespace, batchSize = 1000, clock = systemClock, onProgress, signal, namespaceOf = partsOf } = options;
  const from = nonEmptyText(`${WHAT}: from`, options.from);
  const to = nonEmptyText(`${WHAT}: to`, options.to);
  positiveInteger(`${WHAT}: batchSize`, batchSize);
  if (namespace !== undefined) nonEmptyText(`${WHAT}: namespace`, namespace);
  for (const name of ['namespaceOf', 'onProgress', 'level'] as const)
    functionOrNothing(`${WHAT}: ${name}`, options[name]);
  signalOrNothing(`${WHAT}: signal`, signal);
  const strict = trueOrFalse(`${WHAT}: strict`, options.strict);
  const verifies = options.verify === undefined || trueOrFalse(`${WHAT}: verify`, options.verify);
  if (options.compat && options.namespaceOf)
    throw new TidemarkError('bad_option', `${WHAT}: namespaceOf can't be given together with compat`);
  if (!relative(resolve(from), resolve(to)).startsWith('..'))
    throw new TidemarkError('bad_option', `${WHAT}: to must not lie within from`);

  const target = cacheOptions(options, to, clock);
  const manner = mannerOf(target);
  const root = manner.space('');
  const place = options.compat ? () => root : within(root, namespaceOf);
  const settings = settingsOf(target, manner);

  signal?.throwIfAborted();
  const source = await LevelSnapshot.take(from, options.level ?? (await classicLevel()));
  try {
    const opening = new Opening(new LmdbFile(settings), manner, root.family);
    try {
      const task = JSON.stringify([realpathSync(from), options.compat ?? '', namespace ?? null]);
      const migration = new Migration({
        source,
        target: new MigrationTarget(opening, task),
        place,
        whole: options.compat !== undefined,
        namespace,
        batchSize,
        strict,
        clock,
        onProgress,
        signal,
      });
      await migration.copy();
      if (verifies) await migration.verify();
      return await migration.finish();
    } finally {
      await opening.close();
    }
  } finally {
    await source.close();
  }
}

/** The target must not let go of anything while it is filled. */
function cacheOptions({ compat, codec, compression }: MigrateOptions, path: string, clock: Clock): CacheOptions {
  return {
    path,
    clock,
    maxBytes: Infinity,
    cleanupIntervalMs: 0,
    ...(compat !== undefined && { compat }),
    ...(codec !== undefined && { codec }),
    ...(compression !== undefined && { compression }),
  };
}

/** Finds the space of a namespace. Rows come in the order of their namespaces, so one answer is remembered. */
function within(root: Space, namespaceOf: NamespaceOf): (namespace: string) => Space | string {
  let last: { readonly namespace: string; readonly space: Space | string } | undefined;
  return (namespace) => {
    if (last?.namespace === namespace) return last.space;
    const path = namespaceOf(namespace);
    list(`${WHAT}: what namespaceOf answers for ${describe(namespace)}`, path);
    last = { namespace, space: spaceAt(root, path) };
    return last.space;
  };
}

function spaceAt(root: Space, path: readonly string[]): Space | string {
  try {
    return path.reduce((space, part) => space.below(part), root);
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    return error.message;
  }
}

async function classicLevel(): Promise<LevelClass> {
  try {
    return (await import('classic-level')).ClassicLevel;
  } catch (cause) {
    throw new TidemarkError('bad_option', `${WHAT}: install classic-level, or give its class as level`, cause);
  }
}
