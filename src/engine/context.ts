/** What a loader is told, and what it may say about the value that it loads. */
import { type Dependency, implicitDependencies, type Names } from './dependency.ts';
import type { Flight } from './flight.ts';
import { type Key, pathOf } from './key.ts';
import { duration, type Duration } from './options.ts';
import { copy } from './values.ts';

/** Returned by a loader for "what you have is still right". */
export const NOT_MODIFIED: unique symbol = Symbol('not modified');

/** What `ctx.notModified()` returns. */
export type NotModified = typeof NOT_MODIFIED;

/** A value that the cache had, and its etag if the loader gave one. */
export interface Previous<V> {
  readonly value: V;
  readonly etag: string | undefined;
}

/** Handed to a loader with each key. */
export interface LoadContext<V = unknown> {
  /** Aborts when nobody waits for the load any more, or when its time is up. */
  readonly signal: AbortSignal;
  /** What the cache still had when the load began, if anything: old by time, and perhaps still right. */
  readonly previous: Previous<V> | undefined;
  /** `return ctx.notModified()` keeps the previous value for another TTL. Throws if there is none. */
  notModified(): NotModified;
  /** This value's own TTL, instead of the collection's. */
  ttl(ttl: Duration): void;
  /** Tags that this value can be invalidated by, in addition to the collection's. */
  tag(...tags: readonly string[]): void;
  /** Other keys that this value was made from, each a whole path beginning with its collection's name. */
  dependsOn(...keys: readonly Key[]): void;
  /** The source's name for this version of the value. */
  etag(etag: string): void;
}

/** Handed to a batch loader. */
export interface BatchContext<V = unknown> {
  /** Aborts when nobody waits for any of the keys any more. */
  readonly signal: AbortSignal;
  /** The context of one key, by position. */
  at(index: number): LoadContext<V>;
}

/** A load's context, and what the loader said. */
export class Said implements LoadContext {
  readonly #flight: Flight;
  readonly previous: Previous<unknown> | undefined;
  readonly dependencies: Set<Dependency> = new Set();
  saidTtl: number | undefined;
  saidEtag: string | undefined;

  readonly #names: Names;

  constructor(flight: Flight, names: Names) {
    this.#names = names;
    this.#flight = flight;
    const { previous } = flight;
    this.previous = previous && { value: previous.copied ? copy(previous.value) : previous.value, etag: previous.etag };
  }

  get signal(): AbortSignal {
    return this.#flight.signal;
  }

  readonly notModified = (): NotModified => {
    if (!this.previous) throw new TypeError('notModified() needs a previous value: check ctx.previous first');
    return NOT_MODIFIED;
  };

  readonly ttl = (ttl: Duration): void => {
    this.saidTtl = duration('ctx.ttl', ttl);
  };

  readonly tag = (...tags: readonly string[]): void => {
    for (const tag of tags) this.dependencies.add(this.#names.tag(tag));
  };

  readonly dependsOn = (...keys: readonly Key[]): void => {
    for (const key of keys)
      for (const dependency of implicitDependencies(this.#names.whole(pathOf(key)))) this.dependencies.add(dependency);
  };

  readonly etag = (etag: string): void => {
    this.saidEtag = etag;
  };
}
