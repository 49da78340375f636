/** Loading what will be asked for, before it is: many keys, few at a time. */
import type { Collection } from './collection.ts';
import { TidemarkError } from './errors.ts';
import type { Key } from './key.ts';
import { checkOptions, functionOrNothing, list, positiveInteger, signalOrNothing } from './options.ts';
import { abortable } from './wait.ts';

/** Keys of one collection to warm, in order of worth. */
export interface WarmStep {
  readonly collection: Collection<unknown>;
  readonly keys: Iterable<Key> | AsyncIterable<Key>;
}

/** How far a warm-up is. */
export interface WarmProgress {
  /** Keys that a tier had, or that were loaded. */
  readonly warmed: number;
  /** Keys whose load failed. */
  readonly failed: number;
}

/** Options of `cache.warm`. */
export interface WarmOptions {
  /** Keys under way at once. Default 8. */
  readonly concurrency?: number;
  /** Called after each key. */
  readonly onProgress?: (progress: WarmProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Read every key of a plan. A key that fails is counted and passed over; an abort or a failing iterator ends the whole.
 * Since warming is reading, it never overwrites anything newer.
 */
export async function warm(plan: readonly WarmStep[], options: WarmOptions = {}): Promise<WarmProgress> {
  list('warm: plan', plan);
  checkOptions('warm', options, ['concurrency', 'onProgress', 'signal']);
  const concurrency = positiveInteger('warm: concurrency', options.concurrency ?? 8);
  functionOrNothing('warm: onProgress', options.onProgress);
  signalOrNothing('warm: signal', options.signal);
  const { signal, onProgress } = options;
  const progress = { warmed: 0, failed: 0 };
  const jobs = jobsOf(plan);
  const worker = async () => {
    for (;;) {
      signal?.throwIfAborted();
      const job = await abortable(jobs.next(), signal);
      if (job.done) return;
      const { collection, key } = job.value;
      try {
        await collection.get(key, signal ? { signal } : {});
        progress.warmed++;
      } catch {
        signal?.throwIfAborted();
        progress.failed++;
      }
      onProgress?.({ ...progress });
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, worker));
  } catch (error) {
    void jobs.return().catch(() => {}); // not waited for: it may itself wait for a key that never comes
    throw error;
  }
  return progress;
}

async function* jobsOf(plan: readonly WarmStep[]): AsyncGenerator<{ collection: Collection<unknown>; key: Key }, void> {
  for (const { collection, keys } of plan) {
    if (typeof keys === 'string')
      throw new TidemarkError('bad_option', 'warm: keys must be an iterable of keys, not one text');
    for await (const key of keys) yield { collection, key };
  }
}
