/** The write path: say the change first, then keep what it brings, with the change's own mark. */
import type { ChangeResult } from './authority.ts';
import { isBackend } from './backend.ts';
import type { Core } from './core.ts';
import { keyDependency } from './dependency.ts';
import type { Entry } from './entry.ts';
import { type Key, type Path, pathOfLocalId } from './key.ts';
import { tagsOf, timesOf, ttlOf } from './load.ts';
import { isPromise } from './maybe.ts';
import { duration, type Duration } from './options.ts';
import { checked, type Schema } from './schema.ts';
import type { Shelves } from './shelves.ts';
import type { Counts } from './stats.ts';
import type { Terms } from './terms.ts';
import { isolate } from './values.ts';

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

  constructor(core: Core, terms: Terms, shelves: Shelves, counts: Counts) {
    this.#core = core;
    this.#terms = terms;
    this.#shelves = shelves;
    this.#counts = counts;
  }

  /** A set is a change: it beats every load that began before it, and older sets that come late. */
  async set(id: string, key: Key, given: unknown, options: SetOptions): Promise<ChangeResult> {
    const { coarse, random, authority, stamps, backend, names } = this.#core;
    this.#core.assertOpen();
    const path = [...this.#shelves.path, ...pathOfLocalId(id)];
    const terms = this.#terms;
    const valid = terms.schema ? await this.#checked(terms.schema, given, path) : given;
    const ttl = options.ttl === undefined ? ttlOf(terms, valid) : duration('set: ttl', options.ttl);
    const tags = [...tagsOf(terms, valid, key), ...(options.tags ?? [])].map((tag) => names.tag(tag));
    const { value, copied } = isolate(valid, terms.values); // last, since it may freeze what was given
    const entry: Entry = {
      value,
      copied,
      mark: 0,
      incarnation: stamps.incarnation, // of no weight: the change gives it its own
      dependencies: [...new Set(tags)],
      ...timesOf(terms, ttl, coarse.now(), random),
    };
    const keep = ttl > 0;
    // A backend whose reads have to be waited for gets the record after the change: a commit that was given up for lost and
    // came through late would put its value behind changes that are newer, while what is stored apart is judged by its
    // mark. Of a synchronous backend the contract says that no commit comes through once it has been given up.
    const whole = backend && isBackend(backend.store) && backend.store.sync && backend.store.commit !== undefined;
    const together = whole && keep ? backend : undefined;
    const records = together
      ? [{ key: this.#shelves.storageKey(id), entry: together.capped(entry, coarse.now()) }]
      : [];
    const said = authority.say([keyDependency(path)], records);
    const { result, incarnation } = isPromise(said) ? await said : said;
    this.#counts.sets++;
    if (result.mark === undefined || incarnation === undefined || !keep) return result;
    const marked = { ...entry, mark: result.mark, incarnation };
    const writes = this.#shelves.put(id, marked, this.#shelves.depth, together);
    if (isPromise(writes)) this.#core.track(writes);
    await writes;
    return result;
  }

  #checked(schema: Schema, given: unknown, path: Path): Promise<unknown> {
    const checking = checked(schema, given, path.slice(1).join('/'));
    this.#core.track(checking);
    return checking;
  }

  /** Invalidate a key and let its entry leave every tier at once. */
  async delete(id: string): Promise<ChangeResult> {
    this.#core.assertOpen();
    const path = [...this.#shelves.path, ...pathOfLocalId(id)];
    const result = await this.#core.authority.change([keyDependency(path)], []);
    const deletes = this.#shelves.delete(id);
    if (isPromise(deletes)) this.#core.track(deletes);
    await deletes;
    return result;
  }
}
