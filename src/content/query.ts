/** What a list is asked for by, and one text for each question: two that ask the same have the same. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { checkOptions } from '../engine/options.ts';

/** What a field may be compared with. */
export type Scalar = string | number | boolean | null;

/** Comparisons of one field; all of them must hold. `null` is equal to itself only, and neither less nor greater than anything. */
export interface Comparisons {
  readonly eq?: Scalar;
  readonly ne?: Scalar;
  readonly in?: readonly Scalar[];
  readonly gt?: string | number;
  readonly gte?: string | number;
  readonly lt?: string | number;
  readonly lte?: string | number;
}

/** Conditions on fields (all must hold), and on conditions. A field named `and`, `or` or `not` can't be asked for. */
export interface Where {
  readonly and?: readonly Where[];
  readonly or?: readonly Where[];
  readonly not?: Where;
  readonly [field: string]: Scalar | Comparisons | readonly Where[] | Where | undefined;
}

/** A list. */
export interface Query {
  readonly where?: Where;
  /** Fields in order of weight; `-` before one turns its order around. What is equal in all of them is ordered by id. */
  readonly sort?: readonly string[];
  readonly limit?: number;
  readonly offset?: number;
}

/** One condition, in its normal form. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly field: string; readonly is: keyof Comparisons; readonly value: Scalar | readonly Scalar[] };

/** A list, in its normal form. */
export interface NormalQuery {
  readonly where: Condition;
  readonly sort: readonly string[];
  readonly limit: number | undefined;
  readonly offset: number;
}

const OPTIONS: readonly (keyof Query)[] = ['where', 'sort', 'limit', 'offset'];
const COMPARISONS: readonly (keyof Comparisons)[] = ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte'];
const FEW = 8;

/**
 * The text of a list: the same for all that ask the same in another order, since its conditions are in the order of their
 * own texts, each once. It is the JSON of the normal form, put together at once: this is most of what a hit costs. Throws
 * `bad_option` naming what can't be asked.
 */
export function textOfQuery(query: Query): string {
  checkOptions('query', query, OPTIONS);
  const { where = {}, sort = [], limit, offset = 0 } = query;
  if (limit !== undefined) checkCount('limit', limit);
  checkCount('offset', offset);
  const rest = `${textOfSort(sort)},${limit ?? null},${offset}`;
  return `[${textOfWhere(where)},${rest}]`;
}

/** The inverse of {@link textOfQuery}, as far as there is one: the normal form. */
export function queryOfText(text: string): NormalQuery {
  const [where, sort, limit, offset] = JSON.parse(text) as [Condition, string[], number | null, number];
  return { where, sort, limit: limit ?? undefined, offset };
}

/** The normal form of a list. Throws `bad_option` naming what can't be asked. */
export function normalQuery(query: Query): NormalQuery {
  return queryOfText(textOfQuery(query));
}

function checkCount(name: string, count: number): void {
  if (!(Number.isSafeInteger(count) && count >= 0)) throw bad(`${name} must be a whole number from 0 up`, count);
}

function textOfSort(sort: readonly string[]): string {
  if (!Array.isArray(sort)) throw bad('sort must be a list of fields', sort);
  const fields: string[] = [];
  for (const field of sort as readonly unknown[]) {
    if (typeof field !== 'string' || field === '' || field === '-') throw bad('sort must be a list of fields', sort);
    fields.push(JSON.stringify(field));
  }
  return textOfList(fields);
}

/** Conditions that must all hold. */
function textOfWhere(where: Where): string {
  const all: string[] = [];
  addConditions(where, all);
  const once = inOrder(all);
  return once.length === 1 ? once[0] : `{"all":${textOfList(once)}}`;
}

/** The texts of conditions that must all hold, those within `and` among them. */
function addConditions(where: Where, to: string[]): void {
  if (typeof where !== 'object' || where === null || Array.isArray(where)) throw bad('where must be an object', where);
  const names = Object.keys(where);
  if (names.length === 0) checkPlain('where', where);
  for (const name of names) {
    const value = where[name];
    if (value === undefined) continue;
    if (name === 'and') for (const one of listOf(name, value)) addConditions(one, to);
    else if (name === 'or') to.push(`{"any":${textOfList(inOrder(Array.from(listOf(name, value), textOfWhere)))}}`);
    else if (name === 'not') to.push(`{"not":${textOfWhere(value as Where)}}`);
    else addComparisons(name, value as Scalar | Comparisons, to);
  }
}

function addComparisons(field: string, given: Scalar | Comparisons, to: string[]): void {
  if (typeof given !== 'object' || given === null) {
    to.push(textOfComparison(field, 'eq', textOfScalar(field, given)));
    return;
  }
  checkOptions(`where: ${field}`, given, COMPARISONS);
  const before = to.length;
  for (const is of COMPARISONS) {
    const value = given[is];
    if (value !== undefined) to.push(textOfComparison(field, is, textOfCompared(field, is, value)));
  }
  if (to.length === before) checkPlain(`where: ${field}`, given);
}

function textOfComparison(field: string, is: keyof Comparisons, compared: string): string {
  return `{"field":${JSON.stringify(field)},"is":"${is}","value":${compared}}`;
}

function textOfCompared(field: string, is: keyof Comparisons, value: Scalar | readonly Scalar[]): string {
  if (is === 'in') {
    if (!Array.isArray(value)) throw bad(`where: ${field}: in must be a list`, value);
    return textOfList(inOrder(Array.from(value as readonly Scalar[], (one) => textOfScalar(field, one))));
  }
  const text = textOfScalar(field, value);
  if (is !== 'eq' && is !== 'ne' && typeof value !== 'string' && typeof value !== 'number')
    throw bad(`where: ${field}: ${is} compares with text or a number`, value);
  return text;
}

function textOfScalar(field: string, value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return String(value); // -0 is 0 here
  throw bad(`where: ${field} must be compared with text, a finite number, true, false or null`, value);
}

function listOf(name: string, value: unknown): readonly Where[] {
  if (!Array.isArray(value)) throw bad(`where: ${name} must be a list`, value);
  return value as Where[];
}

/** A date or a map says nothing in names of its own: it would ask for everything. */
function checkPlain(what: string, value: object): void {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw bad(`${what} must be a plain object`, value);
}

function textOfList(texts: readonly string[]): string {
  return `[${texts.join(',')}]`;
}

/** Texts by their code units, each once; a few of them are put in order quicker than a sort begins. */
function inOrder(texts: string[]): readonly string[] {
  if (texts.length > FEW) return [...new Set(texts)].toSorted();
  let length = 0;
  for (const text of texts) {
    let at = length;
    while (at > 0 && texts[at - 1] > text) at--;
    if (at > 0 && texts[at - 1] === text) continue;
    for (let i = length++; i > at; i--) texts[i] = texts[i - 1];
    texts[at] = text;
  }
  texts.length = length;
  return texts;
}

function bad(wanted: string, value: unknown): TidemarkError {
  return new TidemarkError('bad_option', `query: ${wanted}, not ${describe(value)}`);
}
