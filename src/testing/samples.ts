/** What the suites try: values of every kind, and paths that make awkward keys. */
import type { Random } from '../engine/clock.ts';
import type { Path } from '../engine/key.ts';
import { below, pick } from './random.ts';

/** Values by name, each made anew for whoever asks, since some can be changed. */
export type Samples = Readonly<Record<string, () => unknown>>;

/** Nested so deep that a careless recursion notices. */
const DEEP = 500;

/** A text of every kind of character but lone surrogates. */
const TEXT = 'plain, "quoted", \\ back, \u0000 nul, \n line, \u2028 separator, é, e\u0301, 漢字, 🌊👩‍👩‍👧';

/** Values that JSON knows: every codec and every store must keep them. */
export const plainSamples: Samples = {
  null: () => null,
  booleans: () => [true, false],
  'the empty text': () => '',
  text: () => TEXT,
  'long text': () => 'tide '.repeat(50_000),
  numbers: () => [0, 1, -1, 0.1, -1.5, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1, 5e-324, 1e308],
  'an empty array': () => [],
  'an empty object': () => ({}),
  'empty containers in containers': () => [[], {}, [[]], { a: {}, b: [] }],
  'an object': () => ({ id: 7, title: TEXT, tags: ['a', 'b'], nested: { deep: { deeper: [null, { x: 1 }] } } }),
  'an object with names that objects have': () =>
    Object.fromEntries(
      ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', 'then', 'toJSON', ''].map(
        (name) => [name, { name }],
      ),
    ),
  'an object with awkward names': () => Object.fromEntries(['1', '-1', TEXT, ' ', '.', '$', '🌊'].map((n) => [n, n])),
  'a deep value': () => nested(DEEP, 'bottom'),
  'a wide array': () => Array.from({ length: 10_000 }, (_, i) => i),
  'a wide object': () => Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`name ${i}`, i])),
};

/** Values beyond JSON: kept as they are, or refused. */
export const richSamples: Samples = {
  undefined: () => undefined,
  'undefined in an object': () => ({ here: undefined, there: 1 }),
  'undefined in an array': () => [undefined, 1, undefined],
  NaN: () => Number.NaN,
  'minus zero': () => -0,
  'minus zero and NaN inside': () => [-0, 0, Number.NaN, { a: -0 }],
  infinities: () => [Infinity, -Infinity],
  bigints: () => [0n, -1n, 2n ** 64n, -(2n ** 200n)],
  'lone surrogates': () => ['\ud800', 'a\udc00b', '\udfff\ud800', { '\ud800': 1 }],
  dates: () => [new Date(0), new Date(-1), new Date(1_789_000_000_123), new Date(8.64e15)],
  'an invalid date': () => new Date(Number.NaN),
  'an empty map and set': () => [new Map(), new Set()],
  'a map': () =>
    new Map<unknown, unknown>([
      ['text', 1],
      [1, 'number'],
      [{ an: 'object' }, [new Date(5)]],
      [undefined, undefined],
      [Number.NaN, -0],
    ]),
  'a map with text for keys': () => new Map([['__proto__', { a: 1 }]]),
  'a set': () => new Set<unknown>(['text', 1, { an: 'object' }, undefined, Number.NaN, new Set([1])]),
  'maps and sets inside': () => ({ map: new Map([[1, new Map([[2, new Set([3])]])]]), list: [new Set([new Map()])] }),
  'typed arrays': () => [
    new Int8Array([-1, 127]),
    new Uint8Array([0, 255]),
    new Uint8ClampedArray([0, 255]),
    new Int16Array([-1, 32767]),
    new Uint16Array([65535]),
    new Int32Array([-1, 2 ** 31 - 1]),
    new Uint32Array([2 ** 32 - 1]),
    new Float32Array([-0, Number.NaN, 1.5]),
    new Float64Array([-0, Number.NaN, 0.1]),
    new BigInt64Array([-1n]),
    new BigUint64Array([2n ** 64n - 1n]),
  ],
  bytes: () => Uint8Array.from({ length: 256 }, (_, i) => i),
  'no bytes': () => new Uint8Array(0),
  'a part of larger bytes': () => Uint8Array.from({ length: 64 }, (_, i) => i).subarray(3, 10),
  'a buffer and a view': () => {
    const { buffer } = Uint8Array.of(9, 8, 7, 6, 5);
    return [buffer, new DataView(buffer, 1, 3)];
  },
  'an array with holes': () => Object.assign(new Array<number>(5), { 1: 1, 3: undefined }),
  'an array with a property': () => Object.assign([1, 2], { note: 'kept?' }),
  'an object without a prototype': () => Object.assign(Object.create(null) as object, { a: 1 }),
  'an object met twice': () => {
    const shared = { once: 1 };
    return [shared, { again: shared }];
  },
  'an object that contains itself': () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    return circle;
  },
  'a property named by a symbol': () => ({ [Symbol.for('name')]: 1, a: 1 }),
  'a value far too deep': () => nested(30_000, 0),
};

class Coin {
  readonly worth = 2;
}

/** Values that no codec can give back. */
export const refusedSamples: Samples = {
  'a function': () => () => 1,
  'a symbol': () => Symbol('mark'),
  'an instance of a class': () => new Coin(),
  'an error': () => new Error('kept?'),
  'a promise': () => Promise.resolve(1),
  'a weak map': () => new WeakMap(),
};

/** A value under `depth` objects and arrays. */
function nested(depth: number, bottom: unknown): unknown {
  let value = bottom;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { below: value };
  return value;
}

/** Paths whose keys are hard to keep apart or to write down: no two of them are one. */
export const awkwardPaths: readonly Path[] = [
  ...Object.getOwnPropertyNames(Object.prototype).map((name) => [name]),
  ...Array.from(' .*%-0', (character) => [character]),
  ...'.. ../.. ** %2f a A a. a/ /a a/b a~b a~1b a\\b a:b a\'b a"b a`b 00 -0 con null undefined'
    .split(' ')
    .map((word) => [word]),
  ...['', 'a ', 'a\u0000b', 'a\nb', '\u00e9', 'e\u0301', '漢字', '🌊', '👩‍👩‍👧', '\ud800', '\udfff', '\ufffd'].map(
    (text) => [text],
  ),
  ...[300, 301, 5000].map((length) => ['x'.repeat(length)]),
  ['🌊'.repeat(3000)],
  ['a', 'b'],
  ['a', ''],
  ['', 'a'],
  ['', ''],
  ['a', 'b', 'c'],
  Array.from({ length: 40 }, (_, i) => `${i}`),
];

/** A value of random shape, of all kinds that can be told apart after a round trip. */
export function randomValue(random: Random, depth = 4): unknown {
  const some = () => Array.from({ length: below(5, random) }, () => randomValue(random, depth - 1));
  const makers: (() => unknown)[] = [
    () => null,
    () => undefined,
    () => random() < 0.5,
    () => random(),
    () => -0,
    () => Number.NaN,
    () => below(2 ** 31, random),
    () => BigInt(below(2 ** 31, random)) ** 3n,
    () => randomText(random),
    () => new Date(below(2 ** 31, random) * 1000),
    () => Uint8Array.from({ length: below(20, random) }, () => below(256, random)),
  ];
  if (depth > 0)
    makers.push(
      some,
      () => Object.fromEntries(some().map((value) => [randomText(random), value])),
      () => new Map(some().map((value) => [randomValue(random, 0), value])),
      () => new Set(some()),
    );
  return pick(makers, random)();
}

/** A short text of any code units, lone surrogates included. */
function randomText(random: Random): string {
  const kinds = [() => 97 + below(26, random), () => below(128, random), () => below(65_536, random)];
  return String.fromCharCode(...Array.from({ length: below(8, random) }, () => pick(kinds, random)()));
}
