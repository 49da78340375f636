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

const COMPARISONS: readonly (keyof Comparisons)[] = ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte'];

/** The normal form of a list. Throws `bad_option` naming what can't be asked. */
export function normalQuery(query: Query): NormalQuery {
  checkOptions('query', query, ['where', 'sort', 'limit', 'offset']);
  const { where = {}, sort = [], limit, offset = 0 } = query;
  for (const [name, count] of Object.entries({ limit, offset }))
    if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0))
      throw bad(`${name} must be a whole number from 0 up`, count);
  if (!Array.isArray(sort) || sort.some((field) => typeof field !== 'string' || field.replace(/^-/, '') === ''))
    throw bad('sort must be a list of fields', sort);
  return { where: conditionOf(where), sort: [...sort], limit, offset };
}

/** The text of a list: the same for all that ask the same in another order. */
export function textOfQuery({ where, sort, limit, offset }: NormalQuery): string {
  return JSON.stringify([where, sort, limit ?? null, offset]);
}

/** The inverse of {@link textOfQuery}. */
export function queryOfText(text: string): NormalQuery {
  const [where, sort, limit, offset] = JSON.parse(text) as [Condition, string[], number | null, number];
  return { where, sort, limit: limit ?? undefined, offset };
}

/** Conditions that must all hold, or any of them; each once, and in an order of their own. */
function conditionOf(where: Where): Condition {
  if (typeof where !== 'object' || where === null || Array.isArray(where)) throw bad('where must be an object', where);
  const all: Condition[] = [];
  for (const [name, value] of Object.entries(where)) {
    if (value === undefined) continue;
    if (name === 'and') all.push(...listOf(name, value).flatMap((one) => partsOf(conditionOf(one))));
    else if (name === 'or') all.push({ any: inOrder(listOf(name, value).map(conditionOf)) });
    else if (name === 'not') all.push({ not: conditionOf(value as Where) });
    else all.push(...comparisonsOf(name, value as Scalar | Comparisons));
  }
  const once = inOrder(all);
  return once.length === 1 ? once[0] : { all: once };
}

function partsOf(condition: Condition): readonly Condition[] {
  return 'all' in condition ? condition.all : [condition];
}

function comparisonsOf(field: string, given: Scalar | Comparisons): Condition[] {
  if (typeof given !== 'object' || given === null) return [{ field, is: 'eq', value: scalar(field, given) }];
  checkOptions(`where: ${field}`, given, COMPARISONS);
  const conditions: Condition[] = [];
  for (const is of COMPARISONS) {
    const value = given[is];
    if (value === undefined) continue;
    if (is === 'in') {
      if (!Array.isArray(value)) throw bad(`where: ${field}: in must be a list`, value);
      conditions.push({ field, is, value: inOrder((value as Scalar[]).map((one) => scalar(field, one))) });
    } else {
      const compared = scalar(field, value);
      if (is !== 'eq' && is !== 'ne' && typeof compared !== 'string' && typeof compared !== 'number')
        throw bad(`where: ${field}: ${is} compares with text or a number`, compared);
      conditions.push({ field, is, value: compared });
    }
  }
  return conditions;
}

function scalar(field: string, value: unknown): Scalar {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value === 0 ? 0 : value; // -0 is 0 here
  throw bad(`where: ${field} must be compared with text, a finite number, true, false or null`, value);
}

function listOf(name: string, value: unknown): readonly Where[] {
  if (!Array.isArray(value)) throw bad(`where: ${name} must be a list`, value);
  return value as Where[];
}

function inOrder<T>(values: readonly T[]): T[] {
  const byText = new Map(values.map((value) => [JSON.stringify(value), value]));
  return [...byText.keys()].toSorted().map((text) => byText.get(text)!);
}

function bad(wanted: string, value: unknown): TidemarkError {
  return new TidemarkError('bad_option', `query: ${wanted}, not ${describe(value)}`);
}
