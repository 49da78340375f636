/** The conformance suite of a codec: the contract in `engine/codec.ts`, promise by promise. */
import type { Codec } from '../engine/codec.ts';
import { kindOf } from '../engine/values.ts';
import { ensure, ensureCode, ensureEqual, ensureRefused, errorOf } from './expectations.ts';
import { entryTests } from './codec-entries.ts';
import { below, seededRandom } from './random.ts';
import { register, type Skips, type Test, type TestRunner } from './runner.ts';
import { plainSamples, randomValue, refusedSamples, richSamples, type Samples } from './samples.ts';

/** Options of {@link codecSuite}. */
export interface CodecSuiteOptions {
  /** What the tests are listed under. */
  readonly name: string;
  readonly codec: Codec;
  /** More values that must come back equal, such as those that look like the codec's own marks. */
  readonly values?: Samples;
  /**
   * For a codec that takes values of one kind only: some of them, at least two, whose bytes have an end that can be
   * missed. They must come back equal; every other value may be refused.
   */
  readonly takes?: Samples;
  readonly skip?: Skips;
}

/**
 * Registers the tests of the codec contract.
 *
 * @example
 * codecSuite({ describe, it }, { name: 'my codec', codec: myCodec });
 */
export function codecSuite(runner: TestRunner, { name, codec, values = {}, takes, skip }: CodecSuiteOptions): void {
  const taken = takes ?? TAKEN;
  const makers = Object.values(taken);
  const random = (seed: number) => (takes ? makers[seed % makers.length]() : randomValue(seededRandom(seed)));
  const groups = [
    {
      title: takes ? 'values (those that it is not for may be refused)' : 'values',
      tests: valueTests(codec, values, taken, takes ? ensureBackOrRefused : ensureBack),
    },
    { title: 'bytes', tests: byteTests(codec, taken, random) },
    { title: 'entries', tests: entryTests(codec, takes && makers[0]) },
  ];
  register(runner, `${name} is a codec`, groups, skip);
}

/** Values of these kinds may be refused; all other samples must come back. */
const OPTIONAL: readonly string[] = [
  'an invalid date',
  'an array with holes',
  'an array with a property',
  'an object that contains itself',
  'a property named by a symbol',
  'a value far too deep',
];

/** How a value may stand within another. */
const AROUND: Readonly<Record<string, (value: unknown) => unknown>> = {
  alone: (value) => value,
  'in an array': (value) => [1, value, 'after'],
  'in an object': (value) => ({ before: 1, value, after: [] }),
  'in a map': (value) => new Map([['key', value]]),
  'in a set': (value) => new Set([value]),
  'as a key of a map': (value) => new Map([[value, 1]]),
  'deeper down': (value) => ({ a: [{ b: new Map([[1, [new Set([{ value }])]]]) }] }),
};

type Check = (codec: Codec, make: () => unknown, what: string) => void;

function valueTests(codec: Codec, own: Samples, taken: Samples, check: Check): readonly Test[] {
  const rich = Object.entries(richSamples);
  const due = [...Object.entries(own), ...rich.filter(([name]) => !OPTIONAL.includes(name))];
  return [
    {
      name: 'it has a name',
      run: () => ensure(typeof codec.name === 'string' && codec.name !== '', 'name must be text that is not empty'),
    },
    ...Object.entries(AROUND).map(([place, around]) => ({
      name: `plain data comes back equal, ${place}`,
      run: () => Object.entries(plainSamples).forEach(([name, make]) => check(codec, () => around(make()), name)),
    })),
    ...Object.entries(AROUND).map(([place, around]) => ({
      name: `dates, maps, sets, bigints, bytes, undefined, NaN and -0 come back equal, ${place}`,
      run: () => due.forEach(([name, make]) => check(codec, () => around(make()), name)),
    })),
    {
      name: 'values of random shape come back equal',
      run: () => {
        for (let seed = 1; seed <= 400; seed++)
          check(codec, () => randomValue(seededRandom(seed)), `the value of seed ${seed}`);
      },
    },
    {
      name: 'functions, symbols and instances of classes are refused with bad_value, wherever they stand',
      run: async () => {
        for (const [place, around] of Object.entries(AROUND))
          for (const [name, make] of Object.entries(refusedSamples))
            await ensureRefused('bad_value', () => codec.encode(around(make())), `${name}, ${place}`);
      },
    },
    ...OPTIONAL.map((name) => ({
      name: `${name} comes back equal, or is refused with bad_value`,
      run: () => ensureBackOrRefused(codec, richSamples[name], name),
    })),
    {
      name: 'encoding changes nothing in the value, which may be frozen',
      run: () => {
        for (const [name, make] of Object.entries(taken)) {
          const value = make();
          if (kindOf(value) === 'object') for (const part of [value, ...Object.values(value as object)]) freeze(part);
          ensureEqual(codec.decode(codec.encode(value)), make(), name);
          ensureEqual(value, make(), `${name}, after it was encoded`);
        }
      },
    },
  ];
}

function freeze(part: unknown): void {
  if (!ArrayBuffer.isView(part)) Object.freeze(part);
}

function ensureBack(codec: Codec, make: () => unknown, what: string): void {
  const bytes = codec.encode(make());
  ensure(bytes instanceof Uint8Array, `${what}: encode must answer with a Uint8Array`);
  ensureEqual(codec.decode(bytes), make(), what);
}

function ensureBackOrRefused(codec: Codec, make: () => unknown, what: string): void {
  try {
    codec.encode(make());
  } catch (failure) {
    return ensureCode(failure, 'bad_value', what);
  }
  ensureBack(codec, make, what);
}

/** Values that every codec takes that isn't for one kind only. Their bytes have an end that can be missed. */
const TAKEN: Samples = {
  text: () => 'some text',
  'an array': () => [1, 'two', [3]],
  'an object': () => ({ id: 7, name: 'seven', tags: ['a'] }),
  'a map': () => new Map([['key', { value: new Date(7) }]]),
  bytes: () => ({ bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7), list: new Float64Array([1, 2]) }),
  'lists in an object': () => ({ list: [1, { a: 1 }], when: new Date(5), map: new Map([[1, { b: [2] }]]) }),
};

function byteTests(codec: Codec, taken: Samples, random: (seed: number) => unknown): readonly Test[] {
  const samples = Object.entries(taken);
  return [
    {
      name: 'no bytes at all give bad_bytes',
      run: () => ensureRefused('bad_bytes', () => codec.decode(new Uint8Array(0)), 'no bytes'),
    },
    {
      name: 'bytes cut short anywhere give bad_bytes',
      run: async () => {
        for (const [name, make] of samples) {
          const bytes = codec.encode(make());
          for (let end = 0; end < bytes.length; end++)
            await ensureRefused(
              'bad_bytes',
              () => codec.decode(bytes.slice(0, end)),
              `${name}, cut after ${end} bytes`,
            );
        }
      },
    },
    {
      name: 'bytes with something behind them give bad_bytes',
      run: async () => {
        for (const [name, make] of samples)
          for (const more of [[0], [1], [255], [...codec.encode(make())]])
            await ensureRefused('bad_bytes', () => codec.decode(Uint8Array.of(...codec.encode(make()), ...more)), name);
      },
    },
    {
      name: 'changed and random bytes give a value or bad_bytes, and never another error',
      run: async () => {
        const chance = seededRandom(11);
        const byte = () => below(256, chance);
        for (let i = 0; i < 3000; i++) {
          const bytes =
            i % 3 === 0 ? Uint8Array.from({ length: below(40, chance) }, byte) : codec.encode(random(i)).slice();
          if (i % 3 !== 0 && bytes.length > 0) bytes[below(bytes.length, chance)] = byte();
          const failure = await errorOf(() => void codec.decode(bytes));
          if (failure !== undefined) ensureCode(failure, 'bad_bytes', `the bytes ${bytes.slice(0, 60).join(' ')}`);
        }
      },
    },
    {
      name: 'bytes are read where they lie, within larger ones',
      run: () => {
        for (const [name, make] of samples) {
          const bytes = codec.encode(make());
          const larger = new Uint8Array(bytes.length + 20).fill(200);
          larger.set(bytes, 9);
          ensureEqual(codec.decode(larger.subarray(9, 9 + bytes.length)), make(), name);
        }
      },
    },
    {
      name: 'bytes that were handed out are not written to again',
      run: () => {
        const [[name, make]] = samples;
        const first = codec.encode(make());
        const before = first.slice();
        for (let i = 1; i <= 1000; i++) codec.encode(random(i));
        ensureEqual(first, before, `the bytes of ${name}`);
      },
    },
    {
      name: 'a decoded value does not change when its bytes do',
      run: () => {
        for (const [name, make] of samples) {
          const bytes = codec.encode(make()).slice();
          const decoded = codec.decode(bytes);
          bytes.fill(0);
          ensureEqual(decoded, make(), name);
        }
      },
    },
    {
      name: 'the same value gives the same bytes',
      run: () => {
        for (let seed = 1; seed <= 50; seed++) {
          const [one, other] = [seed, seed].map((s) => codec.encode(random(s)).slice());
          ensureEqual(one.join(), other.join(), `the bytes of seed ${seed}`);
        }
      },
    },
  ];
}
