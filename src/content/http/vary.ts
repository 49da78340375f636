/** Which requests a stored response answers, beside its URI: those that agree in the fields that Vary names (RFC 9111 §4.1). */
import { fieldList, fieldNames } from './field-list.ts';
import { isFieldName } from './hop-by-hop.ts';

/** Fields whose members don't mind the case they are written in. */
const CASELESS: readonly string[] = ['accept', 'accept-charset', 'accept-encoding', 'accept-language'];

/** Fields that are one text, in which a comma may stand without being between members. */
const ONE_TEXT: readonly string[] = ['authorization', 'cookie', 'date', 'user-agent', 'referer', 'if-modified-since'];

/** What the request said in each field that mattered: name in lower case and normal value, `null` if it wasn't there. */
export type Selection = readonly (readonly [name: string, value: string | null])[];

/** The names in a Vary field, sorted, each once; `'*'` if no other request can be known to match. */
export function varyNames(vary: string | null | undefined): readonly string[] | '*' {
  const names = fieldNames(vary);
  // What can't be the name of a field can't be compared, either.
  return !names.every((name) => name !== '*' && isFieldName(name)) ? '*' : [...new Set(names)].toSorted();
}

/** What a request says in these fields. */
export function select(names: readonly string[], headers: Headers): Selection {
  return names.map((name) => [name, normal(name, headers.get(name))]);
}

/** Whether another request says the same. */
export function selects(selection: Selection, headers: Headers): boolean {
  return selection.every(([name, value]) => normal(name, headers.get(name)) === value);
}

/** Whether two selections are of the same requests. */
export function sameSelection(a: Selection, b: Selection): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Spaces between members mean nothing, and neither does case where the field says so. The order of members is kept. */
function normal(name: string, value: string | null): string | null {
  if (value === null || ONE_TEXT.includes(name)) return value;
  const text = fieldList(value).join(',');
  return CASELESS.includes(name) ? text.toLowerCase().replaceAll(/\s*;\s*/g, ';') : text;
}
