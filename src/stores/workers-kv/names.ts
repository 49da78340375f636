/**
 * Keys of entries as keys of KV, which have at most 512 bytes.
 *
 * A key that fits is a prefix and itself; as it begins with a slash and the prefix has none, no two prefixes share a key.
 * A longer one is the prefix, `/~h` and its SHA-256. No key that fits looks like that: where an encoded path has a tilde, `0`,
 * `1`, `u` or the version's `v` or `a` follows it.
 */
import type { MaybePromise } from '../../engine/maybe.ts';
import type { KvMetadata } from './namespace.ts';

const LONGEST_KEY = 512; // bytes
const LARGEST_METADATA = 1024; // bytes of JSON
const HASHED = '/~h';

const encoder = new TextEncoder();

/** How many bytes a text takes in UTF-8. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** KV's name for an entry's key: at once, or after hashing. */
export function nameOf(prefix: string, key: string): MaybePromise<string> {
  const name = prefix + key;
  const fits = 3 * name.length <= LONGEST_KEY || bytesOf(name) <= LONGEST_KEY;
  return fits && key.startsWith('/') && !key.startsWith(HASHED) ? name : hashed(prefix, key);
}

async function hashed(prefix: string, key: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encoder.encode(key));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0'));
  return prefix + HASHED + hex.join('');
}

/** What is kept beside the value of a key: as much of it as there is room for. */
export function metadataOf(key: string): KvMetadata {
  if (bytesOf(JSON.stringify({ key })) <= LARGEST_METADATA) return { key };
  const room = LARGEST_METADATA - bytesOf(JSON.stringify({ key: '', cut: true }));
  let size = 0;
  let beginning = '';
  for (const character of key) {
    size += bytesOf(JSON.stringify(character)) - 2;
    if (size > room) break;
    beginning += character;
  }
  return { key: beginning, cut: true };
}
