/** What was loaded or set comes back equal, whatever it is made of: nothing is a miss but the absence of an entry. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { idle } from '../support/deferred.ts';
import { MapBackend } from '../support/map-store.ts';

const bytes = Uint8Array.of(0, 127, 128, 255);
const cyclic: { self?: unknown; list: unknown[] } = { list: [] };
cyclic.self = cyclic;
cyclic.list.push(cyclic);
const holed: number[] = [1];
holed[3] = 4;

const values: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['false', false],
  ['0', 0],
  ['-0', -0],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['empty text', ''],
  ['text with lone surrogates', '\ud800 \udc00'],
  ['a bigint', 2n ** 70n],
  ['a date', new Date('2020-02-29T12:00:00.001Z')],
  ['an invalid date', new Date(NaN)],
  ['a map of maps', new Map([[{ k: 1 }, new Map([['x', undefined]])]])],
  ['a set', new Set([NaN, 'a', { b: new Date(0) }])],
  ['a Uint8Array', bytes],
  ['a Buffer', Buffer.from('bytes')],
  ['part of a larger buffer', new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2)],
  ['a Float64Array', Float64Array.of(NaN, -0, 1.5)],
  ['a BigInt64Array', BigInt64Array.of(-1n, 2n)],
  ['a DataView', new DataView(Uint8Array.of(1, 2, 3).buffer, 1, 1)],
  ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer],
  ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
  ['an object with a property named __proto__', JSON.parse('{"__proto__": {"polluted": true}, "a": 1}')],
  ['properties that are undefined', { a: undefined, b: [undefined] }],
  ['an array with holes', holed],
  ['what contains itself', cyclic],
  ['deep data', { a: [{ b: [{ c: { d: [1, { e: 'f' }] } }] }] }],
];

describe.each(['frozen', 'copied', 'shared'] as const)('values: %s', (isolation) => {
  test.each(values)('%s, loaded', async (_, value) => {
    let loads = 0;
    const posts = createCache().define<unknown>('post', { load: () => (loads++, value), values: isolation });
    for (let read = 0; read < 3; read++) {
      const got = await posts.get('1');
      expect(got).toStrictEqual(value);
      expect(Object.is(got, value) || typeof value === 'object').toBe(true);
    }
    expect(loads).toBe(1);
  });

  test.each(values)('%s, set', async (_, value) => {
    const posts = createCache().define<unknown>('post', { values: isolation });
    await posts.set('1', value);
    const got = await posts.get('1');
    expect(got).toStrictEqual(value);
    expect(Object.is(got, value) || typeof value === 'object').toBe(true);
    expect(posts.peek('1') ?? got).toStrictEqual(value);
  });

  test.each(values)('%s, from a tier that another cache had filled', async (_, value) => {
    const backend = new MapBackend();
    const make = (load: () => unknown) =>
      createCache({ tiers: [memory(), backend] }).define<unknown>('post', { load, values: isolation });
    await make(() => value).get('1');
    await idle();
    const got = await make(() => 'loaded again').get('1');
    expect(got).toStrictEqual(structuredClone(value)); // what the store itself makes of it
  });
});

test('a loaded undefined or null is a value: it is not loaded again', async () => {
  const cache = createCache();
  let loads = 0;
  const posts = cache.define<undefined | null>('post', { load: (key) => (loads++, key === 'null' ? null : undefined) });
  expect([await posts.get('a'), await posts.get('a'), await posts.get('null'), await posts.get('null')]).toEqual([
    undefined,
    undefined,
    null,
    null,
  ]);
  expect(loads).toBe(2);
  expect(cache.stats()).toMatchObject({ loaded: 2, hits: 2, absent: 0 });
});

test('nothing is polluted by a property named __proto__', async () => {
  const posts = createCache().define<object>('post', { values: 'copied' });
  await posts.set('1', JSON.parse('{"__proto__": {"polluted": true}}') as object);
  const got = await posts.get('1');
  expect(Object.hasOwn(got, '__proto__')).toBe(true);
  expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
  expect('polluted' in got).toBe(false);
});
