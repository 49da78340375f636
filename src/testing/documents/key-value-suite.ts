/** The conformance suite of a key/value store: the contract in `documents/key-value-store.ts`, promise by promise. */
import { ensure } from '../expectations.ts';
import { register, type Skips, type Test, type TestRunner } from '../runner.ts';
import { awkwardPaths } from '../samples.ts';
import { type KeyValueNeighbours, lifeTests, signalTests } from './key-value-life.ts';
import { bytesOf, ensureBytes, KeyValueTrial, type KeyValueTrialOptions } from './key-value-trial.ts';

/** Options of {@link keyValueSuite}. Each test opens an empty store of its own, with room for 10 MB. */
export interface KeyValueSuiteOptions extends KeyValueTrialOptions, KeyValueNeighbours {
  /** What the tests are listed under. */
  readonly name: string;
  /** The most bytes that are tried in one value. Default 1 MB. */
  readonly largest?: number;
  readonly skip?: Skips;
}

/**
 * Registers the tests of the contract of key/value stores, for a place where there is room and nothing fails: there it
 * must lose nothing.
 *
 * @example
 * keyValueSuite({ describe, it }, { name: 'my store', open: () => new MyStore() });
 */
export function keyValueSuite(runner: TestRunner, options: KeyValueSuiteOptions): void {
  const { name, skip, largest = 1_000_000 } = options;
  const groups = [
    { title: 'keys', tests: keyTests(options) },
    { title: 'bytes', tests: byteTests(options, largest) },
    { title: 'signals', tests: signalTests(options) },
    { title: 'life', tests: lifeTests(options, options) },
  ];
  register(runner, `${name} is a key/value store`, groups, skip);
}

/** Texts that are hard to keep apart or to write down; no two are alike. */
const AWKWARD: readonly string[] = [...new Set(awkwardPaths.map((path) => path.join('/')))];
const LONE: readonly string[] = AWKWARD.filter(isLone);
const COMPOUND = 'a:b:c b:c :a a: keyframe:a:b keyframe:a:b:10 keyframe:a:b:1 a,b ["a","b"] a&b=c'.split(' ');
const KEYS: readonly string[] = [...AWKWARD.filter((key) => !isLone(key)), ...COMPOUND];

function isLone(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

function keyTests(options: KeyValueTrialOptions): readonly Test[] {
  const test = (name: string, run: (trial: KeyValueTrial) => Promise<void>) => KeyValueTrial.test(options, name, run);
  return [
    test('a key that is missing is undefined', async (t) => {
      await t.ensureAbsent('a', '', '__proto__', 'constructor', 'toString', 'length');
    }),
    test('what was put is there', async (t) => {
      await t.put('a', bytesOf(1));
      await t.ensureThere('a', bytesOf(1));
      await t.ensureThere('a', bytesOf(1)); // reading takes nothing away
      await t.ensureAbsent('b');
    }),
    test('operations answer with promises, and those that write with nothing', async ({ store }) => {
      const answers = [store.put('a', bytesOf(1)), store.get('a'), store.delete('a'), store.clear(), store.startup()];
      ensure(answers.every(isThenable), 'an operation answered with something else than a promise');
      const [put, , ...rest] = await Promise.all(answers);
      for (const value of [put, ...rest]) ensure(value === undefined, `a write answered with ${String(value)}`);
    }),
    test('bytes that are put take the place of those before, whatever their lengths', async (t) => {
      for (const [i, length] of [40, 400, 4, 0, 1].entries()) {
        await t.put('a', bytesOf(i, length));
        await t.ensureThere('a', bytesOf(i, length));
      }
    }),
    test('a deleted key is gone, and no other', async (t) => {
      for (const key of ['a', 'ab', 'b']) await t.put(key, bytesOf(key.length));
      await t.delete('a');
      await t.ensureAbsent('a');
      await t.ensureThere('ab', bytesOf(2));
      await t.ensureThere('b', bytesOf(1));
    }),
    test('deleting what is not there is no error', async (t) => {
      await t.delete('a');
      await t.put('a', bytesOf(1));
      await t.delete('a');
      await t.delete('a');
      await t.ensureAbsent('a');
    }),
    test('a key can be put again after it was deleted', async (t) => {
      await t.put('a', bytesOf(1));
      await t.delete('a');
      await t.put('a', bytesOf(2));
      await t.ensureThere('a', bytesOf(2));
    }),
    test('clear forgets everything, and the store goes on', async (t) => {
      await t.clear();
      for (const key of ['a', 'b', '']) await t.put(key, bytesOf(1));
      await t.clear();
      await t.ensureAbsent('a', 'b', '');
      await t.put('b', bytesOf(2));
      await t.ensureThere('b', bytesOf(2));
      await t.clear();
      await t.ensureAbsent('a', 'b');
    }),
    ...[
      { name: 'no two awkward keys are one', keys: KEYS },
      { name: 'keys with lone surrogates are keys of their own', keys: ['\ufffd', '?', ...LONE] },
    ].map(({ name, keys }) =>
      test(name, async (t) => {
        for (const [i, key] of keys.entries()) await t.put(key, bytesOf(i));
        for (const [i, key] of keys.entries()) await t.ensureThere(key, bytesOf(i));
        for (const [i, key] of keys.entries()) if (i % 2 === 0) await t.delete(key);
        for (const [i, key] of keys.entries())
          await (i % 2 === 0 ? t.ensureAbsent(key) : t.ensureThere(key, bytesOf(i)));
      }),
    ),
    test('two hundred keys at the same time', async (t) => {
      const all = Array.from({ length: 200 }, (_, i) => i);
      await Promise.all(all.map((i) => t.put(`many ${i}`, bytesOf(i, i))));
      await Promise.all(all.map((i) => t.ensureThere(`many ${i}`, bytesOf(i, i))));
      await Promise.all(all.map((i) => (i % 3 === 0 ? t.delete(`many ${i}`) : t.put(`many ${i}`, bytesOf(i + 1000)))));
      await Promise.all(
        all.map((i) => (i % 3 === 0 ? t.ensureAbsent(`many ${i}`) : t.ensureThere(`many ${i}`, bytesOf(i + 1000)))),
      );
    }),
  ];
}

/** Somebody's own kind of bytes, as the `Buffer` of Node is one. */
class OwnBytes extends Uint8Array {}

function byteTests(options: KeyValueTrialOptions, largest: number): readonly Test[] {
  const test = (name: string, run: (trial: KeyValueTrial) => Promise<void>) => KeyValueTrial.test(options, name, run);
  return [
    test('no bytes are not the same as nothing', async (t) => {
      await t.put('a', new Uint8Array(0));
      await t.ensureThere('a', new Uint8Array(0));
      await t.delete('a');
      await t.ensureAbsent('a');
    }),
    test('every byte comes back, whatever it would mean as text', async (t) => {
      const every = Uint8Array.from({ length: 256 }, (_, i) => i);
      const samples = [
        every,
        every.toReversed(),
        Uint8Array.of(0),
        Uint8Array.of(0, 0),
        Uint8Array.of(255, 254, 0, 216),
      ];
      for (const bytes of [...samples, new TextEncoder().encode('{"a":null} \n')]) {
        await t.put('a', bytes);
        await t.ensureThere('a', bytes);
      }
    }),
    test('bytes of every small length come back', async (t) => {
      for (let length = 0; length <= 70; length++) await t.put(`${length}`, bytesOf(length, length));
      for (let length = 0; length <= 70; length++) await t.ensureThere(`${length}`, bytesOf(length, length));
    }),
    test('many bytes come back', async (t) => {
      for (const length of [4095, 4096, 65_535, 65_537, largest].filter((some) => some <= largest)) {
        await t.put('a', bytesOf(length, length));
        await t.ensureThere('a', bytesOf(length, length));
      }
    }),
    test('of bytes that are a part of larger ones only that part comes back', async (t) => {
      const whole = bytesOf(1, 100);
      await t.put('a', whole.subarray(10, 20));
      await t.ensureThere('a', whole.slice(10, 20));
    }),
    test('bytes of a class of their own come back as a plain Uint8Array', async (t) => {
      const own = OwnBytes.from(bytesOf(1));
      await t.put('a', own);
      await t.ensureThere('a', bytesOf(1));
    }),
    test('putting changes nothing in the bytes', async (t) => {
      const given = bytesOf(1);
      await t.put('a', given);
      ensureBytes(given, bytesOf(1), 'what was given');
    }),
    test('bytes that were answered stay as they are, whatever is done to the store later', async (t) => {
      for (let i = 0; i < 5; i++) await t.put(`${i}`, bytesOf(i));
      const answered = [];
      for (let i = 0; i < 5; i++) answered.push(await t.store.get(`${i}`));
      await t.put('0', bytesOf(100));
      await t.delete('1');
      await t.put('new', bytesOf(101));
      await t.ensureThere('new', bytesOf(101));
      await t.clear();
      for (let i = 0; i < 5; i++) await t.put(`${i}`, bytesOf(200 + i));
      for (const [i, bytes] of answered.entries()) ensureBytes(bytes, bytesOf(i), `what was read first under ${i}`);
    }),
    test('reads at the same time each get their own bytes', async (t) => {
      for (let i = 0; i < 30; i++) await t.put(`${i}`, bytesOf(i, 20 + i));
      await Promise.all(Array.from({ length: 30 }, (_, i) => t.ensureThere(`${i}`, bytesOf(i, 20 + i))));
    }),
  ];
}

function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
