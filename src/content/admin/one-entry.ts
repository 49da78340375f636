/** One key, tier by tier: what is there, whether it would be served, and why. */
import type { Cache } from '../../engine/cache.ts';
import type { ExplainedTier, Explanation } from '../../engine/explain.ts';
import { encodePath, type Path } from '../../engine/key.ts';
import { finite } from './held-keys.ts';
import { type Preview, preview } from './preview.ts';

/** A dependency of an entry; `stamp` is `null` if it isn't known to have changed. */
export interface DependencyRow {
  readonly dependency: string;
  readonly stamp: number | null;
  readonly newer: boolean;
}

/** What a tier has, as {@link ExplainedTier} says it. Times are milliseconds, and `null` means for ever. */
export interface TierEntry {
  readonly tier: string;
  readonly found: boolean;
  readonly served: boolean;
  readonly why: string;
  readonly entry: {
    readonly verdict: string;
    readonly mark: number;
    readonly incarnation: string;
    readonly freshFor: number | null;
    readonly keptFor: number | null;
    readonly etag: string | null;
    readonly dependencies: readonly DependencyRow[];
    /** The beginning of the value, where it was asked for and may be shown. */
    readonly value: Preview | null;
  } | null;
}

/** What `GET /cache/keys/:key` answers. */
export interface EntryAnswer extends Omit<Explanation, 'tiers' | 'collection'> {
  readonly text: string;
  readonly collection: string | null;
  readonly tiers: readonly TierEntry[];
}

/** Look at a key without counting a read. */
export async function oneEntry(cache: Cache, key: Path, show: { readonly values: boolean }): Promise<EntryAnswer> {
  const { collection, tiers, ...rest } = await cache.explain(key, show);
  return { text: encodePath(key), ...rest, collection: collection ?? null, tiers: tiers.map(tierEntry) };
}

function tierEntry(explained: ExplainedTier): TierEntry {
  const { tier, found, served, why } = explained;
  if (!found) return { tier, found, served, why, entry: null };
  const { verdict = 'unknown', mark = 0, incarnation = '', freshFor = 0, keptFor = 0, etag = null } = explained;
  const dependencies = (explained.dependencies ?? []).map(({ stamp = null, ...one }) => ({ ...one, stamp }));
  const value = 'value' in explained ? preview(explained.value) : null;
  const times = { freshFor: finite(freshFor), keptFor: finite(keptFor) };
  return { tier, found, served, why, entry: { verdict, mark, incarnation, ...times, etag, dependencies, value } };
}
