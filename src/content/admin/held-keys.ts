/** What memory holds, a page at a time, with a search. */
import type { Cache } from '../../engine/cache.ts';
import type { HeldEntry } from '../../engine/held.ts';
import { decodePath, encodePath, type Path } from '../../engine/key.ts';

/** One entry in a list of keys. Times are milliseconds; `null` means for ever. */
export interface KeyRow {
  readonly key: Path;
  /** The key as one text, as `/cache/keys/` takes it. */
  readonly text: string;
  readonly collection: string | null;
  readonly tier: string;
  readonly valid: boolean;
  readonly mark: number;
  readonly freshFor: number | null;
  readonly keptFor: number | null;
  /** How many it rests on besides its key. */
  readonly dependencies: number;
}

/** A page of keys. */
export interface KeysPage {
  readonly entries: readonly KeyRow[];
  /** Goes on after this page; a search may have found nothing yet, and still go on. */
  readonly next: string | null;
}

/** Which keys are asked for. */
export interface KeysAsked {
  /** Keys at or below this path. */
  readonly prefix: Path;
  /** Keys whose text has this in it, in small letters or capitals. */
  readonly search: string;
  readonly after: string;
  /** The most keys. */
  readonly limit: number;
}

const MOST_LOOKED_AT = 20_000; // by a search, in one request

/** The page that is asked for. A search looks at so many keys in a request, and then says where to go on. */
export function heldKeys(cache: Cache, { prefix, search, after, limit }: KeysAsked): KeysPage {
  const wanted = search.toLowerCase();
  const page = cache.held({ prefix, after, limit: wanted === '' ? limit : MOST_LOOKED_AT });
  const entries: KeyRow[] = [];
  let found = 0;
  for (const entry of page.entries) {
    const text = encodePath(entry.key);
    if (!text.toLowerCase().includes(wanted)) continue;
    if (text !== entries.at(-1)?.text && ++found > limit) return { entries, next: entries.at(-1)!.text };
    entries.push(keyRow(text, entry));
  }
  return { entries, next: page.next ?? null };
}

function keyRow(
  text: string,
  { key, tier, collection, valid, mark, freshFor, keptFor, dependencies }: HeldEntry,
): KeyRow {
  return {
    key,
    text,
    collection: collection ?? null,
    tier,
    valid,
    mark,
    freshFor: finite(freshFor),
    keptFor: finite(keptFor),
    dependencies: dependencies.length,
  };
}

/** What JSON has no number for: for ever. */
export function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}

/** A path written as one text; the slash at its beginning may be missing, and the empty text is the empty path. */
export function pathOfText(text: string): Path {
  return text === '' ? [] : decodePath(text.startsWith('/') ? text : `/${text}`);
}
