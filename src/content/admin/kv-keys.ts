/** What a namespace of Workers KV lists, a page at a time. */
import { pathOfStorageKey } from '../../engine/backend.ts';
import { encodePath, type Path } from '../../engine/key.ts';
import type { KeysAsked } from './held-keys.ts';
import { Refusal } from './refusal.ts';

/** A namespace that can be listed: a binding such as `env.CACHE`. One without a list is refused with `bad_option`. */
export interface KvListing {
  list?(options: { readonly prefix: string; readonly limit: number; readonly cursor?: string }): Promise<{
    readonly keys: readonly { readonly name: string; readonly expiration?: number; readonly metadata?: unknown }[];
    readonly list_complete: boolean;
    readonly cursor?: string;
  }>;
}

/** Where the entries of a `workersKv` tier are. */
export interface KvPlace {
  readonly namespace: KvListing;
  /** As `workersKv` has it. Default `'tidemark'`. */
  readonly prefix?: string;
  /** What the tier is called. Default `'workers-kv'`. */
  readonly name?: string;
}

/** An entry as KV lists it. */
export interface KvRow {
  readonly key: Path;
  readonly text: string;
  readonly tier: string;
  /** When KV forgets it. */
  readonly expiresAt: string | null;
  /** The key is only the beginning of a longer one. */
  readonly cut: boolean;
}

/** A page of what KV lists. */
export interface KvKeysPage {
  readonly entries: readonly KvRow[];
  readonly next: string | null;
  /** What this list can't know. */
  readonly late: string;
}

const LATE =
  'KV lists late: what was written or deleted elsewhere within the last minute or so may be missing here, or still be here. ' +
  'Nor does a list know whether an entry is right: look at one to see.';

/** One page is one operation of KV. A search looks at the keys of this page only. */
export async function kvKeys(
  { namespace, prefix: place = 'tidemark', name: tier = 'workers-kv' }: KvPlace,
  cache: string,
  { prefix, search, after, limit }: KeysAsked,
): Promise<KvKeysPage> {
  const below = prefix.length === 0 ? '/' : encodePath([cache, ...prefix]);
  if (!namespace.list) throw new Refusal('not_available', 'the namespace has no list');
  const page = await namespace.list({ prefix: place + below, limit, ...(after !== '' && { cursor: after }) });
  const entries: KvRow[] = [];
  for (const { name, expiration, metadata } of page.keys) {
    const known = metadata as { readonly key?: unknown; readonly cut?: unknown } | null | undefined;
    const stored = typeof known?.key === 'string' ? known.key : name.slice(place.length);
    const cut = known?.cut === true;
    const [owner, ...key] = cut ? pathOfStorageKey(`${stored}~`) : pathOfStorageKey(stored);
    if (owner !== cache || key.length === 0) continue;
    const text = encodePath(key);
    if (!prefix.every((segment, i) => key[i] === segment)) continue;
    if (!text.toLowerCase().includes(search.toLowerCase())) continue;
    const expiresAt = expiration === undefined ? null : new Date(expiration * 1000).toISOString();
    entries.push({ key, text, tier, expiresAt, cut });
  }
  return { entries, next: page.list_complete ? null : (page.cursor ?? null), late: LATE };
}
