/** Text in a file that carries its own digest, so that no changed byte goes unnoticed. */
import { canonicalJson, digestOf } from './digest.ts';

const BETWEEN = ',"sha256":"';
const AFTER = '"}';
const END = BETWEEN.length + 64 + AFTER.length;

/** The text that stands for this value under this name, and for no other. */
export function seal(name: string, value: unknown): string {
  const json = canonicalJson(value);
  return `${beginning(name)}${json}${ending(json)}`;
}

/** The value in such a text, in UTF-8, or `undefined` if it isn't exactly what was written under this name. */
export function opened(name: string, bytes: Buffer): unknown {
  const begin = beginning(name);
  const end = bytes.length - END;
  if (bytes.toString('latin1', 0, begin.length) !== begin || end < begin.length) return undefined;
  const json = bytes.subarray(begin.length, end);
  if (bytes.toString('latin1', end) !== ending(json)) return undefined;
  try {
    return JSON.parse(json.toString());
  } catch {
    return undefined;
  }
}

function beginning(name: string): string {
  return `{${JSON.stringify(name)}:`;
}

function ending(json: string | Uint8Array): string {
  return BETWEEN + digestOf(json) + AFTER;
}
