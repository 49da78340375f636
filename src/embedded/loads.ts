/** `getOrLoad` by the engine: one load for all who ask, leases between processes, tags, and what a change does to loads. */
import type { Backend } from '../engine/backend.ts';
import { Cache as EngineCache } from '../engine/cache.ts';
import type { Clock } from '../engine/clock.ts';
import { NOT_MODIFIED } from '../engine/context.ts';
import { TidemarkError } from '../engine/errors.ts';
import type { Load } from '../engine/load.ts';
import type { Space } from './space.ts';

/** One load, with its options checked. */
export interface Wanted {
  readonly load: Load<string, unknown>;
  /** Milliseconds; `Infinity` for ever. */
  readonly ttl: number;
  readonly tags: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** What loads work with. */
export interface LoadsOptions {
  /** What the engine's cache is called: the family of all namespaces. */
  readonly name: string;
  readonly clock: Clock;
  /** What a value is once it has been stored, where that may be something else. */
  readonly kept: (value: unknown) => unknown;
  /** The file as a tier; asked for once, when the first load is wanted. */
  readonly lend: () => Backend;
}

/** A cache of the engine over the opened file, made when it is first needed: until then no change has to be told to a log. */
export class Loads {
  readonly #options: LoadsOptions;
  #engine: EngineCache | undefined;
  #closed = false;

  constructor(options: LoadsOptions) {
    this.#options = options;
  }

  /** How many reads there were, and how many of them found a value without waiting for a load. */
  get counts(): { readonly reads: number; readonly hits: number } {
    const { reads = 0, hits = 0 } = this.#engine?.stats() ?? {};
    return { reads, hits };
  }

  async getOrLoad(space: Space, key: string, { load, ttl, tags, signal }: Wanted): Promise<unknown> {
    return this.#open().getOrLoad<unknown>({
      key: space.path(key),
      load: async (_, ctx) => {
        ctx.tag(...space.tags, ...tags);
        const answer = await load(key, ctx);
        return answer === NOT_MODIFIED ? answer : this.#options.kept(answer);
      },
      ttl,
      values: 'copied',
      ...(signal && { signal }),
    });
  }

  #open(): EngineCache {
    if (this.#closed) throw new TidemarkError('closed', 'the cache is closed');
    return (this.#engine ??= this.#make());
  }

  #make(): EngineCache {
    const { name, clock, lend } = this.#options;
    const backend = lend();
    // Strong: each read looks at the log, where views and other openings tell their changes.
    const options = { name, clock, tiers: [backend], consistency: 'strong' } as const;
    return new EngineCache(options, { tiers: () => [backend], log: () => backend.log });
  }

  /** Finish what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#engine?.close();
  }
}
