/** Parts of a complete body (RFC 9110 §14): one range of bytes, answered from what is stored. */
import { parseEntityTag, strongMatch } from './etag.ts';

/** From byte `start` to before byte `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The range that a request asks for, of a body of `length` bytes. `undefined` means the whole: no range, several, or one
 * that can't be read; a server may always answer so.
 */
export function byteRange(headers: Headers, length: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=\s*([0-9]*)-([0-9]*)\s*$/i.exec(headers.get('range') ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') {
    const last = Math.min(Number(match[2]), length);
    return last === 0 ? 'unsatisfiable' : { start: length - last, end: length };
  }
  const start = Number(match[1]);
  if (match[2] !== '' && Number(match[2]) < start) return undefined;
  const end = match[2] === '' ? length : Math.min(Number(match[2]) + 1, length);
  return start >= length ? 'unsatisfiable' : { start, end };
}

/** Whether If-Range lets a range be answered from a representation with these fields. */
export function rangeStillHolds(asked: Headers, stored: Headers): boolean {
  const condition = asked.get('if-range');
  if (condition === null) return true;
  const tag = parseEntityTag(condition);
  if (!tag) return condition === stored.get('last-modified');
  const current = parseEntityTag(stored.get('etag'));
  return current !== undefined && strongMatch(tag, current);
}
