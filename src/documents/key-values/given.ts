/** What key/value stores are given, checked before anything is changed. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';

/** A key. Throws `bad_key` for anything but text. */
export function givenKey(key: string): string {
  if (typeof key !== 'string') throw new TidemarkError('bad_key', `a key must be text, not ${describe(key)}`);
  return key;
}

/** A copy of bytes that nobody else has: a plain `Uint8Array`, also of a part of a larger `Buffer`. Throws `bad_value`. */
export function givenBytes(value: Uint8Array): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw new TidemarkError('bad_value', `only bytes (a Uint8Array) can be kept, not ${describe(value)}`);
  return new Uint8Array(value);
}
