/** The conformance suite of a store: the contract in `engine/store.ts`, promise by promise. */
import type { Clock } from '../engine/clock.ts';
import { storageKey } from '../engine/backend.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import type { Store } from '../engine/store.ts';
import { ensure, ensureEqual } from './expectations.ts';
import { type Group, register, type Skips, type Test, type TestRunner } from './runner.ts';
import { awkwardPaths } from './samples.ts';
import { CALL, keyOf, StoreTrial, type TrialOptions } from './store-trial.ts';
import { mirrorTests } from './store-mirror.ts';
import { valueTests } from './store-values.ts';

/** What every suite that tests a store is told about it. */
export interface StoreTraits {
  /**
   * Does it keep bytes (default), so that nothing done to a value afterwards reaches it, or the very objects that it is
   * given?
   */
  readonly keeps?: 'bytes' | 'objects';
  /** Where the store takes the time from, if that isn't the machine's clock. */
  readonly clock?: Clock;
  /** Called after each write: for a store that is eventually consistent, wait here until a read must see it. */
  readonly settle?: () => MaybePromise<void>;
  /** Given if the store has a mirror; it must remember some hundred changes. */
  readonly mirror?: true;
}

/** Options of {@link storeSuite}. */
export interface StoreSuiteOptions extends StoreTraits {
  /** What the tests are listed under. */
  readonly name: string;
  /** Makes an empty store with room for a few thousand entries. Each test asks for its own and closes it. */
  readonly make: () => MaybePromise<Store>;
  /** Opens a closed store again, if it outlives its process. */
  readonly reopen?: (closed: Store) => MaybePromise<Store>;
  readonly skip?: Skips;
}

/**
 * Registers the tests of the store contract.
 *
 * @example
 * storeSuite({ describe, it }, { name: 'my store', make: () => myStore() });
 */
export function storeSuite(runner: TestRunner, options: StoreSuiteOptions): void {
  const { name, make, reopen, skip } = options;
  register(runner, `${name} is a store`, storeGroups({ ...options, open: make, close: () => {}, reopen }), skip);
}

/** The tests of the store contract for a store that is opened and let go of as told. */
export function storeGroups(
  options: StoreTraits & {
    readonly open: () => MaybePromise<Store>;
    readonly close: () => MaybePromise<void>;
    readonly reopen: ((closed: Store) => MaybePromise<Store>) | undefined;
  },
): readonly Group[] {
  const { open, close, reopen, clock, settle = () => {}, keeps = 'bytes', mirror = false } = options;
  const trial: TrialOptions = { open, close, clock, settle };
  return [
    { title: 'keys and entries', tests: entryTests(trial) },
    { title: 'values', tests: valueTests(trial, keeps) },
    { title: 'life', tests: lifeTests(trial, reopen) },
    { title: 'what it remembers of a log elsewhere', tests: mirrorTests(trial, mirror, reopen) },
  ];
}

function entryTests(options: TrialOptions): readonly Test[] {
  const test = (name: string, run: (trial: StoreTrial) => Promise<void>): Test => ({
    name,
    run: () => StoreTrial.run(options, run),
  });
  const [a, b, c] = ['a', 'b', 'c'].map((name) => keyOf(name));
  return [
    test('a key that is missing is undefined at its position', async (t) => {
      await t.ensureAbsent(a);
      await t.set(t.record(b, 1));
      ensureEqual(
        (await t.get(a, b, c)).map((entry) => entry?.value),
        [undefined, 1, undefined],
        'values by position',
      );
    }),
    test('entries are answered by the position of their keys, whatever the order', async (t) => {
      const records = [a, b, c].map((key, i) => t.record(key, i));
      await t.set(...records);
      await t.ensureThere(records[2], records[0], records[1], records[0]);
    }),
    test('nothing asked, stored or deleted is no error', async (t) => {
      ensureEqual(await t.get(), [], 'what getMany answers to no keys');
      await t.set();
      await t.delete();
    }),
    test('mark, incarnation, dependencies, times, etag and cost come back untouched', async (t) => {
      const dependencies = ['#/s/é~0~1', '=/s/🌊', '#/s/it\'s "so"', '#/s/' + 'x'.repeat(500), '=/s/~ud800'];
      await t.set(
        t.record(a, 1, { dependencies, etag: '"\u00e9", \'x\'', cost: 0, freshUntil: 0 }),
        t.record(b, 2, { dependencies: [], etag: undefined, cost: undefined }),
        t.record(c, 3, { freshUntil: Infinity, keptUntil: Infinity }),
      );
      await t.ensureThere(
        t.record(a, 1, { dependencies, etag: '"\u00e9", \'x\'', cost: 0, freshUntil: 0 }),
        t.record(b, 2, { dependencies: [], etag: undefined, cost: undefined }),
        t.record(c, 3, { freshUntil: Infinity, keptUntil: Infinity }),
      );
    }),
    test('each entry keeps a mark of its own', async (t) => {
      const records = [0, 1, 2, 3].map((older) => t.record(keyOf('at', `${older}`), older, { mark: t.mark - older }));
      await t.set(...records);
      await t.ensureThere(...records);
    }),
    test('a later entry replaces the whole of an earlier one', async (t) => {
      await t.set(t.record(a, { first: true, only: 'here' }), t.record(b, 'other'));
      const second = t.record(a, { second: true }, { dependencies: [], etag: undefined, cost: undefined });
      await t.set(second);
      await t.ensureThere(second, t.record(b, 'other'));
    }),
    test('of two entries for one key in one call the last one stays', async (t) => {
      await t.set(t.record(a, 'first'), t.record(b, 'between'), t.record(a, 'last'));
      await t.ensureThere(t.record(a, 'last'), t.record(b, 'between'));
    }),
    test('what is deleted is gone, and nothing else', async (t) => {
      await t.set(t.record(a, 1), t.record(b, 2), t.record(c, 3));
      await t.delete(a, c);
      await t.ensureAbsent(a, c);
      await t.ensureThere(t.record(b, 2));
    }),
    test('deleting what is not there is no error', async (t) => {
      await t.set(t.record(a, 1));
      await t.delete(b, b, a, b);
      await t.delete(a);
      await t.ensureAbsent(a, b);
    }),
    test('a key can be set again after it was deleted', async (t) => {
      await t.set(t.record(a, 1));
      await t.delete(a);
      await t.set(t.record(a, 2));
      await t.ensureThere(t.record(a, 2));
    }),
    test('clear forgets everything and the store goes on', async (t) => {
      await t.clear();
      await t.set(t.record(a, 1), t.record(b, 2));
      await t.clear();
      await t.ensureAbsent(a, b);
      await t.set(t.record(b, 3));
      await t.ensureThere(t.record(b, 3));
    }),
    test('no two awkward keys are one', async (t) => {
      const records = awkwardPaths.map((path, i) => t.record(keyOf(...path), i));
      await t.set(...records);
      await t.ensureThere(...records);
      await t.delete(...records.filter((_, i) => i % 2 === 0).map(({ key }) => key));
      await t.ensureAbsent(...records.filter((_, i) => i % 2 === 0).map(({ key }) => key));
      await t.ensureThere(...records.filter((_, i) => i % 2 === 1));
    }),
    test('an awkward key that was never set is missing', async (t) => {
      await t.set(t.record(a, 1));
      await t.ensureAbsent(...awkwardPaths.map((path) => storageKey(['elsewhere', ...path], 1)));
    }),
    test('versions of a collection, and entries without one, are kept apart', async (t) => {
      const keys = [storageKey(['s', 'x'], 1), storageKey(['s', 'x'], 11), storageKey(['s', 'x'], 'adhoc')];
      const records = keys.map((key, i) => t.record(key, i));
      await t.set(...records);
      await t.ensureThere(...records);
    }),
    test('a thousand entries in one call', async (t) => {
      const records = Array.from({ length: 1000 }, (_, i) => t.record(keyOf('many', `${i}`), { i }));
      await t.set(...records);
      await t.ensureThere(...records.toReversed());
      await t.delete(...records.slice(0, 500).map(({ key }) => key));
      await t.ensureAbsent(...records.slice(0, 500).map(({ key }) => key));
      await t.ensureThere(...records.slice(500));
    }),
  ];
}

function lifeTests(options: TrialOptions, reopen: ((closed: Store) => MaybePromise<Store>) | undefined): Test[] {
  const test = (name: string, run: (trial: StoreTrial) => Promise<void>): Test => ({
    name,
    run: () => StoreTrial.run(options, run),
  });
  const keys = Array.from({ length: 50 }, (_, i) => keyOf('at once', `${i}`));
  return [
    test('it has a name', async ({ store }) => {
      ensure(typeof store.name === 'string' && store.name !== '', 'name must be text that is not empty');
    }),
    test('a synchronous store never answers a read with a promise', async (t) => {
      if (!t.store.sync) return;
      await t.set(t.record(keys[0], 1));
      const reads: unknown[] = [];
      const read = () => void reads.push(t.store.getMany([keys[0], keys[1]], CALL));
      read();
      const writes = [t.store.setMany([t.record(keys[1], 1)], CALL), t.store.deleteMany([keys[0]], CALL)];
      read();
      writes.push(t.store.clear(CALL));
      read();
      await Promise.all(writes.map(async (write) => write));
      read();
      ensureEqual(reads.filter(isThenable).length, 0, 'reads answered with a promise, though sync is true');
    }),
    test('operations at the same time each get their own answer', async (t) => {
      await Promise.all(keys.map((key, i) => t.set(t.record(key, i))));
      await Promise.all(keys.map((key, i) => t.ensureThere(t.record(key, i), t.record(keys[0], 0))));
      await Promise.all(keys.map((key, i) => (i % 2 === 0 ? t.delete(key) : t.set(t.record(key, -i)))));
      await Promise.all(keys.map((key, i) => (i % 2 === 0 ? t.ensureAbsent(key) : t.ensureThere(t.record(key, -i)))));
    }),
    test('a call that was aborted before it began does no harm to later ones', async (t) => {
      await t.set(t.record(keys[0], 'before'));
      const aborted = { signal: AbortSignal.abort(new Error('given up')) };
      await Promise.allSettled([
        (async () => t.store.getMany([keys[0]], aborted))(),
        (async () => t.store.setMany([t.record(keys[1], 1)], aborted))(),
        (async () => t.store.deleteMany([keys[2]], aborted))(),
      ]);
      await t.settle();
      await t.ensureThere(t.record(keys[0], 'before'));
      await t.set(t.record(keys[3], 'after'));
      await t.ensureThere(t.record(keys[3], 'after'));
    }),
    {
      name: 'what was kept is there after closing and opening again',
      without: reopen ? undefined : 'no way to reopen it was given',
      run: async () => {
        const first = await options.open();
        const before = await StoreTrial.on(first, options);
        await before.set(...keys.map((key, i) => before.record(key, i)));
        await first.close?.();
        const second = await reopen!(first);
        try {
          const entries = await second.getMany(keys, CALL);
          keys.forEach((key, i) => before.ensureSame(entries[i], before.entry(i), `the entry under ${key}`));
        } finally {
          await second.close?.();
          await options.close();
        }
      },
    },
  ];
}

function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
