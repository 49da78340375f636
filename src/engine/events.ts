/** What a cache tells whoever listens. Nothing is made or called when nobody does. */
import type { BreakerState } from './breaker.ts';
import type { Dependency } from './dependency.ts';
import type { Mark } from './entry.ts';
import type { Path } from './key.ts';

/** Every event and what it brings. `key` is the whole path, the collection's name first. */
export interface Events {
  /** A read was answered by a tier. */
  readonly hit: { readonly key: Path; readonly tier: string };
  /** A read was answered by a value that is old by time; `why` says which promise allowed it. */
  readonly stale: { readonly key: Path; readonly why: 'staleFor' | 'graceFor' | 'softTimeout' };
  /** A read began a load, or was to do without one: no tier had a value that could be served. */
  readonly miss: { readonly key: Path };
  /**
   * A load ended well. `kept` is false if something that it rests on changed while it ran, if its TTL is 0, or if another
   * load has taken its place.
   */
  readonly load: { readonly key: Path; readonly ms: number; readonly kept: boolean };
  /** A load failed. */
  readonly loadFailed: { readonly key: Path; readonly error: unknown };
  /** This process changed something: `reach` tells whether the log knows of it. */
  readonly change: {
    readonly dependencies: readonly Dependency[];
    readonly mark: Mark | undefined;
    readonly reach: Reach;
  };
  /** An operation on a tier or its log failed, answered wrongly, or took too long. What an open breaker skips is only counted. */
  readonly tierFailed: { readonly tier: string; readonly operation: string; readonly error: unknown };
  /** A tier's breaker changed. */
  readonly breaker: { readonly tier: string; readonly state: BreakerState };
  /** A store didn't keep an entry: a backend whose log had overtaken it, or another store for its own reasons. */
  readonly refused: { readonly key: Path; readonly tier: string };
  /**
   * The follower missed changes, met another incarnation of the log, or heard nothing for too long; what was held has been
   * dropped.
   */
  readonly gap: { readonly reason: 'missed' | 'incarnation' | 'silence' };
  /** A listener threw. Without a listener of its own this is silent. */
  readonly listenerFailed: { readonly event: string; readonly error: unknown };
}

/** The names of all events. */
export const EVENT_NAMES: readonly (keyof Events)[] = [
  'hit',
  'stale',
  'miss',
  'load',
  'loadFailed',
  'change',
  'tierFailed',
  'breaker',
  'refused',
  'gap',
  'listenerFailed',
];

/** How far a change has reached when its promise resolves. */
export type Reach = 'everywhere' | 'local';

/** Takes one kind of event. */
export type Listener<K extends keyof All, All = Events> = (event: All[K]) => void;

/** Listeners by event, as `createCache({ on })` takes them. */
export type Listeners<All = Events> = { readonly [K in keyof All]?: Listener<K, All> };

/** What every family of events has: a listener threw. */
export interface ListenerFailures {
  readonly listenerFailed: { readonly event: string; readonly error: unknown };
}

/** Listeners, and the one question that hot code asks before it makes an event. */
export class Emitter<All extends ListenerFailures = Events> {
  readonly #listeners = new Map<keyof All, Set<Listener<never, All>>>();

  /** Is there anyone to tell? */
  has(event: keyof All): boolean {
    return this.#listeners.has(event);
  }

  /** Listen; the result stops it. */
  on<K extends keyof All>(event: K, listener: Listener<K, All>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(event) === listeners) this.#listeners.delete(event);
    };
  }

  /** Tell everyone. A listener that throws doesn't disturb the others, nor the cache. */
  emit<K extends keyof All>(event: K, what: All[K]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        (listener as Listener<K, All>)(what);
      } catch (error) {
        if (event !== 'listenerFailed') this.emit('listenerFailed', { event: String(event), error });
      }
    }
  }
}
