/** The log of invalidations: what was dropped by which event or write, how far it reached, by whom, and how long it took. */
import type { ChangeResult } from '../engine/authority.ts';
import type { Dependency } from '../engine/dependency.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { checkOptions, positiveInteger } from '../engine/options.ts';

/** Something that was dropped. */
export interface Invalidation {
  /** Grows with each record of this process. */
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** An event that was emitted, a write of a repository, or a change that was asked for directly. */
  readonly kind: 'event' | 'write' | 'direct';
  /** `undefined` for what was asked for directly. */
  readonly event: string | undefined;
  /** The names of the rules that said what to drop. */
  readonly rules: readonly string[];
  /** The repository that wrote, and what: the first ids, and how many there were. */
  readonly write: { readonly repository: string; readonly ids: readonly string[]; readonly count: number } | undefined;
  /** What was changed: the first of them, and how many there were. */
  readonly dependencies: readonly Dependency[];
  readonly dependencyCount: number;
  /** How many entries memory held of it just before; `undefined` if they weren't counted. */
  readonly entries: number | undefined;
  /** As the change ended; both `undefined` if there was nothing to change. */
  readonly reach: ChangeResult['reach'] | undefined;
  readonly mark: ChangeResult['mark'];
  /** Who did it, as the caller said. */
  readonly actor: string | undefined;
  /** Milliseconds that the change took; `undefined` where it was a part of a write. */
  readonly ms: number | undefined;
}

/** What to list. */
export interface InvalidationListOptions {
  /** Go on after the page that ended with this. */
  readonly after?: string;
  /** The most records of a page. Default 100. */
  readonly limit?: number;
}

/** A page of records, the newest first. */
export interface InvalidationPage {
  readonly invalidations: readonly Invalidation[];
  /** For the next page, which is of older ones; `undefined` if this is the last one. */
  readonly next: string | undefined;
}

/** A record to be added: lists of any length are cut to what a record shows. */
export type Invalidated = Omit<Invalidation, 'id' | 'dependencies' | 'dependencyCount' | 'write'> & {
  /** What was changed, or how to find out once somebody looks. */
  readonly dependencies: readonly Dependency[] | (() => readonly Dependency[]);
  readonly write: { readonly repository: string; readonly ids: readonly string[] } | undefined;
};

const SHOWN = 20;

/** The newest records of this process, a bounded number of them. */
export class InvalidationLog {
  readonly #size: number;
  readonly #ring: (Invalidation | (() => Invalidation))[] = [];
  #last = 0;

  /** Throws `bad_option` for a size that is no whole number from 1 up. */
  constructor(size = 1000) {
    this.#size = positiveInteger('log: size', size);
  }

  /** How many records there have been; the newest have been kept. */
  get count(): number {
    return this.#last;
  }

  add({ write, dependencies, ...record }: Invalidated): void {
    const id = ++this.#last;
    const about = write && { repository: write.repository, ids: write.ids.slice(0, SHOWN), count: write.ids.length };
    const shown = (all: readonly Dependency[]): Invalidation =>
      Object.freeze({
        ...record,
        id,
        write: about,
        dependencies: all.slice(0, SHOWN),
        dependencyCount: all.length,
      });
    this.#ring[id % this.#size] =
      typeof dependencies === 'function' ? () => shown(dependencies()) : shown(dependencies);
  }

  /**
   * A page of records, the newest first. What is added meanwhile isn't in later pages, and what is dropped isn't either.
   *
   * @throws `bad_option` for a cursor or a limit that is none.
   */
  list(options: InvalidationListOptions = {}): InvalidationPage {
    checkOptions('log.list', options, ['after', 'limit']);
    const limit = positiveInteger('log.list: limit', options.limit ?? 100);
    const { after } = options;
    if (after !== undefined && !(typeof after === 'string' && /^[1-9]\d{0,14}$/.test(after)))
      throw new TidemarkError('bad_option', `log.list: after must be the 'next' of a page, not ${describe(after)}`);
    const newest = Math.min(this.#last, after === undefined ? Infinity : Number(after) - 1);
    const oldest = Math.max(1, this.#last - this.#size + 1);
    const end = Math.max(oldest, newest - limit + 1);
    const invalidations: Invalidation[] = [];
    for (let id = newest; id >= end; id--) invalidations.push(this.#at(id % this.#size));
    return { invalidations, next: newest >= end && end > oldest ? String(end) : undefined };
  }
  #at(place: number): Invalidation {
    const record = this.#ring[place];
    return typeof record === 'function' ? (this.#ring[place] = record()) : record;
  }
}
