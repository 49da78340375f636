/** Patterns over paths, and a matcher whose cost is bounded by the pattern's length times the path's. */
import { TidemarkError } from './errors.ts';
import { describe, escapeSegment, type Path, type Segment, segmentOf, unescapeSegment } from './key.ts';

/**
 * What a caller writes: segments, where `*` stands for exactly one segment and `**` for any number of them, none
 * included. As one text the segments are parted by colons (`'content:*:123:*'`); in a text or in a segment a backslash
 * takes the next character literally (`'\\*'` is a star).
 */
export type PatternInput = string | readonly Segment[];

const ONE: unique symbol = Symbol('*');
const MANY: unique symbol = Symbol('**');

/** A pattern in its normal form: literal segments and wildcards, no two `**` beside each other. */
export type Pattern = readonly (string | typeof ONE | typeof MANY)[];

const LONGEST = 64;

/** Read a pattern. Throws `bad_pattern` if it is empty, too long, or has a star inside a longer segment. */
export function parsePattern(input: PatternInput): Pattern {
  if (typeof input !== 'string' && !Array.isArray(input))
    throw new TidemarkError('bad_pattern', `a pattern must be text or an array of segments, not ${describe(input)}`);
  const parts = typeof input === 'string' ? splitText(input) : input.map(segmentOf);
  const pattern: (string | typeof ONE | typeof MANY)[] = [];
  for (const part of parts) {
    const token = part === '*' ? ONE : part === '**' ? MANY : literal(part);
    if (token !== MANY || pattern.at(-1) !== MANY) pattern.push(token);
  }
  if (pattern.length === 0 || pattern.length > LONGEST)
    throw new TidemarkError('bad_pattern', `a pattern must have 1 to ${LONGEST} segments, not ${pattern.length}`);
  return pattern;
}

function splitText(text: string): string[] {
  if (text === '') return [];
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === ':') parts.push('');
    else parts[parts.length - 1] += text[i] === '\\' && i + 1 < text.length ? text[i] + text[++i] : text[i];
  }
  return parts;
}

function literal(part: string): string {
  if (/(^|[^\\])(\\\\)*\*/.test(part))
    throw new TidemarkError(
      'bad_pattern',
      `in a pattern a star must be a whole segment (or escaped), not ${describe(part)}`,
    );
  return part.replace(/\\([^])/g, '$1');
}

/** The text of a pattern, as a change carries it: `~*` and `~**` for the wildcards, which no escaped segment contains. */
export function encodePattern(pattern: Pattern): string {
  return pattern.map((t) => '/' + (t === ONE ? '~*' : t === MANY ? '~**' : escapeSegment(t))).join('');
}

/** The inverse of {@link encodePattern}. */
export function decodePattern(text: string): Pattern {
  const parts = text.slice(1).split('/');
  return parts.map((p) => (p === '~*' ? ONE : p === '~**' ? MANY : unescapeSegment(p)));
}

/** The literal segments that a pattern begins with: whatever it matches lies below them. */
export function literalPrefix(pattern: Pattern): Path {
  const end = pattern.findIndex((token) => typeof token !== 'string');
  return (end < 0 ? pattern : pattern.slice(0, end)) as Path;
}

/**
 * True if the pattern matches the whole path. Only the last `**` is ever reconsidered (a shorter match of an earlier
 * one can always be kept), so the work is at most pattern length × path length: nothing a caller writes makes it slow.
 */
export function matches(pattern: Pattern, path: Path): boolean {
  let p = 0;
  let s = 0;
  let many = -1;
  let resume = 0;
  while (s < path.length) {
    const token = pattern[p];
    if (token === MANY) {
      many = p++;
      resume = s;
    } else if (p < pattern.length && (token === ONE || token === path[s])) {
      p++;
      s++;
    } else if (many >= 0) {
      p = many + 1;
      s = ++resume;
    } else return false;
  }
  while (pattern[p] === MANY) p++;
  return p === pattern.length;
}
