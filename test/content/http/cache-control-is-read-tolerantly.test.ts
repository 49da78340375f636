/** Cache-Control as it is found in the wild, the fields that are aimed at one cache, and both written again. */
import { formatCacheControl, parseCacheControl } from 'tidemark/content/http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTargeted } from '../../../src/content/http/targeted.ts';

describe('Cache-Control', () => {
  test.each([
    ['max-age=60, public', { maxAge: 60, public: true }],
    ['MaX-aGe=60,,NO-STORE ,', { maxAge: 60, noStore: true }],
    ['max-age="60"', { maxAge: 60 }],
    ['max-age=0060', { maxAge: 60 }],
    ['max-age=1, max-age=60', { maxAge: 1 }],
    ['max-age=99999999999', { maxAge: 2 ** 31 }],
    ['max-age=-60', { maxAge: 0 }],
    ["max-age='60'", { maxAge: 0 }],
    ['max-age=60.5', { maxAge: 0 }],
    ['max-age', { maxAge: 0 }],
    ['max-age =60', {}],
    ['other="max-age=60, no-store", s-maxage=5', { sMaxage: 5 }],
    ['no-cache="A, b", private="Set-Cookie"', { noCache: ['a', 'b'], private: ['set-cookie'] }],
    ['no-cache=""', { noCache: true }],
    ['max-stale, min-fresh=5, only-if-cached', { maxStale: Infinity, minFresh: 5, onlyIfCached: true }],
    ['constructor, toString=1, __proto__=2', {}],
    ['', {}],
  ])('%s', (text, said) => {
    expect(parseCacheControl(text)).toEqual(said);
  });

  test('that is absent says nothing', () => {
    expect(parseCacheControl(null)).toEqual({});
  });

  test('is read again as it was written', () => {
    const seconds = fc.integer({ min: 0, max: 2 ** 31 });
    const flag = fc.constant(true as const);
    const fields = fc.oneof(flag, fc.uniqueArray(fc.stringMatching(/^[a-z-]{1,8}$/), { minLength: 1 }));
    const said = fc.record(
      {
        maxAge: seconds,
        sMaxage: seconds,
        staleWhileRevalidate: seconds,
        staleIfError: seconds,
        maxStale: fc.oneof(seconds, fc.constant(Infinity)),
        noCache: fields,
        private: fields,
        mustRevalidate: flag,
        immutable: flag,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(said, (one) => {
        expect(parseCacheControl(formatCacheControl(one))).toEqual({ ...one });
      }),
    );
  });
});

describe('a targeted field', () => {
  test.each([
    ['max-age=60, no-store', { maxAge: 60, noStore: true }],
    ['  max-age=60;why="because", unknown=(a b);q=1, private="a"', { maxAge: 60, private: ['a'] }],
    ['max-age=99999999999', { maxAge: 2 ** 31 }],
    ['max-age=1, max-age=60', { maxAge: 60 }],
    ['max-age="60", s-maxage=5', { sMaxage: 5 }],
    ['max-age=6.5, max-age=-1', {}],
    ['no-store=?0, must-revalidate=?1', { mustRevalidate: true }],
    ['a=:YWJj:, b=@1659578233, c=%"f%c3%bc", d=tok/en:x, e=-1.5, max-age=1', { maxAge: 1 }],
  ])('%s', (text, said) => {
    expect(parseTargeted(text)).toEqual(said);
  });

  test.each([
    '',
    '  ',
    'MaX-aGe=60',
    'max-age =60',
    'max-age= 60',
    'max-age=60, &&',
    'max-age=60,',
    'a=(1',
    'a="b',
    'a;',
  ])('that is malformed counts as if it weren’t there: %s', (text) => {
    expect(parseTargeted(text)).toBeUndefined();
  });

  test('is read in linear time, whatever it holds', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parseTargeted(text) !== 'string'));
    expect(parseTargeted(`a=${'('.repeat(100_000)}`)).toBeUndefined();
    expect(parseTargeted(`a="${'\\"'.repeat(100_000)}`)).toBeUndefined();
  });
});
