/** Looking at what the memory tiers hold: a page at a time, and what a change would drop, without changing anything. */
import type { DefinedCollection } from './collection.ts';
import type { Core } from './core.ts';
import { type Dependency, implicitDependencies, keyPathOf } from './dependency.ts';
import type { Entry, Mark } from './entry.ts';
import { encodePath, type Key, type Path, pathOf, pathOfLocalId } from './key.ts';
import { checkOptions, positiveInteger, trueOrFalse } from './options.ts';
import { decodePattern, matches } from './pattern.ts';
import { copy } from './values.ts';

/** An entry in a memory tier. */
export interface HeldEntry {
  /** The whole path, the collection's name first. */
  readonly key: Path;
  readonly tier: string;
  /** `undefined` for a key without one. */
  readonly collection: string | undefined;
  /** What it rests on beside its key and its key's prefixes. */
  readonly dependencies: readonly Dependency[];
  /** The mark up to which it is known to be right. */
  readonly mark: Mark;
  /** Milliseconds that it stays fresh, and that it is kept; negative once over, `Infinity` for ever. */
  readonly freshFor: number;
  readonly keptFor: number;
  /** False if something that it rests on has changed: it leaves when it is read, or when there is need of room. */
  readonly valid: boolean;
  /** The value itself, if it was asked for: to be looked at, not to be changed. */
  readonly value?: unknown;
}

/** What to look at. */
export interface HeldOptions {
  /** Only keys at or below this path. */
  readonly prefix?: Key;
  /** Go on after the page that ended with this. */
  readonly after?: string;
  /** The most keys of a page. Default 100. */
  readonly limit?: number;
  /** Show the values, too. Default false. */
  readonly values?: boolean;
}

/** A page of entries in the order of their keys. */
export interface HeldPage {
  readonly entries: readonly HeldEntry[];
  /** For the next page; `undefined` if this is the last one. */
  readonly next: string | undefined;
}

/** What a change would do to the memory tiers. */
export interface WouldDrop {
  readonly dependencies: readonly Dependency[];
  /** How many keys that are held and right would fall. */
  readonly entries: number;
  /** The first hundred of them. */
  readonly keys: readonly Path[];
}

type Part = DefinedCollection<unknown>;
type Located = readonly [part: Part, id: string, key: Path];

const SHOWN = 100;

/** A page of what the parts of a cache hold in memory. Its cost grows with all that is held: for people, not for programs. */
export function heldPage(core: Core, parts: Iterable<Part>, options: HeldOptions): HeldPage {
  checkOptions('held', options, ['prefix', 'after', 'limit', 'values']);
  const { prefix = [], after = '' } = options;
  const limit = positiveInteger('held: limit', options.limit ?? SHOWN);
  const values = trueOrFalse('held: values', options.values);
  const below = encodePath(pathOf(prefix));
  const found = new Map<string, Located[]>(); // one key may be a collection's and stand alone as well
  for (const located of keysOf(parts)) {
    const text = encodePath(located[2]);
    if (text <= after || (text !== below && !text.startsWith(below + '/'))) continue;
    const same = found.get(text);
    if (same) same.push(located);
    else found.set(text, [located]);
  }
  const texts = [...found.keys()].toSorted();
  const page = texts.slice(0, limit);
  return {
    entries: page.flatMap((text) =>
      found.get(text)!.flatMap(([part, id, key]) => entriesOf(core, part, id, key, values)),
    ),
    next: texts.length > limit ? page.at(-1) : undefined,
  };
}

function entriesOf(core: Core, part: Part, id: string, key: Path, values: boolean): HeldEntry[] {
  const now = core.clock.now();
  return liveEntries(core, part, id).map(({ tier, entry }) => ({
    key,
    tier,
    collection: part.name || undefined,
    dependencies: entry.dependencies,
    mark: entry.mark,
    freshFor: entry.freshUntil - now,
    keptFor: entry.keptUntil - now,
    valid: isValid(core, key, entry),
    ...(values && { value: entry.copied ? copy(entry.value) : entry.value }),
  }));
}

function isValid({ stamps, names }: Core, key: Path, { dependencies, mark, incarnation }: Entry): boolean {
  const verdict = stamps.verdict(names.whole(key), dependencies, mark, incarnation);
  return verdict === 'valid' || verdict === 'soft';
}

function liveEntries({ tiers }: Core, { shelves }: Part, id: string): { tier: string; entry: Entry }[] {
  return tiers.flatMap(({ name }, level) => {
    const entry = shelves.live(level) ? (shelves.look(level, id) as Entry | undefined) : undefined;
    return entry ? [{ tier: name, entry }] : [];
  });
}

function* keysOf(parts: Iterable<Part>): Iterable<Located> {
  for (const part of parts)
    for (const id of part.shelves.ids()) yield [part, id, [...part.shelves.path.slice(1), ...pathOfLocalId(id)]];
}

/** Which of the entries in memory a change would make wrong. */
export function wouldDrop(core: Core, parts: Iterable<Part>, change: readonly Dependency[]): WouldDrop {
  const named = new Set(change);
  const rules = change.filter((name) => name.startsWith('*')).map((name) => decodePattern(name.slice(1)));
  const touches = (path: Path, entry: Entry) => {
    const names = [...implicitDependencies(path), ...entry.dependencies];
    if (names.some((name) => named.has(name))) return true;
    const paths = [path, ...names.map(keyPathOf).filter((one) => one !== undefined)];
    return rules.some((rule) => paths.some((one) => matches(rule, one)));
  };
  let entries = 0;
  const keys: Path[] = [];
  for (const [part, id, key] of keysOf(parts)) {
    const path = core.names.whole(key);
    const falls = ({ entry }: { entry: Entry }) => isValid(core, key, entry) && touches(path, entry);
    if (!liveEntries(core, part, id).some(falls)) continue;
    entries++;
    if (keys.length < SHOWN) keys.push(key);
  }
  return { dependencies: change, entries, keys };
}
