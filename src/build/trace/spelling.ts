/** How strace spells paths: in quotes or angle brackets, with escapes for every byte that isn't plain text. */

/** A quoted argument; `undefined` where it is none (an address, `NULL`). Throws where it was cut short. */
export function quoted(arg: string | undefined): string | undefined {
  if (arg === undefined || !arg.startsWith('"')) return undefined;
  if (!arg.endsWith('"')) throw new Error('a path was cut short');
  return unescaped(arg.slice(1, -1));
}

/** What a descriptor stands for, if that is a path that is still there. */
export function pathOf(descriptor: string | undefined): string | undefined {
  const [, text] = /^(?:AT_FDCWD|\d+)<(\/(?:[^\\>]|\\.)*)>$/.exec(descriptor ?? '') ?? [];
  return text === undefined ? undefined : unescaped(text);
}

const LETTERS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12, a: 7, b: 8, '"': 34, '\\': 92 };

/** Bytes that aren't UTF-8 become U+FFFD. */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '\\') {
      bytes.push(text.charCodeAt(at));
      continue;
    }
    const [digits] = /^(?:[0-7]{1,3}|x[0-9a-f]{2})/.exec(text.slice(at + 1, at + 4)) ?? [''];
    if (digits === '') bytes.push(LETTERS[text[++at]] ?? text.charCodeAt(at));
    else {
      bytes.push(digits.startsWith('x') ? Number.parseInt(digits.slice(1), 16) : Number.parseInt(digits, 8));
      at += digits.length;
    }
  }
  return Buffer.from(bytes).toString('utf8');
}
