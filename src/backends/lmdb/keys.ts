/**
 * Keys as LMDB takes them: texts in which a path sorts before its descendants and segments sort as their UTF-8 does, with
 * no two paths alike, none longer than a page allows.
 */
import { createHash } from 'node:crypto';
import { pathOfStorageKey } from '../../engine/backend.ts';

/** Between segments: smaller than anything that a segment holds. */
export const SEPARATOR = '\x05';
const ESCAPE = '\x06';
const PERHAPS_SPECIAL = /[\0-\x06\ud800-\udfff]/; // oxlint-disable-line no-control-regex
const SPECIAL = /[\0-\x06]|\p{Surrogate}/gu; // oxlint-disable-line no-control-regex

const ESCAPED = /\x06(u[0-9a-f]{4}|[0-6])/g; // oxlint-disable-line no-control-regex

/** LMDB takes 1,978 bytes with pages of 4 kB; the index of times puts ten before a key. */
const LONGEST = 1900;
const SURELY_FITS = Math.floor(LONGEST / 3);
const KEPT_OF_LONG = 256; // so that a long key still lies among its neighbours
const HASHED = ESCAPE + 'h';

/**
 * A segment as part of a key. The separator and what is smaller are escaped so that they keep their places in the order; a
 * lone surrogate, which UTF-8 has no bytes for, is spelled out.
 */
export function segmentText(segment: string): string {
  if (!PERHAPS_SPECIAL.test(segment)) return segment;
  return segment.replace(SPECIAL, (c) => {
    const code = c.charCodeAt(0);
    return ESCAPE + (code <= 6 ? String(code) : 'u' + code.toString(16));
  });
}

/** The inverse of {@link segmentText}. */
export function segmentOfText(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replace(ESCAPED, (_, code: string) =>
    String.fromCharCode(code.startsWith('u') ? Number.parseInt(code.slice(1), 16) : Number(code)),
  );
}

/** The text of a storage key: its version first, then each segment of its path. */
export function textOfStorageKey(key: string): string {
  const tilde = key.lastIndexOf('~');
  const version = key.slice(tilde + 1);
  if (key.indexOf('~') === tilde && !PERHAPS_SPECIAL.test(key))
    return version + key.slice(0, tilde).replaceAll('/', SEPARATOR);
  return (
    version +
    pathOfStorageKey(key)
      .map((segment) => SEPARATOR + segmentText(segment))
      .join('')
  );
}

/** The row of a text: itself, or, where it is too long, its beginning and a hash. Whoever reads such a row compares the text. */
export function rowOf(text: string): string {
  if (text.length <= SURELY_FITS || Buffer.byteLength(text) <= LONGEST) return text;
  return text.slice(0, KEPT_OF_LONG).replace(/[\ud800-\udbff]$/, '') + HASHED + hash(text);
}

/** True for a row that shows only the beginning of its text. */
export function isHashed(row: string): boolean {
  return row.includes(HASHED);
}

/** The row of a dependency's name. */
export function rowOfName(name: string): string {
  const text = segmentText(name);
  return text.length <= SURELY_FITS ? text : HASHED + hash(text);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
