/** Figures of a content cache: by tier and by namespace, and whether all is well. */
import type { BreakerState } from '../engine/breaker.ts';
import type { Cache } from '../engine/cache.ts';
import { type CacheStats, type CollectionStats, summed, type TierStats } from '../engine/stats.ts';
import type { Members } from './members.ts';
import type { ContentSwitches, SwitchState } from './switches.ts';
import { UNCACHED } from './switched-collection.ts';

/** Figures of one namespace. Reads that the switches sent to the source are none of its other reads. */
export interface NamespaceStats extends CollectionStats {
  /** The names of the cache's collections that it is made of: a repository has several. */
  readonly collections: readonly string[];
  readonly bypassed: number;
}

/** Figures of one tier. */
export interface ContentTierStats extends TierStats {
  /** Of its reads, the share that found an entry, valid or not. Hits straight from memory aren't among its reads. */
  readonly foundRatio: number;
}

/** Figures since the cache was made: what `cache.stats()` has, without the reads that the switches sent to the source. */
export interface ContentStats extends CacheStats {
  readonly tiers: readonly ContentTierStats[];
  readonly namespaces: Readonly<Record<string, NamespaceStats>>;
  /** Reads that the switches sent to the source. */
  readonly bypassed: number;
  readonly switches: SwitchState;
}

/** Whether all is well. */
export interface ContentHealth {
  /** False if something fails: answers are right, but slower. */
  readonly ok: boolean;
  /** What fails, in words; empty if all is well. */
  readonly reasons: readonly string[];
  /** What was switched off by hand or by configuration, in words. */
  readonly notes: readonly string[];
  readonly tiers: readonly { readonly name: string; readonly breaker: BreakerState }[];
  readonly log: Pick<CacheStats['log'], 'silent' | 'silentFor' | 'unsaid'>;
}

/** The figures of a cache, those of namespaces among them. `bypassed` are counts by namespace. */
export function contentStats(
  cache: Cache,
  members: Members,
  switches: ContentSwitches,
  bypassed: ReadonlyMap<string, number>,
): ContentStats {
  const stats = cache.stats();
  const collections = Object.entries(stats.collections).filter(([name]) => !name.endsWith(UNCACHED));
  const uncached = Object.entries(stats.collections).filter(([name]) => name.endsWith(UNCACHED));
  const names = new Map(collections.map(([name]) => [name, members.namespaceOf(name)]));
  const namespaces = new Set([...members.all.map(({ policy }) => policy.namespace), ...names.values()]);
  return {
    ...stats,
    ...without(stats, summed(uncached.map(([, counts]) => counts))),
    collections: Object.fromEntries(collections),
    tiers: stats.tiers.map((tier) => ({ ...tier, foundRatio: tier.reads === 0 ? 0 : tier.found / tier.reads })),
    namespaces: Object.fromEntries(
      [...namespaces].map((namespace) => {
        const own = collections.filter(([name]) => names.get(name) === namespace);
        const figures = summed(own.map(([, counts]) => counts));
        const made = own.map(([name]) => name);
        return [namespace, { ...figures, collections: made, bypassed: bypassed.get(namespace) ?? 0 }];
      }),
    ),
    bypassed: [...bypassed.values()].reduce((sum, count) => sum + count, 0),
    switches: switches.state,
  };
}

function without(all: CollectionStats, less: CollectionStats): CollectionStats {
  const negative = Object.fromEntries(Object.entries(less).map(([name, count]) => [name, -count]));
  return summed([all, negative as unknown as CollectionStats]);
}

/** Whether all is well with a cache. */
export function contentHealth(cache: Cache, switches: ContentSwitches): ContentHealth {
  const { tiers, log } = cache.stats();
  const { enabled, rollout, off, namespaces, killedFor } = switches.state;
  const reasons = tiers
    .filter(({ breaker }) => breaker !== 'closed')
    .map(({ name, breaker }) => `tier ${name}: breaker ${breaker}`);
  if (log.silent) reasons.push(`log: silent for ${log.silentFor} ms`);
  if (log.unsaid > 0) reasons.push(`log: ${log.unsaid} changes wait to be said`);
  if (killedFor > 0) reasons.push(`switches: off for ${killedFor} ms, since tiers kept failing`);
  const notes = Object.entries(namespaces).map(([namespace, reason]) => `namespace ${namespace} is off: ${reason}`);
  if (off !== undefined) notes.unshift(`everything is off: ${off}`);
  if (!enabled) notes.unshift('the cache is not enabled');
  else if (rollout < 100) notes.push(`${rollout} % of the keys are cached`);
  return {
    ok: reasons.length === 0,
    reasons,
    notes,
    tiers: tiers.map(({ name, breaker }) => ({ name, breaker })),
    log: { silent: log.silent, silentFor: log.silentFor, unsaid: log.unsaid },
  };
}
