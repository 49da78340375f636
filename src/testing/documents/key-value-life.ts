/** The part of the key/value suite about signals, starting and stopping, and who else is in the same place. */
import type { KeyValueStore } from '../../documents/key-value-store.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import { ensure, errorOf } from '../expectations.ts';
import type { Test } from '../runner.ts';
import { bytesOf, ensureBytes, KeyValueTrial, type KeyValueTrialOptions } from './key-value-trial.ts';

/** How a store can be met in its place besides the one that a test was given. Each makes one that isn't started. */
export interface KeyValueNeighbours {
  /** Opens again, in the same place, a store that was shut down: given if what is kept outlives the store. */
  readonly reopen?: ((closed: KeyValueStore) => MaybePromise<KeyValueStore>) | undefined;
  /** Opens the same keys a second time, as another process would. */
  readonly another?: ((first: KeyValueStore) => MaybePromise<KeyValueStore>) | undefined;
  /** Opens other keys in the same place: a store with another prefix. */
  readonly beside?: ((first: KeyValueStore) => MaybePromise<KeyValueStore>) | undefined;
}

/** The tests about signals: whoever has given up is told so, and does no harm. */
export function signalTests(options: KeyValueTrialOptions): readonly Test[] {
  const test = (name: string, run: (trial: KeyValueTrial) => Promise<void>) => KeyValueTrial.test(options, name, run);
  const reason = new Error('given up');
  const operations = ({ store }: KeyValueTrial) =>
    ({
      get: (signal: AbortSignal) => store.get('a', signal),
      put: (signal: AbortSignal) => store.put('a', bytesOf(2), signal),
      delete: (signal: AbortSignal) => store.delete('a', signal),
    }) as const;
  return [
    test('a signal that has aborted before is answered with its reason, and nothing is done', async (t) => {
      await t.put('a', bytesOf(1));
      for (const [name, run] of Object.entries(operations(t))) {
        const error = await errorOf(() => run(AbortSignal.abort(reason)));
        ensure(
          error === reason,
          `${name} should reject with the reason of its signal, and ended with ${String(error)}`,
        );
      }
      await t.settle();
      await t.ensureThere('a', bytesOf(1));
    }),
    test('a signal that aborts while something is under way ends that, and the store goes on', async (t) => {
      for (const [name, run] of Object.entries(operations(t))) {
        const controller = new AbortController();
        const under = errorOf(() => run(controller.signal));
        controller.abort(reason);
        const error = await under;
        ensure(error === undefined || error === reason, `${name} was given up, and failed with ${String(error)}`);
      }
      await t.put('b', bytesOf(3));
      await t.ensureThere('b', bytesOf(3));
    }),
    test('a signal that aborts afterwards changes nothing', async (t) => {
      const controller = new AbortController();
      await t.store.put('a', bytesOf(1), controller.signal);
      await t.settle();
      const found = await t.store.get('a', controller.signal);
      controller.abort(reason);
      ensureBytes(found, bytesOf(1), 'what was read');
      await t.ensureThere('a', bytesOf(1));
    }),
  ];
}

/** The tests about starting and stopping. */
export function lifeTests(options: KeyValueTrialOptions, { reopen, another, beside }: KeyValueNeighbours): Test[] {
  const test = (name: string, run: (trial: KeyValueTrial) => Promise<void>, without?: string): Test => ({
    ...KeyValueTrial.test(options, name, run),
    without,
  });
  const unless = (given: unknown, reason: string) => (given ? undefined : reason);
  return [
    test('starting a second time does no harm, and forgets nothing', async (t) => {
      await t.put('a', bytesOf(1));
      await t.store.startup();
      await t.ensureThere('a', bytesOf(1));
    }),
    test('shutting down a second time does no harm', async ({ store }) => {
      await store.shutdown();
      await store.shutdown();
      await Promise.all([store.shutdown(), store.shutdown()]);
    }),
    test('it can be started again after it was shut down', async (t) => {
      await t.put('a', bytesOf(1));
      await t.store.shutdown();
      await t.store.startup();
      await t.put('b', bytesOf(2));
      await t.ensureThere('b', bytesOf(2));
      await t.clear();
      await t.ensureAbsent('a', 'b');
    }),
    test(
      'what was put is there after shutting down and opening again',
      async (t) => {
        for (let i = 0; i < 20; i++) await t.put(`key ${i}`, bytesOf(i, 10 * i));
        await t.delete('key 7');
        await t.store.shutdown();
        await t.on(await reopen!(t.store), async (again) => {
          for (let i = 0; i < 20; i++) if (i !== 7) await again.ensureThere(`key ${i}`, bytesOf(i, 10 * i));
          await again.ensureAbsent('key 7');
        });
      },
      unless(reopen, 'no way to reopen it was given'),
    ),
    test(
      'what one has put, deleted and cleared, another sees',
      async (t) => {
        await t.on(await another!(t.store), async (other) => {
          await t.put('a', bytesOf(1));
          await t.put('b', bytesOf(2));
          await other.ensureThere('a', bytesOf(1));
          await other.put('a', bytesOf(3));
          await t.ensureThere('a', bytesOf(3));
          await t.delete('a');
          await other.ensureAbsent('a');
          await other.clear();
          await t.ensureAbsent('a', 'b');
          await t.put('b', bytesOf(4));
          await other.ensureThere('b', bytesOf(4));
        });
      },
      unless(another, 'no way to open it twice was given'),
    ),
    test(
      'stores with another prefix in the same place are kept apart, and clear leaves them as they are',
      async (t) => {
        await t.on(await beside!(t.store), async (other) => {
          await t.put('a', bytesOf(1));
          await other.ensureAbsent('a');
          await other.put('a', bytesOf(2));
          await other.put('b', bytesOf(3));
          await t.ensureThere('a', bytesOf(1));
          await t.delete('b');
          await t.clear();
          await t.ensureAbsent('a', 'b');
          await other.ensureThere('a', bytesOf(2));
          await other.ensureThere('b', bytesOf(3));
        });
      },
      unless(beside, 'no way to open another one beside it was given'),
    ),
  ];
}
