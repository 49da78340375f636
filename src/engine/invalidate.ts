/** What can be invalidated, and the dependencies that say it. */
import { type Dependency, type Names, softly } from './dependency.ts';
import { TidemarkError } from './errors.ts';
import { type Key, pathOf } from './key.ts';
import { checkOptions, listOrNothing, trueOrFalse } from './options.ts';
import { parsePattern, type PatternInput } from './pattern.ts';

/**
 * What has changed. Several may be given; all of them are one change. Keys, prefixes and patterns are whole paths that
 * begin with the collection's name.
 */
export interface Selector {
  readonly key?: Key;
  readonly keys?: readonly Key[];
  /** Everything at or below a path. */
  readonly prefix?: Key;
  readonly prefixes?: readonly Key[];
  readonly tags?: readonly string[];
  /** Every key that matches: `'post:*:draft'` or `['post', '*', 'draft']`; `**` stands for any number of segments. */
  readonly pattern?: PatternInput;
  readonly patterns?: readonly PatternInput[];
  readonly all?: true;
}

/** How to invalidate. */
export interface InvalidateOptions {
  /** What it touches becomes old by time, not wrong: `staleFor` and `graceFor` may still serve it. */
  readonly soft?: boolean;
}

const LISTS = ['keys', 'prefixes', 'tags', 'patterns'] as const;
const SELECTORS = ['key', 'prefix', 'pattern', 'all', ...LISTS] as const;

/** The change that a selector stands for. Throws `bad_option`, `bad_key` or `bad_pattern`; an empty list alone changes nothing. */
export function changeOf(names: Names, selector: Selector, options: InvalidateOptions = {}): Dependency[] {
  checkOptions('invalidate', selector, SELECTORS);
  checkOptions('invalidate', options, ['soft']);
  const soft = trueOrFalse('invalidate: soft', options.soft);
  const { key, prefix, pattern, all } = selector;
  for (const list of LISTS) listOrNothing(`invalidate: ${list}`, selector[list]);
  const { keys = [], prefixes = [], tags = [], patterns = [] } = selector;
  const change: Dependency[] = [];
  if (key !== undefined) change.push(names.key(someKey(key)));
  for (const one of keys) change.push(names.key(someKey(one)));
  if (prefix !== undefined) change.push(names.prefix(pathOf(prefix)));
  for (const one of prefixes) change.push(names.prefix(pathOf(one)));
  for (const tag of tags) change.push(names.tag(tag));
  if (pattern !== undefined) change.push(names.rule(parsePattern(pattern)));
  for (const one of patterns) change.push(names.rule(parsePattern(one)));
  if (all === true) change.push(names.prefix([]));
  if (change.length === 0 && LISTS.every((list) => selector[list] === undefined))
    throw new TidemarkError('bad_option', `invalidate needs one of ${SELECTORS.join(', ')}`);
  const once = [...new Set(change)];
  return soft ? once.map(softly) : once;
}

function someKey(key: Key): readonly string[] {
  const path = pathOf(key);
  if (path.length === 0) throw new TidemarkError('bad_key', 'a key must have at least one segment');
  return path;
}
