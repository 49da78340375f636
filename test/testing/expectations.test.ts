/** The suites' idea of equality: two values are equal if nothing that they are made of tells them apart. */
import { describe, expect, test } from 'vitest';
import { TidemarkError } from 'tidemark';
import { difference, ensureEqual, ensureRefused } from '../../src/testing/expectations.ts';
import { awkwardPaths, plainSamples, randomValue, refusedSamples, richSamples } from '../../src/testing/samples.ts';
import { seededRandom } from 'tidemark/testing';
import { storageKey } from 'tidemark';

class Point {
  readonly x = 1;
}

const samples = Object.entries({ ...plainSamples, ...richSamples });

const different: readonly (readonly [what: string, actual: unknown, expected: unknown])[] = [
  ['0 and -0', 0, -0],
  ['NaN and undefined', Number.NaN, undefined],
  ['null and undefined', null, undefined],
  ['1 and "1"', 1, '1'],
  ['1 and 1n', 1, 1n],
  ['missing and undefined', {}, { a: undefined }],
  ['undefined and missing', { a: undefined }, {}],
  ['a name that every object has and its own', {}, { toString: undefined }],
  ['a hole and undefined', [,], [undefined]], // oxlint-disable-line no-sparse-arrays
  ['an array and an object', [], {}],
  ['an array and a longer one', [1], [1, undefined]],
  ['an array and one with a property', [1], Object.assign([1], { a: 1 })],
  ['a date and its text', new Date(5), new Date(5).toISOString()],
  ['two dates', new Date(5), new Date(6)],
  ['a date and one that is invalid', new Date(5), new Date(Number.NaN)],
  ['a map and an object', new Map([['a', 1]]), { a: 1 }],
  ['two maps', new Map([['a', 1]]), new Map([['a', 2]])],
  [
    'a map and one of another order',
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
    new Map([
      ['b', 2],
      ['a', 1],
    ]),
  ],
  ['two sets', new Set([1]), new Set([2])],
  ['a set and a larger one', new Set([1]), new Set([1, 2])],
  ['-0 and 0 in a map', new Map([['a', -0]]), new Map([['a', 0]])],
  ['bytes', Uint8Array.of(1, 2), Uint8Array.of(1, 3)],
  ['bytes and a list', Uint8Array.of(1, 2), [1, 2]],
  ['bytes of another kind', Uint8Array.of(1, 2), Int8Array.of(1, 2)],
  ['bytes and their buffer', Uint8Array.of(1, 2), Uint8Array.of(1, 2).buffer],
  ['a part of bytes and the whole', Uint8Array.of(1, 2).subarray(1), Uint8Array.of(1, 2)],
  ['NaN and 0 in floats', Float64Array.of(Number.NaN), Float64Array.of(0)],
  ['-0 and 0 in floats', Float64Array.of(-0), Float64Array.of(0)],
  ['two functions', () => 1, () => 1],
  ['an instance and a plain object', new Point(), { x: 1 }],
  ['two instances', new Point(), new Point()],
  ['a property named by a symbol', { [Symbol.for('a')]: 1 }, {}],
  [
    'deep down',
    { a: [{ b: new Map([[1, new Set([{ c: 1 }])]]) }] },
    { a: [{ b: new Map([[1, new Set([{ c: 2 }])]]) }] },
  ],
];

describe('difference', () => {
  test.each(different)('tells apart %s, either way round', (_, actual, expected) => {
    expect(difference(actual, expected)).toEqual(expect.any(String));
    expect(difference(expected, actual)).toEqual(expect.any(String));
  });

  test.each(samples)('finds none between two equal values: %s', (_, make) => {
    expect(difference(make(), make())).toBeUndefined();
  });

  test('takes no notice of the order of names, of prototypes that are bare, nor of where bytes lie', () => {
    expect(difference({ a: 1, b: 2 }, { b: 2, a: 1 })).toBeUndefined();
    expect(difference(Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 })).toBeUndefined();
    expect(difference(Uint8Array.of(9, 1, 2).subarray(1), Uint8Array.of(1, 2))).toBeUndefined();
  });

  test('comes to an end with values that contain themselves', () => {
    const circle = (length: number) => {
      const first: { next?: unknown } = {};
      let last = first;
      for (let i = 1; i < length; i++) last.next = last = {};
      last.next = first;
      return first;
    };
    expect(difference(circle(2), circle(2))).toBeUndefined();
    expect(difference(circle(2), circle(3))).toBeUndefined(); // from within nothing tells them apart
    expect(difference(circle(2), { next: { next: undefined } })).toEqual(expect.any(String));
  });

  test('says where', () => {
    expect(difference({ a: [1, { b: 'x' }] }, { a: [1, { b: 'y' }] })).toBe('.a.1.b is "x" and should be "y"');
    expect(difference([new Map([['k', -0]])], [new Map([['k', 0]])])).toBe('.0<0>.1 is -0 and should be 0');
    expect(() => ensureEqual({}, { a: 1 }, 'the thing')).toThrow('the thing: it lacks a');
  });

  test('tells random values of different seeds apart, and those of one seed not', () => {
    const value = (seed: number) => randomValue(seededRandom(seed));
    for (let seed = 1; seed <= 200; seed++) expect(difference(value(seed), value(seed))).toBeUndefined();
    const texts = new Set(Array.from({ length: 200 }, (_, seed) => difference(value(seed), [Symbol('other')])));
    expect(texts.has(undefined)).toBe(false);
  });
});

test('ensureRefused wants the very code', async () => {
  const bad = () => {
    throw new TidemarkError('bad_value', 'no');
  };
  await ensureRefused('bad_value', bad, 'it');
  await ensureRefused('bad_value', async () => bad(), 'it');
  await expect(ensureRefused('bad_bytes', bad, 'it')).rejects.toThrow(
    'it: failed with bad_value where bad_bytes was due',
  );
  await expect(ensureRefused('bad_value', () => 1, 'it')).rejects.toThrow('it: was accepted');
  await expect(ensureRefused('bad_value', () => Promise.reject(new Error('other')), 'it')).rejects.toThrow(
    'Error: other',
  );
});

test('samples differ from each other, and no two awkward paths have one key', () => {
  const made = [...samples, ...Object.entries(refusedSamples)];
  for (const [name, make] of made)
    for (const [other, makeOther] of made)
      if (name !== other && name !== 'an object without a prototype')
        expect(difference(make(), makeOther()), `${name} and ${other}`).toEqual(expect.any(String));
  expect(new Set(awkwardPaths.map((path) => storageKey(path, 1))).size).toBe(awkwardPaths.length);
});
