/**
 * What a list rests on, and what a write touches, so that every write that could change a list touches something that the
 * list rests on - and few others do.
 *
 * A list of items that satisfy several conditions rests on *one* of them: an item that enters the list, leaves it, or
 * changes within it satisfies all conditions before the write or after it, that one among them. So the list names the
 * values that it asks for in one declared field, and a write names the values that each declared field has before and after it.
 *
 * Fields that are declared to be asked for together are one field of several values: of two conditions that each hold for
 * many items the list then rests on both.
 *
 * Numbers and times are named by the stretch that they lie in, at each of eight lengths of stretch, each of which has sixteen
 * shorter ones in it; a range names some stretches that cover it, long ones in the middle and short ones at its ends.
 */
import type { Condition, Scalar } from './query.ts';
import { type Item, valueOf } from './matching.ts';

/** What a declared field holds, null apart: a time is a text as `Date.toISOString` makes it, or its date alone. */
export type FieldKind = 'text' | 'boolean' | 'number' | 'time';

/** Declared fields by name; lists that ask for others rest on the whole collection. */
export type Fields = Readonly<Record<string, FieldKind>>;

/** Declared fields that are asked for together, some at a time. */
export type Together = readonly (readonly string[])[];

/** The tags that a list rests on, without its collection's name; `undefined` for the whole collection. */
export function footprintOf(where: Condition, fields: Fields, together: Together = []): readonly string[] | undefined {
  if ('field' in where) return comparisonFootprint(where, fields[where.field]);
  if ('all' in where) {
    const joint = jointFootprint(where.all, fields, together);
    if (joint) return joint;
    const parts = [...where.all.map((one) => footprintOf(one, fields, together)), ...rangesOf(where.all, fields)];
    return narrowest(parts.filter((footprint) => footprint !== undefined));
  }
  if ('not' in where) return undefined;
  const parts = where.any.map((one) => footprintOf(one, fields, together));
  return parts.every((part) => part !== undefined) ? [...new Set(parts.flat())] : undefined;
}

/** The tags that a write touches, by what the item was before and after it, without the collection's name. */
export function touched(fields: Fields, together: Together, ...images: readonly (Item | undefined)[]): string[] {
  const tags = new Set<string>();
  for (const image of images) {
    if (!image) continue;
    for (const names of together) {
      const values = names.map((field) => valueOf(image, field));
      if (values.every((value, i) => fits(fields[names[i]], value))) tags.add(jointTag(names, values));
    }
    for (const [field, kind] of Object.entries(fields)) {
      const value = valueOf(image, field);
      tags.add(fits(kind, value) ? valueTag(field, value) : oddTag(field));
      const place = placeOf(kind, value);
      if (place !== undefined)
        for (let length = 1; length <= LENGTHS; length++) tags.add(stretchTag(field, length, place));
    }
  }
  return [...tags];
}

/** Of the fields that are asked for together the most that the conditions give values for. */
function jointFootprint(all: readonly Condition[], fields: Fields, together: Together): string[] | undefined {
  for (const names of together.toSorted((a, b) => b.length - a.length)) {
    const values = names.map((name) => valuesOf(all, name, fields[name]));
    if (!values.every((some) => some !== undefined)) continue;
    if (values.reduce((product, some) => product * some.length, 1) > MOST) continue;
    const rows = values.reduce<Scalar[][]>(
      (sofar, some) => sofar.flatMap((row) => some.map((one) => [...row, one])),
      [[]],
    );
    return [...rows.map((row) => jointTag(names, row)), ...names.map(oddTag)];
  }
  return undefined;
}

/** The values that conditions ask for in a field, if one of them asks for some. */
function valuesOf(all: readonly Condition[], name: string, kind: FieldKind): readonly Scalar[] | undefined {
  for (const one of all) {
    if (!('field' in one) || one.field !== name || (one.is !== 'eq' && one.is !== 'in')) continue;
    const values = one.is === 'in' ? (one.value as readonly Scalar[]) : [one.value as Scalar];
    if (values.every((value) => fits(kind, value))) return values;
  }
  return undefined;
}

function jointTag(names: readonly string[], values: readonly Scalar[]): string {
  return names.map((name, i) => valueTag(name, values[i])).join('&');
}

type Comparison = Extract<Condition, { field: string }>;

function comparisonFootprint(
  { field, is, value }: Comparison,
  kind: FieldKind | undefined,
): readonly string[] | undefined {
  if (kind === undefined || is === 'ne') return undefined;
  const values = is === 'in' ? (value as readonly Scalar[]) : [value as Scalar];
  if (!values.every((one) => fits(kind, one))) return undefined; // a database may think that 5 is '5'
  if (is === 'eq' || is === 'in') return [...values.map((one) => valueTag(field, one)), oddTag(field)];
  return rangeFootprint(field, kind, [{ field, is, value }]);
}

/** Fields that are asked for between two bounds, which are two conditions. */
function rangesOf(all: readonly Condition[], fields: Fields): (readonly string[] | undefined)[] {
  const bounds = new Map<string, Comparison[]>();
  for (const one of all)
    if ('field' in one && BOUNDS.includes(one.is)) bounds.set(one.field, [...(bounds.get(one.field) ?? []), one]);
  return [...bounds].map(([field, both]) => (fields[field] ? rangeFootprint(field, fields[field], both) : undefined));
}

function rangeFootprint(field: string, kind: FieldKind, bounds: readonly Comparison[]): readonly string[] | undefined {
  let [from, to] = [0, LAST];
  for (const { is, value } of bounds) {
    const place = placeOf(kind, value as Scalar);
    if (place === undefined) return undefined;
    if (is === 'gt' || is === 'gte') from = Math.max(from, place);
    else to = Math.min(to, place);
  }
  return [...stretches(field, from, to), oddTag(field)];
}

/** The one that the fewest writes touch, as far as one can tell from here: values before ranges, few before many. */
function narrowest(footprints: readonly (readonly string[])[]): readonly string[] | undefined {
  const ofValues = footprints.filter((tags) => !tags.some((tag) => tag.startsWith('~')));
  const candidates = ofValues.length > 0 ? ofValues : footprints;
  const stretch = (tags: readonly string[]) =>
    tags.reduce((sum, tag) => sum + 16 ** -Number(/^~(\d)/.exec(tag)?.[1] ?? 8), 0);
  return candidates.toSorted((a, b) => (ofValues.length > 0 ? a.length - b.length : stretch(a) - stretch(b)))[0];
}

const BOUNDS: readonly string[] = ['gt', 'gte', 'lt', 'lte'];
const MOST = 24; // stretches at most before the ends of a range are rounded
const LENGTHS = 8; // each stretch has sixteen shorter ones in it
const LAST = 2 ** 32 - 1;

function stretches(field: string, from: number, to: number): string[] {
  const tags: string[] = [];
  let open = [0]; // stretches of the next longer length that lie partly in the range
  for (let length = 1; open.length > 0; length++) {
    const size = 16 ** (LENGTHS - length);
    const parts = open.flatMap((longer) => Array.from({ length: 16 }, (_, i) => longer * 16 + i));
    const met = parts.filter((at) => at * size <= to && (at + 1) * size > from);
    open = met.filter((at) => at * size < from || (at + 1) * size - 1 > to);
    const last = length === LENGTHS || tags.length + met.length > MOST;
    for (const at of last ? met : met.filter((one) => !open.includes(one))) tags.push(`~${length}:${at}:${field}`);
    if (last) break;
  }
  return tags;
}

function stretchTag(field: string, length: number, place: number): string {
  return `~${length}:${prefix(place, length)}:${field}`;
}

function prefix(place: number, length: number): number {
  return Math.floor(place / 16 ** (LENGTHS - length));
}

function valueTag(field: string, value: Scalar): string {
  return `${field}=${JSON.stringify(value)}`;
}

/** Touched by what isn't as its field was declared; whatever asks for values of the field rests on it. */
function oddTag(field: string): string {
  return `${field}?`;
}

// Two times of this form are ordered as texts as they are in time.
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d\.\d{3}Z)?$/;

/** Is a value of a kind? */
export function fits(kind: FieldKind, value: Scalar): boolean {
  if (value === null) return true;
  if (kind === 'time') return typeof value === 'string' && TIME.test(value) && isInCalendar(value);
  if (kind === 'number') return Number.isFinite(value); // what isn't has no place among them
  return typeof value === (kind === 'text' ? 'string' : kind);
}

/** There is no 30th of February, though `Date.parse` knows one: as a text it isn't where it is as a time. */
function isInCalendar(time: string): boolean {
  const at = Date.parse(time);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(time);
}

const view = new DataView(new ArrayBuffer(8));

/** The place of a number or time among all of them, in 32 bits that are ordered as they are; `undefined` for what is none. */
function placeOf(kind: FieldKind, value: Scalar): number | undefined {
  if (!fits(kind, value)) return undefined;
  const number = kind === 'time' ? Date.parse(value as string) : value;
  if (typeof number !== 'number') return undefined;
  view.setFloat64(0, number === 0 ? 0 : number);
  const high = view.getUint32(0);
  return high >= 2 ** 31 ? LAST - high : high + 2 ** 31; // negative numbers grow the other way round
}
