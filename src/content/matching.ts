/** Whether an item is in a list, and where: what databases do, in this process. */
import type { Condition, NormalQuery, Scalar } from './query.ts';

/** A record of fields: an object of plain data. */
export type Item = object;

/** Does a condition hold for an item? A field that is missing is null. */
export function holds(condition: Condition, item: Item): boolean {
  if ('all' in condition) return condition.all.every((one) => holds(one, item));
  if ('any' in condition) return condition.any.some((one) => holds(one, item));
  if ('not' in condition) return !holds(condition.not, item);
  const { is, value } = condition;
  const found = valueOf(item, condition.field);
  switch (is) {
    case 'eq':
      return found === value;
    case 'ne':
      return found !== value;
    case 'in':
      return (value as readonly Scalar[]).includes(found);
    default:
      return typeof found === typeof value && found !== null && ordered(is, compare(found, value as Scalar));
  }
}

/** The items of a list, out of all there are. */
export function listed<T extends Item>(query: NormalQuery, items: Iterable<T>, idOf: (item: T) => string): T[] {
  const { where, sort, limit, offset } = query;
  const found = [...items].filter((item) => holds(where, item));
  found.sort((a, b) => bySort(sort, a, b) || compare(idOf(a), idOf(b)));
  return found.slice(offset, limit === undefined ? undefined : offset + limit);
}

function bySort(sort: readonly string[], a: Item, b: Item): number {
  for (const field of sort) {
    const name = field.replace(/^-/, '');
    const order = compare(valueOf(a, name), valueOf(b, name));
    if (order !== 0) return name === field ? order : -order;
  }
  return 0;
}

/** What a field of an item is; null if it is missing. */
export function valueOf(item: Item, field: string): Scalar {
  return ((item as Readonly<Record<string, unknown>>)[field] ?? null) as Scalar;
}

/** Null comes first; texts by their code units. */
function compare(a: Scalar, b: Scalar): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}

function ordered(is: string, order: number): boolean {
  if (is === 'gt') return order > 0;
  if (is === 'gte') return order >= 0;
  return is === 'lt' ? order < 0 : order <= 0;
}

/** Do two items say the same in every field? A field that is missing is null. */
export function isSameItem(a: Item, b: Item): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => textOf(valueOf(a, name)) === textOf(valueOf(b, name)));
}

/** JSON with the names of objects in order; what is `undefined` in one isn't there. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([x], [y]) => (x < y ? -1 : 1)))
      : one,
  );
}
