/** Every codec keeps its contract, and the suite notices a codec that doesn't. */
import { describe, expect, it, test } from 'vitest';
import { type Codec, kindOf, TidemarkError } from 'tidemark';
import { jsonCodec } from 'tidemark/codecs/json';
import { codecSuite, nullCodec } from 'tidemark/testing';
import { outcomesOf } from './outcomes.ts';

codecSuite(
  { describe, it },
  {
    name: 'jsonCodec',
    codec: jsonCodec,
    values: {
      'what looks like a tagged value': () => ({ $tidemark: 'date', v: 5 }),
      'what looks like a tagged value that is tagged': () => ({ $tidemark: 'object', v: { $tidemark: 'undefined' } }),
      'a name like the tag in a map': () => new Map([['$tidemark', { $tidemark: 'map', v: [[1, 2]] }]]),
    },
  },
);

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const RICH = 'dates, maps, sets, bigints, bytes, undefined, NaN and -0 come back equal, alone';
const REFUSED = 'functions, symbols and instances of classes are refused with bad_value, wherever they stand';

const plain: Codec = {
  name: 'plain',
  encode: (value) => encoder.encode(JSON.stringify(value) ?? 'null'),
  decode: (bytes) => JSON.parse(decoder.decode(bytes)) as unknown,
};

/** Values as the JSON codec keeps them, but changed on the way in. */
const changing = (change: (value: unknown) => unknown): Partial<Codec> => ({
  encode: (value) => jsonCodec.encode(change(value)),
});

const broken: readonly (readonly [promise: string, noticedBy: string, spoilt: Partial<Codec>])[] = [
  ['writes plain JSON', RICH, plain],
  ['drops functions', REFUSED, plain],
  ['fails in its own way on bytes that are no JSON', 'no bytes at all give bad_bytes', plain],
  ['makes 0 of -0', RICH, changing((value) => (value === 0 ? 0 : value))],
  ['makes null of NaN', RICH, changing((value) => (Number.isNaN(value) ? null : value))],
  ['makes null of undefined', RICH, changing((value) => value ?? null)],
  [
    'takes instances of classes for plain objects',
    REFUSED,
    changing((value) => (value instanceof Error ? { message: value.message } : value)),
  ],
  [
    'makes well-formed text of lone surrogates',
    RICH,
    changing((value) =>
      Array.isArray(value)
        ? value.map((v: unknown) => (typeof v === 'string' ? v.replace(/[\ud800-\udfff]/g, '\ufffd') : v))
        : value,
    ),
  ],
  [
    'loses a property named __proto__',
    'plain data comes back equal, alone',
    changing((value) => {
      if (kindOf(value) !== 'object') return value;
      const { ['__proto__']: _, ...rest } = value as Record<string, unknown>;
      return rest;
    }),
  ],
  [
    'drops properties that are undefined',
    RICH,
    changing((value) =>
      kindOf(value) === 'object'
        ? Object.fromEntries(Object.entries(value as object).filter(([, v]) => v !== undefined))
        : value,
    ),
  ],
  [
    'refuses with an error of its own',
    REFUSED,
    {
      encode: (value) => {
        try {
          return jsonCodec.encode(value);
        } catch (error) {
          throw new TypeError('cannot be cloned', { cause: error });
        }
      },
    },
  ],
  [
    'refuses what it should keep',
    'plain data comes back equal, alone',
    {
      encode: (value) => {
        if (value === '') throw new TidemarkError('bad_value', 'nothing to say');
        return jsonCodec.encode(value);
      },
    },
  ],
  [
    'takes what is there of bytes that were cut',
    'bytes cut short anywhere give bad_bytes',
    {
      decode: (bytes) => {
        try {
          return jsonCodec.decode(bytes);
        } catch (error) {
          if (bytes.length > 0) return undefined;
          throw error;
        }
      },
    },
  ],
  [
    'stops reading when it has enough',
    'bytes with something behind them give bad_bytes',
    {
      encode: (value) =>
        Uint8Array.of(...encoder.encode(`${jsonCodec.encode(value).length}|`), ...jsonCodec.encode(value)),
      decode: (bytes) => {
        const bar = bytes.indexOf(124);
        const length = Number(decoder.decode(bytes.subarray(0, Math.max(bar, 0))));
        if (bar < 1 || bytes.length < bar + 1 + length) throw new TidemarkError('bad_bytes', 'cut');
        return jsonCodec.decode(bytes.subarray(bar + 1, bar + 1 + length));
      },
    },
  ],
  [
    'throws what its parser throws',
    'changed and random bytes give a value or bad_bytes, and never another error',
    {
      decode: (bytes) => {
        if (bytes.length === 0) throw new TidemarkError('bad_bytes', 'nothing');
        const text = decoder.decode(bytes);
        JSON.parse(text);
        return jsonCodec.decode(bytes);
      },
    },
  ],
  [
    'reads the whole buffer that its bytes are a part of',
    'bytes are read where they lie, within larger ones',
    { decode: (bytes) => jsonCodec.decode(new Uint8Array(bytes.buffer)) },
  ],
  [
    'hands out the same buffer again and again',
    'bytes that were handed out are not written to again',
    (() => {
      const buffer = new Uint8Array(4_000_000);
      return {
        encode: (value: unknown) => {
          const bytes = jsonCodec.encode(value);
          buffer.set(bytes);
          return buffer.subarray(0, bytes.length);
        },
      };
    })(),
  ],
  [
    'hands out views of the bytes that it was given',
    'a decoded value does not change when its bytes do',
    {
      decode: (bytes) => {
        const value = jsonCodec.decode(bytes);
        const own = (value as { bytes?: unknown } | undefined)?.bytes;
        return own instanceof Uint8Array ? Object.assign(value as object, { bytes: bytes.subarray(0, 3) }) : value;
      },
    },
  ],
  [
    'freezes what it is given',
    'encoding changes nothing in the value, which may be frozen',
    {
      encode: (value) => {
        const bytes = jsonCodec.encode(value);
        const list = (value as { list?: unknown[] } | undefined)?.list;
        const [, inner] = Array.isArray(list) ? list : [];
        if (typeof inner === 'object' && inner !== null) Object.assign(inner, { touched: true });
        return bytes;
      },
    },
  ],
  ['has no name', 'it has a name', { name: '' }],
];

describe('the suite notices a codec that', () => {
  test.each(broken)('%s', async (_, noticedBy, spoilt) => {
    const codec = { ...jsonCodec, ...spoilt };
    const { failed } = await outcomesOf((runner) => codecSuite(runner, { name: 'broken', codec }), { only: noticedBy });
    expect([...failed.keys()]).toEqual([noticedBy]);
  });
});

test('the null codec refuses everything, which the suite takes for what it is', async () => {
  const { passed, failed } = await outcomesOf((runner) => codecSuite(runner, { name: 'null', codec: nullCodec }));
  expect(passed).toContain(REFUSED);
  expect(passed).toContain('no bytes at all give bad_bytes');
  expect([...failed.keys()]).toContain('plain data comes back equal, alone');
});

describe('of a codec that takes texts only, the suite', () => {
  const texts: Codec = {
    ...jsonCodec,
    encode: (value) => {
      if (typeof value !== 'string') throw new TidemarkError('bad_value', 'only texts');
      return jsonCodec.encode(value);
    },
  };
  const takes = { 'a text': () => 'text', 'a longer text': () => 'a longer text' };

  test('asks for no other values', async () => {
    const { failed } = await outcomesOf((runner) => codecSuite(runner, { name: 'texts', codec: texts, takes }));
    expect([...failed.keys()]).toEqual([]);
  });

  test('notices that it refuses one of those that it is said to take', async () => {
    const more = { ...takes, 'a number': () => 1 };
    const { failed } = await outcomesOf((runner) => codecSuite(runner, { name: 'texts', codec: texts, takes: more }));
    expect([...failed.keys()]).toContain('encoding changes nothing in the value, which may be frozen');
  });

  test('notices that it changes another value instead of refusing it', async () => {
    const codec = { ...jsonCodec, encode: (value: unknown) => jsonCodec.encode(value ?? null) };
    const { failed } = await outcomesOf((runner) => codecSuite(runner, { name: 'texts', codec, takes }));
    expect([...failed.keys()]).toContain(RICH);
  });
});
