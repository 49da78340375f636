/** The smaller words of HTTP: dates, ages, freshness, the requests that a variant is for, and Cache-Status. */
import { formatCacheStatus } from 'tidemark/content/http';
import { describe, expect, test } from 'vitest';
import { currentAge, parseAge } from '../../../src/content/http/age.ts';
import { byteRange, rangeStillHolds } from '../../../src/content/http/byte-range.ts';
import { freshnessOf, servesInNeed, useOf } from '../../../src/content/http/freshness.ts';
import { formatHttpDate, parseHttpDate } from '../../../src/content/http/http-date.ts';
import { sameSelection, select, selects, varyNames } from '../../../src/content/http/vary.ts';
import { START } from './origin.ts';

const at = (seconds: number) => formatHttpDate(START + seconds * 1000);
const times = { requestTime: START, responseTime: START };

describe('dates', () => {
  test.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'SUN, 06 nov 1994 08:49:37 gmt',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
  ])('are read in each form: %s', (text) => {
    expect(parseHttpDate(text, START)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
  });

  test.each([
    '0',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun 06 Nov 1994 08:49:37 GMT',
    'Sun, 06  Nov 1994 08:49:37 GMT',
    'Sun, 06-Nov-1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
  ])('are none in any other: %s', (text) => {
    expect(parseHttpDate(text, START)).toBeUndefined();
  });

  test('with two digits for the year are never more than fifty years ahead', () => {
    expect(parseHttpDate('Sunday, 06-Nov-76 08:49:37 GMT', START)).toBe(Date.UTC(2076, 10, 6, 8, 49, 37));
    expect(parseHttpDate('Sunday, 06-Nov-77 08:49:37 GMT', START)).toBe(Date.UTC(1977, 10, 6, 8, 49, 37));
  });
});

describe('age', () => {
  test.each([
    ['60', 60],
    ['60, 0', 60],
    ['99999999999', 2 ** 31],
    ['-60', undefined],
    ['60.0', undefined],
    ['old', undefined],
    ['60;a=b', undefined],
  ])('of %s', (text, age) => {
    expect(parseAge(text)).toBe(age);
  });

  test('is the greater of what is stated and what Date tells, and grows from there', () => {
    const later = { requestTime: START, responseTime: START + 2000 };
    expect(currentAge(new Headers({ date: at(2) }), later, START + 5000)).toBe(5);
    expect(currentAge(new Headers({ date: at(-28), age: '10' }), later, START + 5000)).toBe(33);
    expect(currentAge(new Headers({ date: at(2), age: '10' }), later, START + 5000)).toBe(15);
    expect(currentAge(new Headers({ date: 'then', age: '10' }), later, START + 5000)).toBe(15);
  });
});

describe('freshness', () => {
  const ttl = (headers: Record<string, string>, status = 200) =>
    freshnessOf({ ...times, status, headers: new Headers(headers) }, ['CDN-Cache-Control'], START).ttl;

  test.each([
    [{ 'cache-control': 'max-age=60, s-maxage=5', expires: at(100) }, 5],
    [{ 'cache-control': 'max-age=60', expires: at(100) }, 60],
    [{ expires: at(100) }, 100],
    [{ expires: at(100), date: at(50) }, 50],
    [{ expires: '0', 'last-modified': at(-1000) }, 0],
    [{ 'last-modified': at(-1000) }, 100],
    [{ 'last-modified': at(-1e8) }, 86_400],
    [{ 'cdn-cache-control': 'max-age=7', 'cache-control': 'no-store, max-age=60' }, 7],
    [{ 'cdn-cache-control': 'max-age=&', 'cache-control': 'max-age=60' }, 60],
    [{ 'cdn-cache-control': 'public', expires: at(100) }, 0],
    [{}, 0],
  ])('of %j', (headers, expected) => {
    expect(ttl(headers as Record<string, string>)).toBe(expected);
  });

  test('is guessed only for statuses that allow it, or what is public', () => {
    expect(ttl({ 'last-modified': at(-1000) }, 503)).toBe(0);
    expect(ttl({ 'last-modified': at(-1000), 'cache-control': 'public' }, 503)).toBe(100);
  });

  const aged = (cacheControl: string, age: number) => {
    const headers = new Headers({ 'cache-control': cacheControl });
    return freshnessOf({ ...times, status: 200, headers }, [], START + age * 1000);
  };

  test.each([
    ['max-age=10', 5, {}, 'fresh'],
    ['max-age=10', 10, {}, 'validate'],
    ['max-age=10', 5, { minFresh: 6 }, 'validate'],
    ['max-age=10', 5, { maxAge: 4 }, 'validate'],
    ['max-age=10', 0, { maxAge: 0 }, 'validate'],
    ['max-age=10', 5, { noCache: true }, 'validate'],
    ['max-age=10, no-cache', 5, {}, 'validate'],
    ['max-age=10', 15, { maxStale: 5 }, 'stale'],
    ['max-age=10', 16, { maxStale: 5 }, 'validate'],
    ['max-age=10, must-revalidate', 15, { maxStale: 5 }, 'validate'],
    ['s-maxage=10', 15, { maxStale: 5 }, 'validate'],
    ['max-age=10, stale-while-revalidate=5', 14, {}, 'stale-while-revalidate'],
    ['s-maxage=10, stale-while-revalidate=5', 14, {}, 'stale-while-revalidate'],
    ['max-age=10, stale-while-revalidate=5', 15, {}, 'validate'],
    ['max-age=10, stale-while-revalidate=5, must-revalidate', 14, {}, 'validate'],
  ] as const)('with %s, %i seconds old, asked with %j: %s', (said, age, asked, use) => {
    expect(useOf(aged(said, age), asked)).toBe(use);
  });

  test.each([
    ['max-age=10', 15, {}, true],
    ['max-age=10', 100, {}, false],
    ['max-age=10, stale-if-error=200', 100, {}, true],
    ['max-age=10, stale-if-error=0', 15, {}, false],
    ['max-age=10', 100, { staleIfError: 200 }, true],
    ['max-age=10, must-revalidate', 15, { staleIfError: 200 }, false],
    ['max-age=10, proxy-revalidate, stale-if-error=60', 15, {}, false],
    ['s-maxage=10', 15, {}, false],
    ['s-maxage=10, stale-if-error=60', 15, {}, true],
    ['max-age=10, no-cache', 5, {}, false],
    ['max-age=10', 15, { noCache: true }, false],
  ] as const)('in need: %s, %i seconds old, asked with %j: %s', (said, age, asked, serves) => {
    expect(servesInNeed(aged(said, age), asked, 60)).toBe(serves);
  });
});

describe('Vary', () => {
  const headers = (init: Record<string, string>) => new Headers(init);

  test.each([
    ['Foo, bar,FOO', ['bar', 'foo']],
    ['', []],
    ['*', '*'],
    ['foo, *', '*'],
    [', *', '*'],
    ['not a name', '*'],
  ])('%s', (text, names) => {
    expect(varyNames(text)).toEqual(names);
  });

  test('makes variants of requests that differ in what it names, and of no others', () => {
    const selection = select(['accept-language', 'foo'], headers({ 'accept-language': 'en, de;q=0.5', foo: '1,2' }));
    expect(selects(selection, headers({ 'accept-language': 'EN,de; q=0.5', foo: ' 1, 2', other: '3' }))).toBe(true);
    expect(selects(selection, headers({ 'accept-language': 'en', foo: '1,2' }))).toBe(false);
    expect(selects(selection, headers({ foo: '1,2' }))).toBe(false);
    expect(selects(selection, headers({ 'accept-language': 'en, de;q=0.5', foo: '2,1' }))).toBe(false);
  });

  test('tells an empty field from an absent one, and keeps what is one text', () => {
    expect(selects(select(['foo'], headers({})), headers({ foo: '' }))).toBe(false);
    expect(selects(select(['cookie'], headers({ cookie: 'a=1, b' })), headers({ cookie: 'a=1,b' }))).toBe(false);
    expect(sameSelection(select(['foo'], headers({})), select(['foo'], headers({ foo: 'null' })))).toBe(false);
  });
});

describe('ranges', () => {
  test.each([
    ['bytes=0-1', { start: 0, end: 2 }],
    ['bytes=8-', { start: 8, end: 10 }],
    ['bytes=-3', { start: 7, end: 10 }],
    ['bytes=-30', { start: 0, end: 10 }],
    ['bytes=5-99', { start: 5, end: 10 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-4', undefined],
    ['bytes=-', undefined],
    ['bytes=0-1,3-4', undefined],
    ['lines=0-1', undefined],
  ])('%s of ten', (range, expected) => {
    expect(byteRange(new Headers({ range }), 10)).toEqual(expected);
  });

  test('hold while the tag is strongly the same, or the date exactly', () => {
    const stored = new Headers({ etag: '"7"', 'last-modified': at(-10) });
    const holds = (condition: string) => rangeStillHolds(new Headers({ 'if-range': condition }), stored);
    expect(['"7"', at(-10)].map(holds)).toEqual([true, true]);
    expect(['W/"7"', '"6"', at(-9), 'nonsense'].map(holds)).toEqual([false, false, false, false]);
  });
});

test('Cache-Status is one member of a list of structured fields', () => {
  expect(formatCacheStatus('edge', { hit: true, ttl: 9.9 })).toBe('edge; hit; ttl=9');
  expect(formatCacheStatus('my "edge"', { forwarded: 'stale', forwardedStatus: 304, stored: true })).toBe(
    '"my \\"edge\\""; fwd=stale; fwd-status=304; stored',
  );
  expect(formatCacheStatus('edge', { forwarded: 'miss', collapsed: true, ttl: -0.5, detail: 'x' })).toBe(
    'edge; fwd=miss; ttl=-1; collapsed; detail=x',
  );
});
