/** A view of one namespace: checks what it is given, and knows whether it is closed. */
import type { LmdbBackend } from '../backends/lmdb.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import type { Load } from '../engine/load.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import { aFunction, checkOptions, functionOrNothing, list, signalOrNothing } from '../engine/options.ts';
import { entriesOf, namespacesOf } from './listing.ts';
import type { Opening, Step } from './opening.ts';
import type { Space } from './space.ts';
import { clearSpace, sweepSpace } from './sweeping.ts';
import type {
  BatchOperation,
  Cache,
  CacheStats,
  EntriesOptions,
  LoadOptions,
  PutOptions,
  SweepOptions,
} from './types.ts';

/** What a view is made with. */
interface ViewOptions {
  readonly opening: Opening;
  readonly space: Space;
  /** Milliseconds. */
  readonly defaultTtl: number;
  /** The cache that was opened stands for the file; a view of it, for its namespace. */
  readonly standsFor: 'file' | 'namespace';
}

/** An embedded cache. Its methods are bound, so that they may be passed on by themselves. */
export class View<T> implements Cache<T> {
  readonly #o: ViewOptions;
  #closed = false;

  constructor(options: ViewOptions) {
    this.#o = options;
  }

  readonly get = async (key: string): Promise<T | undefined> => {
    this.#check(key);
    return this.#o.opening.read(this.#o.space, key) as MaybePromise<T | undefined>;
  };

  readonly has = async (key: string): Promise<boolean> => (await this.get(key)) !== undefined;

  readonly set = async (key: string, value: T, options: PutOptions = {}): Promise<void> => {
    checkOptions('set', options, ['ttlMs']);
    await this.#write([{ key, value, until: this.#until('set', options.ttlMs) }]);
  };

  readonly del = async (key: string): Promise<void> => {
    await this.#write([{ key }]);
  };

  readonly batch = async (operations: readonly BatchOperation<T>[]): Promise<void> => {
    list('batch: operations', operations);
    await this.#write(operations.map((operation) => this.#stepOf(operation)));
  };

  #stepOf(operation: BatchOperation<T>): Step {
    const { type, key } = operation;
    if (type === 'del') return { key };
    if (type === 'put') return { key, value: operation.value, until: this.#until('batch', operation.ttlMs) };
    throw new TidemarkError('bad_option', `batch: type must be 'put' or 'del', not ${describe(type)}`);
  }

  async #write(steps: readonly Step[]): Promise<void> {
    for (const { key } of steps) this.#check(key);
    await this.#o.opening.write(this.#o.space, steps);
  }

  readonly entries = (options: EntriesOptions = {}): AsyncGenerator<[string, T], void, void> => this.#entries(options);

  async *#entries(options: EntriesOptions): AsyncGenerator<[string, T], void, void> {
    checkOptions('entries', options, ['limit', 'namespace', 'signal']);
    const { opening, space } = this.#o;
    const { namespace, signal } = options;
    signalOrNothing('entries: signal', signal);
    const listing = { limit: opening.manner.limit(options.limit), signal, assertOpen: () => this.#assertOpen() };
    const listed = entriesOf(opening, namespace === undefined ? space : space.below(namespace), listing);
    yield* listed as AsyncGenerator<[string, T], void, void>;
  }

  readonly sweepExpired = async (options: SweepOptions = {}): Promise<number> => {
    const { opening, space } = this.#o;
    const sweep = this.#sweepOf('sweepExpired', options);
    if (this.#standsForFile) return opening.file.sweep(sweep.onSweep, sweep.signal);
    return sweepSpace(opening, space, sweep);
  };

  readonly clear = async (options: SweepOptions = {}): Promise<number> =>
    clearSpace(this.#o.opening, this.#o.space, this.#sweepOf('clear', options));

  #sweepOf(what: string, { onSweep, signal, ...others }: SweepOptions): Required<SweepOptions> {
    checkOptions(what, others, []);
    functionOrNothing(`${what}: onSweep`, onSweep);
    signalOrNothing(`${what}: signal`, signal);
    this.#assertOpen();
    return { onSweep, signal };
  }

  readonly getStats = async (): Promise<CacheStats> => {
    this.#assertOpen();
    const { opening, space } = this.#o;
    const { environment, entries, room, counts, settings } = opening.file;
    const namespaces = await namespacesOf(opening, space.family);
    return environment.read(() => {
      const { hits, misses } = opening.counts;
      const tally = entries.tally;
      return {
        totalEntries: tally.entries,
        expiredEntries: entries.countExpired(settings.clock.now()),
        namespaces,
        hitRate: hits + misses === 0 ? 0 : hits / (hits + misses),
        hits,
        misses,
        bytes: tally.bytes,
        evicted: room.evicted,
        expired: counts.expired + room.expired,
        damaged: counts.damaged,
      };
    });
  };

  readonly withNamespace = (namespace: string): Cache<T> => {
    this.#assertOpen();
    return new View<T>({ ...this.#o, space: this.#o.space.below(namespace), standsFor: 'namespace' });
  };

  readonly getOrLoad = async (key: string, load: Load<string, T>, options: LoadOptions = {}): Promise<T> => {
    this.#check(key);
    checkOptions('getOrLoad', options, ['ttlMs', 'tags', 'signal']);
    aFunction('getOrLoad: load', load);
    const { tags = [], signal } = options;
    this.#tagsOf('getOrLoad', tags);
    signalOrNothing('getOrLoad: signal', signal);
    const ttl = Math.max(0, this.#ttl('getOrLoad', options.ttlMs));
    const wanted = { load: load as Load<string, unknown>, ttl, tags, signal };
    return (await this.#o.opening.loads.getOrLoad(this.#o.space, key, wanted)) as T;
  };

  readonly invalidateTags = async (tags: readonly string[]): Promise<void> => {
    this.#assertOpen();
    await this.#o.opening.tell(this.#tagsOf('invalidateTags', tags));
  };

  #tagsOf(what: string, tags: readonly string[]): string[] {
    list(`${what}: tags`, tags);
    return tags.map((tag) => this.#o.opening.names.tag(tag));
  }

  readonly keyOf = (key: string): readonly string[] => {
    this.#check(key);
    return this.#o.space.path(key);
  };

  get backend(): LmdbBackend {
    this.#assertOpen();
    return this.#o.opening.lend();
  }

  readonly close = async (): Promise<void> => {
    this.#closed = true;
    if (this.#standsForFile) await this.#o.opening.close();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** True where what is done concerns the file and not only a namespace. */
  get #standsForFile(): boolean {
    return this.#o.standsFor === 'file' || this.#o.opening.manner.views === 'together';
  }

  #check(key: string): void {
    this.#assertOpen();
    if (typeof key !== 'string') throw new TidemarkError('bad_key', `a key must be text, not ${describe(key)}`);
  }

  #assertOpen(): void {
    const { environment } = this.#o.opening.file;
    if (this.#closed || environment.closed)
      throw new TidemarkError('closed', `the cache at ${environment.path} is closed`);
  }

  #ttl(what: string, given: number | undefined): number {
    const { opening, defaultTtl } = this.#o;
    return given === undefined ? defaultTtl : opening.manner.ttl(`${what}: ttlMs`, given);
  }

  #until(what: string, given: number | undefined): number {
    return this.#o.opening.file.settings.clock.now() + this.#ttl(what, given);
  }
}
