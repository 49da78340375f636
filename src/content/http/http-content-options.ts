/** What a responder for data is made with, checked. */
import type { Cache } from '../../engine/cache.ts';
import { type Clock, systemClock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { checkOptions, duration, type Duration, functionOrNothing, nonEmptyText } from '../../engine/options.ts';
import type { PrincipalInput } from '../principal.ts';
import type { AskedField } from './inquiry.ts';
import { checkedPolicy, type HttpPolicy } from './http-policy.ts';

/** Options of {@link httpContent}. Durations are milliseconds or text such as `'90s'`, `'10m'`, `'1h'`. */
export interface HttpContentOptions {
  /** The cache that the readings go through: it keeps their representations as well. */
  readonly cache: Pick<Cache, 'getOrLoad' | 'invalidate'>;
  /** The caching of each collection's answers. Default of one that isn't named: `no-cache`, so that clients ask each time. */
  readonly policies?: Readonly<Record<string, HttpPolicy>>;
  /**
   * Who asks. What it looks at is named in Vary, and what depends on a reader is kept apart for each and said to be private.
   * Without it a request with `Authorization` is answered for itself alone.
   */
  readonly principal?: (asked: AskedField, request: Request) => PrincipalInput | Promise<PrincipalInput>;
  /**
   * Asked with the name of a reading's policy and its key as text: `false` has it read and made for the request alone, and
   * nothing kept of it here. Default always; `content.switches.allows` for a switch over both.
   */
  readonly cached?: (policy: string, key: string) => boolean;
  /** Whose `Cache-Control` is honoured: they can have things read anew. Default nobody's. */
  readonly trusted?: (request: Request) => boolean;
  /**
   * How long representations are kept, beyond what changes make of them. Default `'5m'`: then they are made anew of what the
   * readings have kept.
   */
  readonly ttl?: Duration;
  /** How long it is kept that something isn't there. Default as `ttl`. */
  readonly negativeTtl?: Duration;
  /** The release of the program: what another one has made isn't served. Default `'1'`. */
  readonly release?: string;
  /** What this is called in `Cache-Status`. Default `'content'`. */
  readonly name?: string;
  readonly clock?: Clock;
}

/** Options with their defaults; durations in milliseconds. */
export interface CheckedContentOptions {
  readonly cache: HttpContentOptions['cache'];
  readonly policies: ReadonlyMap<string, HttpPolicy>;
  readonly principal: HttpContentOptions['principal'];
  readonly cached: (policy: string, key: string) => boolean;
  readonly trusted: (request: Request) => boolean;
  readonly ttl: number;
  readonly negativeTtl: number;
  readonly release: string;
  readonly name: string;
  readonly clock: Clock;
}

const NAMES: readonly (keyof HttpContentOptions)[] = [
  'cache',
  'policies',
  'principal',
  'cached',
  'trusted',
  'ttl',
  'negativeTtl',
  'release',
  'name',
  'clock',
];

/** Throws `bad_option` naming the option. */
export function checkedContentOptions(options: HttpContentOptions): CheckedContentOptions {
  checkOptions('httpContent', options, NAMES);
  const { cache, policies = {}, principal, trusted = () => false, clock = systemClock } = options;
  if (typeof cache?.getOrLoad !== 'function')
    throw new TidemarkError('bad_option', `httpContent: cache must be a cache, not ${describe(cache)}`);
  functionOrNothing('httpContent: principal', principal);
  functionOrNothing('httpContent: trusted', trusted);
  functionOrNothing('httpContent: cached', options.cached);
  const ttl = duration('httpContent: ttl', options.ttl ?? '5m');
  return {
    cache,
    policies: new Map(
      Object.entries(policies).map(([name, policy]) => [name, checkedPolicy(`httpContent: policies.${name}`, policy)]),
    ),
    principal,
    cached: options.cached ?? (() => true),
    trusted,
    ttl,
    negativeTtl: duration('httpContent: negativeTtl', options.negativeTtl ?? ttl),
    release: nonEmptyText('httpContent: release', options.release ?? '1'),
    name: nonEmptyText('httpContent: name', options.name ?? 'content'),
    clock,
  };
}
