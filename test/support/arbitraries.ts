/** What properties are tried with: any text at all, lone surrogates and separators included, and paths of it. */
import fc from 'fast-check';

const unit = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('/', '~', ':', '*', '\\', '\0', '0', '1', 'u', 'd', 'a', '\ud83d', '\ude00'),
  },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) },
);

/** Any sequence of UTF-16 code units. */
export const anyText: fc.Arbitrary<string> = fc.string({ unit, maxLength: 12 });

/** A path of any texts; the empty path included. */
export const anyPath: fc.Arbitrary<string[]> = fc.array(anyText, { maxLength: 4 });

/** A path with at least one segment. */
export const anyKey: fc.Arbitrary<string[]> = fc.array(anyText, { minLength: 1, maxLength: 4 });
