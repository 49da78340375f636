/** What level-cache wrote into a row: a key with its namespace before it, and a JSON envelope around the value. */

/** A row, read as level-cache would have read it at a moment. */
export type LevelRow = LivingRow | { readonly kind: 'expired' | 'empty'; readonly namespace: string } | DamagedRow;

/** A row with a value. */
export interface LivingRow {
  readonly kind: 'living';
  /** As level-cache joined it: its parts between slashes; `''` if there is none. */
  readonly namespace: string;
  /** Without the namespace. */
  readonly key: string;
  /** Namespace and key as they stand in the row. */
  readonly whole: string;
  readonly value: unknown;
  /** Milliseconds since the epoch; `Infinity` if it has no end. */
  readonly keptUntil: number;
}

/** A row that level-cache hasn't written, or that has been damaged since. */
export interface DamagedRow {
  readonly kind: 'damaged';
  readonly namespace: string;
  readonly whole: string;
  readonly reason: string;
}

/** The sign that level-cache puts between namespace and key. */
const SIGN = '\u241f';
const LAST_DATE = 8.64e15; // later than what a `Date` can say means never
const whole = { fatal: true, ignoreBOM: true };
const strict = new TextDecoder('utf-8', whole);

/**
 * Read a row as of a moment.
 *
 * A key is parted at its first sign. One without a sign, or with nothing before it, has no namespace and is left as it is:
 * so no two keys of the source ever become one.
 */
export function readRow(key: Uint8Array, value: Uint8Array, now: number): LevelRow {
  const text = textIn(key);
  if (text === undefined) {
    return { kind: 'damaged', namespace: '', whole: Buffer.from(key).toString(), reason: "its key isn't UTF-8" };
  }
  const at = Math.max(text.indexOf(SIGN), 0);
  const namespace = text.slice(0, at);
  const envelope = envelopeIn(value);
  if (typeof envelope === 'string') return { kind: 'damaged', namespace, whole: text, reason: envelope };
  const { v, x } = envelope;
  if (typeof x === 'number' && x <= now) return { kind: 'expired', namespace };
  if (v === undefined) return { kind: 'empty', namespace };
  const keptUntil = typeof x === 'number' && x <= LAST_DATE ? x : Infinity;
  const name = at === 0 ? text : text.slice(at + SIGN.length);
  return { kind: 'living', namespace, key: name, whole: text, value: v, keptUntil };
}

/** The names of namespaces in one that level-cache has joined. One with an empty name in it is left whole. */
export function partsOf(namespace: string): readonly string[] {
  const parts = namespace.split('/');
  if (namespace === '') return [];
  return parts.includes('') ? [namespace] : parts;
}

/** True if a namespace is another one, or lies below it. */
export function isWithin(namespace: string, outer: string): boolean {
  return namespace === outer || namespace.startsWith(outer + '/');
}

/** An envelope, or why there is none. */
function envelopeIn(bytes: Uint8Array): { readonly v?: unknown; readonly x?: unknown } | string {
  const text = textIn(bytes);
  if (text === undefined) return "its value isn't UTF-8";
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : 'its value is no envelope';
  } catch {
    return "its value isn't JSON";
  }
}

function textIn(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}
