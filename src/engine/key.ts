/** A key is a path of segments; one escaping encoder gives each path a text of its own. */
import { TidemarkError } from './errors.ts';

/** One step of a path. A number or bigint is the same segment as its decimal text: `7`, `7n` and `'7'` are one. */
export type Segment = string | number | bigint;

/** What a caller names an entry by: one segment, or a path of them such as `['content', 'post', 123]`. */
export type Key = Segment | readonly Segment[];

/** A key in its normal form: every segment as text. */
export type Path = readonly string[];

/** The normal form of one segment. Throws `bad_key` for anything but text, a finite number or a bigint. */
export function segmentOf(segment: Segment): string {
  if (typeof segment === 'string') return segment;
  if (typeof segment === 'bigint') return segment.toString();
  if (typeof segment === 'number' && Number.isFinite(segment)) return String(segment);
  throw new TidemarkError(
    'bad_key',
    `a key's segment must be text, a finite number or a bigint, not ${describe(segment)}`,
  );
}

/** The normal form of a key. The empty path is allowed only where it means "everything" (a prefix). */
export function pathOf(key: Key): Path {
  return Array.isArray(key) ? key.map(segmentOf) : [segmentOf(key as Segment)];
}

const PERHAPS_SPECIAL = /[~/\ud800-\udfff]/; // a quick look that most segments pass
const SPECIAL = /[~/]|\p{Surrogate}/gu; // in unicode mode \p{Surrogate} sees lone surrogates only
const ESCAPED = /~(0|1|u[0-9a-f]{4})/g;

/**
 * Text of one segment that holds no `/` and survives UTF-8: `~` becomes `~0`, `/` becomes `~1` (as in JSON Pointer,
 * RFC 6901), and a lone surrogate, which UTF-8 can't carry, `~u` and four hex digits.
 */
export function escapeSegment(segment: string): string {
  if (!PERHAPS_SPECIAL.test(segment)) return segment;
  return segment.replace(SPECIAL, (c) =>
    c === '~' ? '~0' : c === '/' ? '~1' : '~u' + c.charCodeAt(0).toString(16).padStart(4, '0'),
  );
}

/**
 * The text of a path: each segment escaped and led by a slash. No two paths share a text, the empty path is the empty
 * text, and the texts of a path's descendants begin with its own text and a slash.
 */
export function encodePath(path: Path): string {
  let text = '';
  for (const segment of path) text += '/' + escapeSegment(segment);
  return text;
}

/** The inverse of {@link encodePath}. */
export function decodePath(text: string): Path {
  if (text === '') return [];
  return text.slice(1).split('/').map(unescapeSegment);
}

/** The inverse of {@link escapeSegment}. */
export function unescapeSegment(text: string): string {
  if (!text.includes('~')) return text;
  return text.replace(ESCAPED, (_, code: string) =>
    code === '0' ? '~' : code === '1' ? '/' : String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );
}

const LOCAL_ID: unique symbol = Symbol('local id');

/** A path as a key that is asked for again and again: its local name is worked out once. */
export function preparedKey(path: Path): Path {
  const key = [...path];
  Object.defineProperty(key, LOCAL_ID, { value: localId(key) });
  return Object.freeze(key);
}

/**
 * A key's name within its collection, as maps in memory use it: a single segment is its own name, so that a hit builds
 * no string. A longer path, and the rare segment that begins with NUL, is NUL and the path's text.
 */
export function localId(key: Key): string {
  if (typeof key === 'string') return key.charCodeAt(0) === 0 ? '\0' + encodePath([key]) : key;
  const known = (key as { readonly [LOCAL_ID]?: string } | null | undefined)?.[LOCAL_ID]; // nobody knows what is given
  if (known !== undefined) return known;
  const path = pathOf(key);
  if (path.length === 0) throw new TidemarkError('bad_key', 'a key must have at least one segment');
  return path.length === 1 ? localId(path[0]) : '\0' + encodePath(path);
}

/** True for a local name that is its only segment, as callers give it. */
export function isSegment(id: string): boolean {
  return id.charCodeAt(0) !== 0;
}

/** The local name of a path, from the path's text. */
export function localIdOfText(text: string): string {
  return text.includes('/', 1) ? '\0' + text : localId(unescapeSegment(text.slice(1)));
}

/** The path that a local name stands for, within its collection. */
export function pathOfLocalId(id: string): Path {
  return isSegment(id) ? [id] : decodePath(id.slice(1));
}

/** How an unexpected value is named in messages: short, and never throwing. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? value.slice(0, 40) + '…' : value);
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'a function' : String(value);
  return Array.isArray(value) ? 'an array' : `a ${Object.prototype.toString.call(value).slice(8, -1)}`;
}
