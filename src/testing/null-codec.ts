/** A codec that can represent nothing. */
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';

/** For tests of what happens when a store can't keep a value: `encode` throws `bad_value`, `decode` `bad_bytes`. */
export const nullCodec: Codec = {
  name: 'null',
  encode() {
    throw new TidemarkError('bad_value', 'the null codec can represent nothing');
  },
  decode() {
    throw new TidemarkError('bad_bytes', 'the null codec has made no bytes');
  },
};
