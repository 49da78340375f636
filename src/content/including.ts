/**
 * Reading what items lead to, relation by relation, one question for all items of a level.
 *
 * Everything is read from the sources, and after the load's mark was taken. What is included names what it rests on to all
 * the reads that it is part of, and to no others: an item its id, what is many the values that it was found by.
 */
import { type Item, valueOf } from './matching.ts';
import { type Principal, seenBy } from './principal.ts';
import type { Condition, NormalQuery } from './query.ts';
import { isOne, type NormalInclude, type Related, type Relation, relatedOf } from './relations.ts';
import type { Asked } from './source.ts';

/** A read that something is included in. */
export interface Including {
  readonly tag: (...tags: readonly string[]) => void;
  /** It holds something that is fresh for so many milliseconds. */
  readonly endsBy: (ttl: number) => void;
}

/** An item, and the reads that it is part of. */
export interface Part {
  readonly item: Item;
  readonly of: ReadonlySet<Including>;
}

/** Who reads. */
export interface Reader {
  readonly principal: Principal;
  readonly signal: AbortSignal;
}

/** With what the source of a repository is asked on behalf of a reader. */
export function askedFor({ scope }: Pick<Related, 'scope'>, { principal, signal }: Reader): Asked {
  const seen = seenBy(scope, principal);
  return { signal, ...(seen !== undefined && { principal: seen }) };
}

/** The items with what they include, by position. */
export async function included(
  parts: readonly Part[],
  from: Related,
  include: NormalInclude,
  reader: Reader,
): Promise<readonly Item[]> {
  const fields = await Promise.all(
    include.map(async ([name, where, sort, limit, more]) => {
      const relation = from.relations[name];
      const to = relatedOf(`relations.${name}: to`, relation.to);
      const follow: Follow = { parts, from, to, where, sort, reader };
      const lists = await followed(relation, follow);
      const shown = lists.map((list) => list.slice(0, limit ?? undefined));
      const complete = await completed(shown, follow, more);
      return [name, isOne(relation) ? complete.map(([only]) => only ?? null) : complete] as const;
    }),
  );
  return parts.map(({ item }, i) => ({ ...item, ...Object.fromEntries(fields.map(([name, all]) => [name, all[i]])) }));
}

/** A relation to be followed from some items. */
interface Follow {
  readonly parts: readonly Part[];
  readonly from: Related;
  readonly to: Related;
  readonly where: Condition;
  readonly sort: readonly string[];
  readonly reader: Reader;
}

/** What each item leads to. */
async function followed(relation: Relation, follow: Follow): Promise<readonly (readonly Item[])[]> {
  const { parts, from, to, where, sort, reader } = follow;
  if (isOne(relation)) {
    const idOf = ({ item }: Part) => textOf(item, relation.by);
    const ids = readersBy(parts, (part) => listOf(idOf(part)));
    const found = await itemsOf(ids, to, reader);
    return parts.map((part) => listOf(found.get(idOf(part) ?? '')));
  }
  if (!('through' in relation)) {
    const found = await heldBy(relation.by, to, where, sort, follow);
    return parts.map(({ item }) => found.get(from.tags.idOf(item)) ?? []);
  }
  const links = await heldBy(relation.by, relatedOf('through', relation.through), EVERYTHING, [], follow);
  const linked = ({ item }: Part) =>
    (links.get(from.tags.idOf(item)) ?? []).flatMap((link) => listOf(textOf(link, relation.other)));
  const ids = readersBy(parts, linked);
  for (const [id, readers] of ids) restOn(readers, to.tags.ofItem(id), to.ttl);
  const field = to.tags.id;
  const found = await listIn({ field, is: 'in', value: [...ids.keys()] }, to, where, sort, reader);
  return parts.map((part) => {
    const own = new Set(linked(part));
    return found.filter((item) => own.has(to.tags.idOf(item)));
  });
}

/** Items by their ids, those that aren't there left out. */
async function itemsOf(ids: Readers, to: Related, reader: Reader): Promise<ReadonlyMap<string, Item>> {
  for (const [id, readers] of ids) restOn(readers, to.tags.ofItem(id), to.ttl);
  const names = [...ids.keys()];
  const found = names.length > 0 ? await to.source.findByIds(names, askedFor(to, reader)) : [];
  const items = new Map<string, Item>();
  names.forEach((id, i) => {
    const item = found[i];
    if (item) items.set(id, item);
    else restOn(ids.get(id)!, [], to.negativeTtl);
  });
  return items;
}

/** The items that hold the ids of some others in a field, by these. */
async function heldBy(
  field: string,
  to: Related,
  where: Condition,
  sort: readonly string[],
  { parts, from, reader }: Follow,
): Promise<ReadonlyMap<string, readonly Item[]>> {
  const ids = readersBy(parts, ({ item }) => [from.tags.idOf(item)]);
  for (const [id, readers] of ids) restOn(readers, to.tags.ofHolders(field, id, where), to.ttl);
  const held = new Map<string, Item[]>();
  for (const item of await listIn({ field, is: 'in', value: [...ids.keys()] }, to, where, sort, reader)) {
    const id = textOf(item, field)!;
    const others = held.get(id);
    if (others) others.push(item);
    else held.set(id, [item]);
  }
  return held;
}

async function listIn(
  ids: Extract<Condition, { readonly field: string }> & { readonly value: readonly unknown[] },
  to: Related,
  where: Condition,
  sort: readonly string[],
  reader: Reader,
): Promise<readonly Item[]> {
  if (ids.value.length === 0) return [];
  const query: NormalQuery = { where: { all: [ids, where] }, sort, limit: undefined, offset: 0 };
  return to.source.findMany(query, askedFor(to, reader));
}

/** Lists of items with what these include. */
async function completed(
  lists: readonly (readonly Item[])[],
  { parts, to, reader }: Follow,
  more: NormalInclude,
): Promise<readonly (readonly Item[])[]> {
  if (more.length === 0) return lists;
  const items = new Map(lists.flat().map((item) => [to.tags.idOf(item), item]));
  const at = new Map(parts.map((part, i) => [part, lists[i].map((item) => to.tags.idOf(item))]));
  const readers = readersBy(parts, (part) => at.get(part)!);
  const distinct = [...items].map(([id, item]) => ({ item, of: readers.get(id)! }));
  const complete = await included(distinct, to, more, reader);
  const byId = new Map(complete.map((item) => [to.tags.idOf(item), item]));
  return lists.map((list) => list.map((item) => byId.get(to.tags.idOf(item))!));
}

/** The reads that each of some others is part of, by its id. */
type Readers = ReadonlyMap<string, ReadonlySet<Including>>;

function readersBy(parts: readonly Part[], idsOf: (part: Part) => readonly string[]): Readers {
  const readers = new Map<string, Set<Including>>();
  for (const part of parts)
    for (const id of idsOf(part)) {
      const all = readers.get(id) ?? new Set();
      for (const read of part.of) all.add(read);
      readers.set(id, all);
    }
  return readers;
}

/** Said before the source is asked: what has changed since then has changed since the load's mark. */
function restOn(readers: ReadonlySet<Including>, tags: readonly string[], ttl: number): void {
  for (const read of readers) {
    read.tag(...tags);
    read.endsBy(ttl);
  }
}

const EVERYTHING: Condition = { all: [] };

function listOf<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

/** The text in a field; undefined if there is none. */
function textOf(item: Item, field: string): string | undefined {
  const value = valueOf(item, field);
  return value === null ? undefined : String(value);
}
