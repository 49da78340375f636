/** The write path: say the change first, then keep what it brings, with the change's own mark. */
import type { ChangeResult, Saying } from './authority.ts';
import { isBackend } from './backend.ts';
import type { Core } from './core.ts';
import type { Dependency } from './dependency.ts';
import type { Entry } from './entry.ts';
import { type Key, pathOfLocalId } from './key.ts';
import { tagsOf, timesOf, ttlOf } from './load.ts';
import { isPromise, type MaybePromise } from './maybe.ts';
import { duration, type Duration } from './options.ts';
import { checked } from './schema.ts';
import type { Shelves } from './shelves.ts';
import type { Counts } from './stats.ts';
import type { Stored } from './store.ts';
import type { Terms } from './terms.ts';
import type { Tier } from './tier.ts';
import { isolate } from './values.ts';

const NONE: readonly Dependency[] = Object.freeze([]);
const NO_RECORDS: readonly Stored[] = Object.freeze([]);

/** An entry that is still to be given its mark. */
type Unmarked = { -readonly [P in keyof Entry]: Entry[P] };

/** Options of `set`. */
export interface SetOptions {
  /** This value's own TTL. */
  readonly ttl?: Duration;
  /** Tags in addition to the collection's. */
  readonly tags?: readonly string[];
}

/** One collection's writes. */
export class Writer {
  readonly #core: Core;
  readonly #terms: Terms;
  readonly #shelves: Shelves;
  readonly #counts: Counts;
  readonly #together: Tier | undefined;

  constructor(core: Core, terms: Terms, shelves: Shelves, counts: Counts) {
    this.#core = core;
    this.#terms = terms;
    this.#shelves = shelves;
    this.#counts = counts;
    this.#together = togetherWith(core, shelves);
  }

  /** A set is a change: it beats every load that began before it, and older sets that come late. */
  set(id: string, key: Key, given: unknown, options: SetOptions | undefined): MaybePromise<ChangeResult> {
    this.#core.assertOpen();
    const { schema } = this.#terms;
    if (!schema) return this.#say(id, key, given, options);
    const checking = checked(schema, given, [...this.#shelves.path, ...pathOfLocalId(id)].slice(1).join('/'));
    this.#core.track(checking);
    return checking.then((valid) => this.#say(id, key, valid, options));
  }

  #say(id: string, key: Key, valid: unknown, options: SetOptions | undefined): MaybePromise<ChangeResult> {
    const { coarse, random, authority, stamps } = this.#core;
    const terms = this.#terms;
    const ttl = options?.ttl === undefined ? ttlOf(terms, valid) : duration('set: ttl', options.ttl);
    const dependencies = this.#tags(tagsOf(terms, valid, key), options?.tags);
    const { value, copied } = isolate(valid, terms.values); // last, since it may freeze what was given
    const { freshUntil, keptUntil } = timesOf(terms, ttl, coarse.now(), random);
    // Mark and incarnation are of no weight yet: the change gives it its own.
    const entry = { value, copied, mark: 0, incarnation: stamps.incarnation, dependencies, freshUntil, keptUntil };
    const together = ttl > 0 ? this.#together : undefined;
    const records = together
      ? [{ key: this.#shelves.storageKey(id), entry: together.capped({ ...entry }, coarse.now()) }]
      : NO_RECORDS;
    const said = authority.say([this.#shelves.keyDependency(id)], records);
    return isPromise(said)
      ? said.then((saying) => this.#keep(id, entry, ttl, saying, together))
      : this.#keep(id, entry, ttl, said, together);
  }

  #keep(
    id: string,
    entry: Unmarked,
    ttl: number,
    { result, incarnation }: Saying,
    together: Tier | undefined,
  ): MaybePromise<ChangeResult> {
    this.#counts.sets++;
    if (result.mark === undefined || incarnation === undefined || ttl <= 0) return result;
    entry.mark = result.mark;
    entry.incarnation = incarnation;
    const writes = this.#shelves.put(id, entry, this.#shelves.depth, together);
    if (!isPromise(writes)) return result;
    this.#core.track(writes);
    return writes.then(() => result);
  }

  #tags(own: readonly string[], more: readonly string[] | undefined): readonly Dependency[] {
    if (own.length === 0 && !more?.length) return NONE;
    const { names } = this.#core;
    return [...new Set([...own, ...(more ?? [])].map((tag) => names.tag(tag)))];
  }

  /** Invalidate a key and let its entry leave every tier at once. */
  async delete(id: string): Promise<ChangeResult> {
    this.#core.assertOpen();
    const result = await this.#core.authority.change([this.#shelves.keyDependency(id)], []);
    const deletes = this.#shelves.delete(id);
    if (isPromise(deletes)) this.#core.track(deletes);
    await deletes;
    return result;
  }
}

/**
 * The backend that takes the record with the change. One whose reads have to be waited for gets the record after the change:
 * a commit that was given up for lost and came through late would put its value behind changes that are newer, while what is
 * stored apart is judged by its mark. Of a synchronous backend the contract says that no commit comes through once it has
 * been given up.
 */
function togetherWith({ backend, tiers }: Core, shelves: Shelves): Tier | undefined {
  if (!backend || !isBackend(backend.store) || !shelves.keeps(tiers.indexOf(backend))) return undefined;
  return backend.store.sync && backend.store.commit !== undefined ? backend : undefined;
}
