/** What a content cache is made with and asked with. */
import type { Cache } from '../engine/cache.ts';
import type { Clock } from '../engine/clock.ts';
import type { Dependency } from '../engine/dependency.ts';
import type { InvalidateOptions, Selector } from '../engine/invalidate.ts';
import type { Path } from '../engine/key.ts';
import type { EntityPolicies } from './entity-policy.ts';
import type { ContentEnvironment } from './environment.ts';
import type { Item } from './matching.ts';
import type { RepositoryOptions } from './repository.ts';
import type { Payload, Rule } from './rules.ts';
import type { ContentSwitches } from './switches.ts';

/** What a content cache is made with. */
export interface ContentOptions {
  readonly cache: Cache;
  /** Default: the planned table, with the environment's default TTL. */
  readonly policies?: EntityPolicies;
  /** Default: as the environment says, otherwise everything on. Failures of the cache's tiers are counted for them. */
  readonly switches?: ContentSwitches;
  /** The deploy's variables, as `contentEnvironment` reads them. */
  readonly environment?: ContentEnvironment;
  /** Rules beside those that follow from the policies. */
  readonly rules?: readonly Rule[];
  /** How many records the log of invalidations keeps. Default 1,000. */
  readonly logSize?: number;
  /** Before a change, what memory holds of it is counted if it holds no more entries than this. Default 1,000. */
  readonly countUpTo?: number;
  /** Gets a line for each miss, load and change, never with values; if there is an environment, only with `CACHE_DEBUG`. */
  readonly debug?: (line: string) => void;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
}

/** How a repository is made in a content cache. What is said here wins over the policy. */
export type ContentRepositoryOptions<T extends Item> = Omit<RepositoryOptions<T>, 'cache'> & {
  /** The kind of thing that it keeps; one that the policies know. Default `'content'`. */
  readonly policy?: string;
};

/** How something is dropped directly. */
export interface ContentInvalidateOptions extends InvalidateOptions {
  /** Who did it, for the log of invalidations. */
  readonly actor?: string | undefined;
}

/** What would be dropped: by an event, or by a selector. */
export type DryRunOf = { readonly event: string; readonly payload?: Payload } | Selector;

/** What would be dropped. */
export interface DryRun {
  readonly rules: readonly string[];
  readonly dependencies: readonly Dependency[];
  /** How many entries memory holds of it. */
  readonly entries: number;
  /** The first hundred of them. */
  readonly keys: readonly Path[];
}
