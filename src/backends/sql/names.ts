/** Names as rows keep them: texts that every database takes, short enough for every index, with no two short ones alike. */

const PERHAPS_SPECIAL = /[\0\x01\ud800-\udfff]/; // oxlint-disable-line no-control-regex -- a quick look that most names pass
const SPECIAL = /[\0\x01]|\p{Surrogate}/gu; // oxlint-disable-line no-control-regex -- \p{Surrogate} sees lone ones only
const ESCAPE = '\x01';
const ESCAPED = /\x01([0-9a-f]{4})/g; // oxlint-disable-line no-control-regex
/** Postgres indexes rows of up to 2,704 bytes, and a character of UTF-16 takes at most three. */
const LONGEST = 600;
const KEPT_OF_LONG = 200;
const HASHED = '\x01h';
const HALF_AT_END = /[\ud800-\udbff]$/; // where the cut goes through a pair

/** Text without NUL and lone surrogates, which Postgres refuses. No two texts have the same. */
export function plainText(text: string): string {
  if (!PERHAPS_SPECIAL.test(text)) return text;
  return text.replace(SPECIAL, (c) => ESCAPE + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

/** The inverse of {@link plainText}. */
export function textOfPlain(text: string): string {
  return text.replace(ESCAPED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/**
 * The row of a name. Long names are their beginning and a hash: two may meet in a row. For stamps that only means that a
 * change of one counts for the other; who keeps something under a row must compare the whole name.
 */
export function rowOf(name: string): string {
  const text = plainText(name);
  if (text.length <= LONGEST) return text;
  return text.slice(0, KEPT_OF_LONG).replace(HALF_AT_END, '') + HASHED + hash(text);
}

/** What is to be compared besides the row of a name: its text, if the row doesn't say it all. */
export function restOf(name: string): string | null {
  const text = plainText(name);
  return text.length <= LONGEST ? null : text;
}

/** 64 bits in hex: FNV-1a twice over, from two beginnings. It need not be more than unlikely to meet. */
function hash(text: string): string {
  let one = 0x811c9dc5;
  let two = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ (unit + i), 0x85ebca6b);
    two ^= two >>> 15;
  }
  return [one, two].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
