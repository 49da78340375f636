/** What the API is put over: a cache, and what a content cache has besides. */
import type { ChangeResult } from '../../engine/authority.ts';
import type { Cache } from '../../engine/cache.ts';
import type { Selector } from '../../engine/invalidate.ts';
import type { Content } from '../content.ts';
import type { DryRun } from '../content-options.ts';
import type { InvalidationListOptions, InvalidationPage } from '../invalidation-log.ts';
import type { Payload } from '../rules.ts';
import { Refusal } from './refusal.ts';

/** Who did it. */
export interface By {
  readonly actor: string;
}

/** Something that has happened, for the rules to say what falls. */
export interface AdminEvent {
  readonly event: string;
  readonly payload: Payload;
}

/** How a warm-up ended. */
export interface AdminWarmed {
  readonly warmed: number;
  readonly failed: number;
}

/** What `createContent` makes, as far as it is used here. A cache alone is enough: what is missing isn't offered. */
export interface AdminContent extends Partial<Pick<Content, 'stats' | 'health' | 'invalidate' | 'dryRun' | 'clear'>> {
  readonly cache: Cache;
  readonly log?: { list(options: InvalidationListOptions): InvalidationPage };
  readonly events?: Pick<Content['events'], 'emit' | 'names'>;
}

/** How healthy it is: what fails, and what is only to be known. */
export interface AdminHealth {
  readonly ok: boolean;
  readonly reasons: readonly string[];
  readonly notes: readonly string[];
}

/** What can be done here, with what the cache alone can do where there is nothing better. */
export class Administered {
  readonly cache: Cache;
  readonly #content: AdminContent;

  constructor(content: AdminContent) {
    this.cache = content.cache;
    this.#content = content;
  }

  /** What is offered besides what every cache can do. */
  get offers(): { readonly log: boolean; readonly events: readonly string[] } {
    const { log, events } = this.#content;
    return { log: log !== undefined, events: events?.names ?? [] };
  }

  health(): AdminHealth {
    if (this.#content.health) {
      const { ok, reasons, notes } = this.#content.health();
      return { ok, reasons, notes };
    }
    const { tiers, log } = this.cache.stats();
    const reasons = tiers
      .filter(({ breaker }) => breaker !== 'closed')
      .map(({ name, breaker }) => `tier ${name}: breaker ${breaker}`);
    if (log.silent && log.incarnation !== '') reasons.push('log: silent for too long');
    if (log.unsaid > 0) reasons.push(`log: ${log.unsaid} changes wait to be said`);
    return { ok: reasons.length === 0, reasons, notes: [] };
  }

  log(options: InvalidationListOptions): InvalidationPage {
    return offered(this.#content.log, 'log of invalidations').list(options);
  }

  dryRun(what: Selector | AdminEvent): DryRun {
    if (this.#content.dryRun) return this.#content.dryRun(what);
    if ('event' in what) throw new Refusal('not_available', 'there are no events here');
    return { rules: [], ...this.cache.wouldDrop(what) };
  }

  /** How a change ended; `undefined` if no rule said that anything has changed. */
  async change(what: Selector | AdminEvent, by: By): Promise<ChangeResult | undefined> {
    if ('event' in what) {
      const events = offered(this.#content.events, 'events');
      return (await events.emit(what.event, what.payload, by)).change;
    }
    return this.#content.invalidate ? this.#content.invalidate(what, by) : this.cache.invalidate(what);
  }

  async clear(by: By): Promise<ChangeResult | undefined> {
    return this.#content.clear ? this.#content.clear(by) : this.change({ all: true }, by);
  }

  /** The figures of the content cache, or of the cache alone. */
  get figures(): ReturnType<NonNullable<AdminContent['stats']>> | ReturnType<Cache['stats']> {
    return this.#content.stats?.() ?? this.cache.stats();
  }
}

/** What this content has, or the answer that it hasn't. */
export function offered<T>(part: T | undefined, what: string): T {
  if (part === undefined) throw new Refusal('not_available', `there is nothing of this kind here: ${what}`);
  return part;
}
