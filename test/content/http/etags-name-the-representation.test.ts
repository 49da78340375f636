/** An ETag is made of the data's mark and what is shown of it, and compared as the standard says. */
import { entityTag, type Representation } from 'tidemark/content/http';
import { describe, expect, test } from 'vitest';
import { parseEntityTag, parseEntityTags, strongMatch, weakMatch } from '../../../src/content/http/etag.ts';

const tag = (text: string) => parseEntityTag(text)!;

describe('a tag', () => {
  test('is the same for the same, whatever the order of fields', () => {
    expect(entityTag({ mark: 7, fields: ['b', 'a', 'b'] })).toBe(entityTag({ mark: 7, fields: ['a', 'b'] }));
  });

  test('differs as soon as anything does', () => {
    const all: Representation[] = [
      { mark: 7 },
      { mark: 8 },
      { mark: '7:l=de' },
      { mark: 7, fields: [] },
      { mark: 7, fields: ['a'] },
      { mark: 7, fields: ['a', 'b'] },
      { mark: 7, fields: ['a+b'] },
      { mark: 7, fields: ['a:l=de'] },
      { mark: 7, locale: 'de' },
      { mark: 7, encoding: 'de' },
      { mark: 7, fields: ['a'], locale: 'de', encoding: 'gzip' },
      { mark: 7, strength: 'weak' },
    ];
    expect(new Set(all.map(entityTag)).size).toBe(all.length);
  });

  test('is one that a header can carry, of any text', () => {
    const made = entityTag({ mark: 'é "quoted", 漢字\n', fields: ['a\\b'], locale: 'de-CH' });
    expect(new Headers({ etag: made }).get('etag')).toBe(made);
    expect(parseEntityTag(made)).toEqual({ opaque: made.slice(1, -1), weak: false });
  });

  test('is refused for text that is none', () => {
    expect(() => entityTag({ mark: '\ud800' })).toThrow(expect.objectContaining({ code: 'bad_value' }));
  });
});

test('what isn’t a tag is none', () => {
  for (const text of ['', 'abc', '"abc', 'abc"', 'w/"abc"', 'W/abc', '"a"b"', '"a b"'])
    expect(parseEntityTag(text), text).toBeUndefined();
});

test('lists are read with commas and backslashes inside of tags, and without what isn’t a tag', () => {
  expect(parseEntityTags(' * ')).toBe('*');
  expect(parseEntityTags('"a,b", W/"c\\", nonsense, "d"')).toEqual([
    { opaque: 'a,b', weak: false },
    { opaque: 'c\\', weak: true },
    { opaque: 'd', weak: false },
  ]);
});

test.each([
  ['W/"1"', 'W/"1"', false, true],
  ['W/"1"', 'W/"2"', false, false],
  ['W/"1"', '"1"', false, true],
  ['"1"', '"1"', true, true],
])('%s and %s: strongly the same %s, weakly %s', (a, b, strong, weak) => {
  expect(strongMatch(tag(a), tag(b))).toBe(strong);
  expect(weakMatch(tag(a), tag(b))).toBe(weak);
});
