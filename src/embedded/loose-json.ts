/** Values as level-cache keeps them: what JSON makes of them, dates as text, without a complaint. */
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';

/**
 * JSON without fidelity, on purpose. What `JSON.stringify` leaves out is left out (at the top that is `undefined`), what it
 * throws for (a bigint, a value that contains itself) is refused with `bad_value`.
 */
export const looseJsonCodec: Codec = {
  name: 'level-cache',
  encode(value) {
    try {
      return Buffer.from(JSON.stringify({ v: value }));
    } catch (cause) {
      throw new TidemarkError('bad_value', "a value can't be kept as JSON", cause);
    }
  },
  decode(bytes) {
    try {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
      return (JSON.parse(text) as { readonly v?: unknown }).v;
    } catch (cause) {
      throw new TidemarkError('bad_bytes', "bytes can't be read as JSON", cause);
    }
  },
};
