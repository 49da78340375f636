/** MessagePack keeps the contract of a codec, also where its packer alone would change a value without a word. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { unpack } from 'msgpackr';
import { msgpackCodec } from 'tidemark/codecs/msgpack';
import { codecSuite, type Samples } from 'tidemark/testing';
import { anyText } from '../support/arbitraries.ts';
import { ensureEqual } from '../../src/testing/expectations.ts';

const row = (id: number) => ({ id, name: `row ${id}`, tags: ['a'] });
const rows = (count: number) => Array.from({ length: count }, (_, id) => row(id));
const nested = (depth: number): unknown => (depth === 0 ? 'bottom' : { below: nested(depth - 1) });

/** What the packer or its unpacker changes, loses or trips over, each by the reason. */
const traps: Samples = {
  'minus zero in an array of numbers': () => [1, 2, -0],
  'minus zero in a row': () => [...rows(12), { ...row(9), id: -0 }],
  'a property named __proto__ in a row': () => [...rows(12), JSON.parse('{"__proto__":1}')],
  'a property named __proto__ that holds an object': () => JSON.parse('{"a":{"__proto__":{"admin":true}}}') as unknown,
  'properties that the packer keeps notes under': () => [
    ...rows(12),
    { id: 1 },
    { id: 1, __keys__: 2 },
    { id: 1, __keys__: 2, length: 3 },
    { __keys__: 1 },
  ],
  'a property named constructor': () => ({ constructor: 'text' }),
  'rows with a property named constructor': () => [
    ...rows(12),
    { constructor: null },
    { constructor: { name: 'Map' } },
  ],
  'a property named toJSON': () => [{ toJSON: 1 }, { constructor: 1, toJSON: 2 }],
  'a property named hasOwnProperty': () => [{ hasOwnProperty: 1, a: 2 }, ...rows(12)],
  'a text that begins with a mark of byte order': () => ['\ufeff', `\ufeff${'x'.repeat(200)}`, { '\ufeffname': 1 }],
  'a text with a mark of byte order further in': () => ({ text: `x\ufeff${'x'.repeat(200)}\ufeff` }),
  'a lone surrogate in a long text': () => [`${'x'.repeat(500)}\ud800`, `\udc00${'é'.repeat(500)}`],
  'a name with a lone surrogate': () => ({ ['a\ud800']: 1 }),
  'pairs of surrogates': () => ['🌊', '🌊'.repeat(500), { '🌊': 1 }],
  'texts of every length of header': () =>
    [0, 1, 15, 16, 31, 32, 63, 64, 65, 127, 128, 255, 256, 65_535, 65_536].flatMap((length) => [
      'x'.repeat(length),
      'é'.repeat(length),
      '漢'.repeat(length),
    ]),
  'numbers at every step of size': () =>
    [5, 6, 7, 8, 15, 16, 31, 32, 33, 52, 53].flatMap((bits) =>
      [-1, 0, 1].flatMap((more) => [2 ** bits + more, -(2 ** bits) + more]),
    ),
  'bigints at the edges of 64 bits': () =>
    [63n, 64n, 65n, 127n, 128n, 70_000n].flatMap((bits) =>
      [-1n, 0n, 1n].flatMap((more) => [2n ** bits + more, -(2n ** bits) + more]),
    ),
  'dates at the edges of their encodings': () =>
    [0, 1, -1, -999, -1000, -1001, 2 ** 32 * 1000 - 1, 2 ** 32 * 1000, 2 ** 34 * 1000, 8.64e15, -8.64e15, -6e13].map(
      (time) => new Date(time),
    ),
  'an invalid date in a row': () => [...rows(12), { when: new Date(Number.NaN) }],
  'undefined and null apart': () => [undefined, null, { a: undefined, b: null }, [undefined]],
  'a map beside an object': () => [new Map([['a', 1]]), { a: 1 }, new Map(), {}],
  'a map in a map in a row': () => [...rows(12), { map: new Map([[{ k: 1 }, new Map([[[1], new Set([row(1)])]])]]) }],
  'an instance of Buffer beside a Uint8Array': () => [
    Buffer.from('abc'),
    Uint8Array.of(1),
    new Map([[1, Buffer.of(1)]]),
  ],
  'bytes of every length of header': () =>
    [0, 1, 254, 255, 256, 65_534, 65_535, 65_536].map((n) => new Uint8Array(n).fill(7)),
  "a view that isn't aligned": () => {
    const { buffer } = Uint8Array.from({ length: 64 }, (_, i) => i);
    return [new Float64Array(buffer, 8, 3), new DataView(buffer, 5, 9), new BigInt64Array(buffer, 16, 2), buffer];
  },
  'more kinds of rows than the packer numbers': () =>
    Array.from({ length: 300 }, (_, i) => ({ [`name ${i % 150}`]: i, inner: { [`inner ${i % 90}`]: [row(i)] } })),
  'rows that are alike only at first': () => [...rows(9), { id: 4 }, null, 'text', [], row(5)],
  'an object of very many names': () => Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`n${i}`, i])),
  'rows of names that look like numbers': () =>
    rows(12).map(({ id }) => ({ b: id, 2: 'two', 10: 'ten', a: 1, '-1': 0 })),
  'nested around the depth where JSON begins': () => [98, 99, 100, 101, 102, 500].map(nested),
  'an array that is longer than 16 bits count': () => Array.from({ length: 70_000 }, (_, i) => i % 300),
  'an object without a prototype in a row': () => [...rows(12), Object.assign(Object.create(null) as object, { a: 1 })],
};

codecSuite({ describe, it }, { name: 'msgpackCodec', codec: msgpackCodec, values: traps });

const refused: Samples = {
  'a list of a match': () => /b/.exec('abc'),
  'an array with a hole at its end': () => Object.assign(new Array<number>(3), { 0: 1, 1: undefined }),
  'an array with a hole and a property': () => Object.assign(new Array<number>(2), { 1: 1, note: 'lost?' }),
  'an array with a property': () => Object.assign([1], { note: 'lost?' }),
  'a subclass of Map': () => new (class Sub extends Map<number, number> {})([[1, 2]]),
  'a subclass of Array': () => new (class Sub extends Array<number> {})(3),
  'a subclass of Date': () => new (class Sub extends Date {})(),
  'a regular expression': () => /a/g,
  'an error': () => new RangeError('no'),
  'a boxed text': () => Object('text') as unknown,
  'an object that answers to toJSON': () => ({ toJSON: () => 1 }),
  'a function in a map': () => new Map([[1, () => 1]]),
  'a tree that knows its parents': () => {
    type Node = { parent?: Node; children: Node[] };
    const root: Node = { children: [] };
    for (let i = 0; i < 8; i++) root.children.push({ parent: root, children: [] });
    return root;
  },
};

test.each(Object.entries(refused))('%s is refused with bad_value', (_, make) => {
  const code = expect.objectContaining({ name: 'TidemarkError', code: 'bad_value' }) as Error;
  expect(() => msgpackCodec.encode(make())).toThrow(code);
  expect(() => msgpackCodec.encode({ in: [make()] })).toThrow(code);
});

describe('any value', () => {
  const name = fc.oneof(
    anyText,
    fc.constantFrom('__proto__', '__keys__', 'constructor', 'length', 'toJSON', 'id', '7'),
  );
  const leaf = fc.oneof(
    anyText,
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array({ maxLength: 300 }),
    fc.float64Array({ maxLength: 5 }),
    fc.bigUint64Array({ maxLength: 3 }),
  );
  const { value } = fc.letrec<{ value: unknown; rows: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 6 }),
      fc.dictionary(name, tie('value'), { maxKeys: 6 }),
      fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
      fc.array(tie('value'), { maxLength: 4 }).map((parts) => new Set(parts)),
      tie('rows'),
    ),
    rows: fc
      .tuple(
        fc.uniqueArray(name, { maxLength: 4 }),
        fc.array(fc.array(tie('value'), { minLength: 4, maxLength: 4 }), { maxLength: 16 }),
      )
      .map(([names, all]) => all.map((values) => Object.fromEntries(names.map((n, i) => [n, values[i]])))),
  }));

  test('comes back equal, whatever was packed and unpacked before', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 3 }), (values) => {
        const all = values.map((v) => msgpackCodec.encode(v));
        for (const [i, bytes] of all.entries()) ensureEqual(msgpackCodec.decode(bytes), values[i], `value ${i}`);
      }),
      { numRuns: 500 },
    );
  });

  test('is read from a Buffer as from plain bytes, and leaves no trace on either', () => {
    fc.assert(
      fc.property(value, (given) => {
        const buffer = Buffer.from(msgpackCodec.encode(given));
        ensureEqual(msgpackCodec.decode(buffer), given, 'from a Buffer');
        expect(Object.getOwnPropertyNames(buffer)).toEqual(Object.getOwnPropertyNames(Buffer.from(buffer)));
      }),
    );
  });

  const behind = fc.nat(255).filter((byte) => !' \t\n\r'.includes(String.fromCharCode(byte))); // JSON may end in space

  test('cut, changed or followed by more gives a value or bad_bytes, and the next one is read all the same', () => {
    const healthy = [
      { id: 7, list: rows(12) },
      { id: 8, list: rows(3), when: new Date(1) },
    ];
    fc.assert(
      fc.property(value, fc.nat(), behind, fc.constantFrom('cut', 'change', 'more'), (given, at, byte, harm) => {
        const bytes = msgpackCodec.encode(given);
        const place = at % bytes.length;
        const harmed = {
          cut: () => bytes.slice(0, place),
          change: () => bytes.map((b, i) => (i === place ? byte : b)),
          more: () => Uint8Array.of(...bytes, byte),
        }[harm]();
        const read = () => msgpackCodec.decode(Uint8Array.from(harmed));
        const bad = expect.objectContaining({ name: 'TidemarkError', code: 'bad_bytes' }) as Error;
        if (harm === 'change') {
          try {
            read();
          } catch (error) {
            expect(error).toEqual(bad);
          }
        } else expect(read).toThrow(bad);
        ensureEqual(msgpackCodec.decode(msgpackCodec.encode(healthy)), healthy, 'a healthy value');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('bytes', () => {
  test('of one value are never written over by a later one', () => {
    const values = Array.from({ length: 3000 }, (_, id) => ({ id, text: 'x'.repeat(id % 97), list: [id, -id, 'é'] }));
    const all = values.map((value) => msgpackCodec.encode(value));
    expect(all.map((bytes) => msgpackCodec.decode(bytes))).toStrictEqual(values);
  });

  test.each([60_000, 64_000, 65_500, 70_000, 200_000, 3_000_000])('of a value of about %i bytes are whole', (size) => {
    const [before, value, after] = [
      { id: 1 },
      ['x'.repeat(size / 2), ...Array<string>(size >> 3).fill('abc')],
      'after',
    ];
    const all = [before, value, after].map((one) => msgpackCodec.encode(one));
    expect(all.map((bytes) => msgpackCodec.decode(bytes))).toStrictEqual([before, value, after]);
  });
});

describe('an ordinary value', () => {
  const entity = { id: 7, title: 'Tides', author: { name: 'Ada' }, tags: ['sea'], score: 0.5, gone: undefined };

  test('is MessagePack that any reader of it knows', () => {
    expect(unpack(msgpackCodec.encode(entity))).toStrictEqual(entity);
  });

  test('names the properties of its rows once', () => {
    const text = Buffer.from(msgpackCodec.encode({ all: rows(20) })).toString('latin1');
    expect(text.split('tags')).toHaveLength(2);
  });

  test("is marked only where MessagePack can't say it", () => {
    const mark = (value: unknown) => [...msgpackCodec.encode(value).subarray(0, 2)];
    expect(mark(-0)).toEqual([0xc1, 3]);
    expect(mark(rows(12))).toEqual([0xc1, 1]);
    expect(mark(rows(11))[0]).not.toBe(0xc1);
  });

  test('of an unknown form is bad_bytes', () => {
    const bad = expect.objectContaining({ code: 'bad_bytes' }) as Error;
    for (const form of [0, 2, 4, 255]) expect(() => msgpackCodec.decode(Uint8Array.of(0xc1, form, 1))).toThrow(bad);
  });
});
