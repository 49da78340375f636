/** A change as a database keeps it: one text of JSON, out of which SQL takes the rows of its names and its rules. */
import { type Dependency, prefixDependency } from '../../engine/dependency.ts';
import type { Change } from '../../engine/log.ts';
import { decodePattern, literalPrefix } from '../../engine/pattern.ts';
import { plainText, rowOf, textOfPlain } from './names.ts';

/**
 * A name whose row says it all is that row; any other is its row and its text. A rule has, third, the row of the prefix that
 * it begins with, which takes its place when it is forgotten.
 */
type Item = string | readonly [row: string, text: string] | readonly [row: string, text: string, fold: string];

/** A rule's parts, or `undefined` for any other name. */
export function ruleIn(name: Dependency): { readonly soft: boolean; readonly pattern: string } | undefined {
  const soft = name.startsWith('?');
  const start = soft ? 1 : 0;
  return name.charAt(start) === '*' ? { soft, pattern: name.slice(start + 1) } : undefined;
}

/** The text of a change. */
export function encodeChange(change: Change): string {
  return JSON.stringify([...new Set(change)].map(itemOf));
}

function itemOf(name: Dependency): Item {
  const row = rowOf(name);
  const text = plainText(name);
  const rule = ruleIn(name);
  if (!rule) return row === text ? row : [row, text];
  const prefix = prefixDependency(literalPrefix(decodePattern(rule.pattern)));
  return [row, text, rowOf((rule.soft ? '?' : '') + prefix)];
}

/** The change of a text. */
export function decodeChange(text: string): Change {
  return (JSON.parse(text) as Item[]).map((item) => textOfPlain(typeof item === 'string' ? item : item[1]));
}
