/** A key lies in the file exactly where the engine would put it under an ad hoc key of a cache of the family's name. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { storageKey } from 'tidemark';
import { textOfStorageKey } from '../../src/backends/lmdb/keys.ts';
import { flatSpace, keyIn, nestedSpace, type Space, textOf } from '../../src/embedded/space.ts';
import { anyText } from '../support/arbitraries.ts';

const name = anyText.filter((text) => text !== '');
const nested = fc
  .tuple(anyText, fc.array(name, { maxLength: 3 }))
  .map(([first, below]) => below.reduce((space, one) => space.below(one), nestedSpace(first)));
const flat = fc
  .tuple(anyText, fc.array(anyText, { maxLength: 3 }))
  .map(([first, below]) => below.reduce((space, one) => space.below(one), flatSpace(first)));

const kinds: readonly (readonly [string, fc.Arbitrary<Space>])[] = [
  ['nested', nested],
  ['flat', flat],
];

test.each(kinds)('%s: a text is that of the storage key', (_, space) => {
  fc.assert(
    fc.property(space, anyText, (one, key) => {
      const stored = storageKey([one.family.name, ...one.path(key)], 'adhoc');
      expect(textOf(one, key)).toBe(textOfStorageKey(stored));
    }),
  );
});

test.each(kinds)('%s: a text gives back its key, and lies between prefix and end', (_, space) => {
  fc.assert(
    fc.property(space, anyText, (one, key) => {
      const text = textOf(one, key);
      expect(keyIn(one, text)).toBe(key);
      const [from, at, to] = [one.prefix, text, one.end].map((part) => Buffer.from(part));
      expect(Buffer.compare(from, at)).toBeLessThanOrEqual(0);
      expect(Buffer.compare(at, to)).toBe(-1);
    }),
  );
});

test('nested: a text of one namespace is none of another', () => {
  fc.assert(
    fc.property(nested, nested, anyText, (one, other, key) => {
      fc.pre(one.name !== other.name);
      expect(keyIn(other, textOf(one, key))).toBeUndefined();
      expect(other.prefix).not.toBe(one.prefix);
    }),
  );
});
