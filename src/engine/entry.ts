/** What a store keeps under a key: a value, the mark it was true at, what it rests on, and its times. */
import type { Dependency } from './dependency.ts';

/** A position in a change log: an integer that only grows. Marks of different incarnations can't be compared. */
export type Mark = number;

/** A kept value with everything needed to decide, later and elsewhere, whether it may still be served. */
export interface Entry<V = unknown> {
  readonly value: V;
  /** The mark at which the load of the value began, or any later mark up to which it has been found unchanged. */
  readonly mark: Mark;
  /** The incarnation of the log that the mark belongs to; in another one the entry is worth nothing. */
  readonly incarnation: string;
  /** What it rests on beyond its own key and that key's prefixes: tags and other keys. */
  readonly dependencies: readonly Dependency[];
  /** Milliseconds since the epoch up to which it is fresh; `Infinity` if it doesn't age. */
  readonly freshUntil: number;
  /** Milliseconds since the epoch after which no one wants it any more (the end of its stale and grace time). */
  readonly keptUntil: number;
  /** The source's own name for this version of the value, for conditional reloads. */
  readonly etag?: string | undefined;
  /** Milliseconds that the load took; early refresh weighs by it. */
  readonly cost?: number | undefined;
  /** In memory only: the value can't be frozen, so whoever is served it gets a copy. */
  readonly copied?: boolean | undefined;
}

/** Has this everything that an entry must have, in the right shape? Asked of what stores answer with. */
export function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const { mark, incarnation, dependencies, freshUntil, keptUntil } = value as Partial<Entry>;
  return (
    'value' in value &&
    Number.isSafeInteger(mark) &&
    typeof incarnation === 'string' &&
    Array.isArray(dependencies) &&
    dependencies.every((dependency) => typeof dependency === 'string') &&
    [freshUntil, keptUntil].every((time) => typeof time === 'number' && !Number.isNaN(time))
  );
}
