/** Figures of a content cache as the API gives them: its own, each with the name of what it counts. */
import type { Cache } from '../../engine/cache.ts';
import type { CacheStats, CollectionStats, TierStats } from '../../engine/stats.ts';
import type { ContentStats, NamespaceStats } from '../figures.ts';

/** The reads of one collection. */
export interface CollectionFigures extends CollectionStats {
  readonly name: string;
}

/** The reads of one namespace: of all collections under its policies. Without policies each collection is one. */
export interface NamespaceFigures extends NamespaceStats {
  readonly name: string;
}

/** One tier, and how full it is; `null` where it doesn't count. */
export interface TierFigures extends Omit<TierStats, 'usage'> {
  readonly entries: number | null;
  readonly bytes: number | null;
  readonly evicted: number | null;
  readonly expired: number | null;
}

/** What `GET /cache/stats` answers. Figures are of this process (in Workers: of this isolate) since its cache was made. */
export interface AdminStats {
  readonly at: string;
  readonly cache: string;
  readonly totals: Omit<NamespaceStats, 'collections'>;
  readonly namespaces: readonly NamespaceFigures[];
  readonly collections: readonly CollectionFigures[];
  readonly tiers: readonly TierFigures[];
  readonly log: CacheStats['log'];
}

const COUNTS: readonly (keyof CollectionStats)[] = [
  'reads',
  'hits',
  'stale',
  'loaded',
  'joined',
  'absent',
  'failed',
  'aborted',
  'hitRatio',
  'loads',
  'loadFailures',
  'overtaken',
  'refreshes',
  'sets',
];

/** All figures now. */
export function adminStats(cache: Cache, stats: CacheStats | ContentStats): AdminStats {
  const collections = named(stats.collections);
  const namespaces = 'namespaces' in stats ? named(stats.namespaces) : collections.map(namespaceOf);
  return {
    at: new Date().toISOString(),
    cache: cache.name,
    totals: { ...counted(stats), bypassed: 'bypassed' in stats ? stats.bypassed : 0 },
    namespaces,
    collections,
    tiers: stats.tiers.map(tierFigures),
    log: stats.log,
  };
}

function named<T extends object>(all: Readonly<Record<string, T>>): (T & { readonly name: string })[] {
  return Object.entries(all).map(([name, figures]) => ({ name, ...figures }));
}

function namespaceOf(figures: CollectionFigures): NamespaceFigures {
  return { ...figures, collections: [figures.name], bypassed: 0 };
}

function counted(stats: CollectionStats): CollectionStats {
  return Object.fromEntries(COUNTS.map((name) => [name, stats[name]])) as unknown as CollectionStats;
}

function tierFigures({
  name,
  reads,
  found,
  failures,
  skipped,
  breaker,
  distrusted,
  usage,
  gauges,
}: TierStats): TierFigures {
  const { entries = null, bytes = null, evicted = null, expired = null } = usage ?? {};
  return { name, reads, found, failures, skipped, breaker, distrusted, entries, bytes, evicted, expired, gauges };
}
