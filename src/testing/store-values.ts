/** The part of the store suite about values: they come back equal or are refused, and what is done to them changes nothing. */
import { ensure, ensureCode, ensureEqual, errorOf } from './expectations.ts';
import type { Test } from './runner.ts';
import { plainSamples, refusedSamples, richSamples, type Samples } from './samples.ts';
import { CALL, keyOf, StoreTrial, type TrialOptions } from './store-trial.ts';

interface Changeable {
  list: number[];
  inner: { word: string };
}

/** The tests about values. */
export function valueTests(options: TrialOptions, keeps: 'bytes' | 'objects'): readonly Test[] {
  const test = (name: string, run: (trial: StoreTrial) => Promise<void>, without?: string): Test => ({
    name,
    run: () => StoreTrial.run(options, run),
    without,
  });
  const objects = keeps === 'objects' ? 'it keeps the objects that it is given' : undefined;
  const key = keyOf('value');
  const samples: Samples = { ...richSamples, ...refusedSamples };
  return [
    test('plain data comes back equal', async (t) => {
      for (const [name, make] of Object.entries(plainSamples)) {
        const failure = await errorOf(() => t.set(t.record(key, make())));
        ensure(failure === undefined, `${name} must be kept, and failed: ${String(failure)}`);
        const [entry] = await t.get(key);
        ensure(entry !== undefined, `${name} must be kept, and is missing`);
        ensureEqual(entry.value, make(), name);
      }
    }),
    test('every other value comes back equal, or is refused with bad_value', async (t) => {
      for (const [name, make] of Object.entries(samples)) {
        await t.delete(key);
        const value = make();
        const failure = await errorOf(async () => t.store.setMany([t.record(key, value)], CALL));
        await t.settle();
        if (failure !== undefined) {
          ensureCode(failure, 'bad_value', name);
          await t.ensureAbsent(key);
          continue;
        }
        const [entry] = await t.get(key);
        ensure(entry !== undefined, `${name} was neither refused nor kept`);
        ensureEqual(entry.value, keeps === 'objects' ? value : make(), name);
      }
    }),
    test('when one value is refused, nothing of its call is stored', async (t) => {
      const [first, bad, last] = ['first', 'bad', 'last'].map((name) => keyOf(name));
      await t.set(t.record(bad, 'as it was'));
      for (const [name, make] of Object.entries(samples)) {
        const records = [t.record(first, 1), t.record(bad, make()), t.record(last, 2)];
        const failure = await errorOf(async () => t.store.setMany(records, CALL));
        await t.settle();
        if (failure === undefined) {
          await t.delete(first, last);
          await t.set(t.record(bad, 'as it was'));
          continue;
        }
        ensureCode(failure, 'bad_value', name);
        await t.ensureAbsent(first, last);
        await t.ensureThere(t.record(bad, 'as it was'));
      }
    }),
    test(
      'a later change of what was given changes nothing that is stored',
      async (t) => {
        const value: Changeable = { list: [1, 2], inner: { word: 'kept' } };
        const dependencies = ['#/s/tag'];
        const records = [t.record(key, value, { dependencies })];
        await t.set(...records);
        value.list.push(3);
        value.inner.word = 'changed';
        dependencies.push('#/s/other');
        records.length = 0;
        const kept = { list: [1, 2], inner: { word: 'kept' } };
        await t.ensureThere(t.record(key, kept, { dependencies: ['#/s/tag'] }));
      },
      objects,
    ),
    test(
      'a change of what was answered changes nothing that is stored',
      async (t) => {
        await t.set(t.record(key, { list: [1, 2], inner: { word: 'kept' } }));
        const [entry] = await t.get(key);
        ensure(entry !== undefined, 'the entry is missing');
        const value = entry.value as Changeable;
        value.list.push(3);
        value.inner.word = 'changed';
        await t.ensureThere(t.record(key, { list: [1, 2], inner: { word: 'kept' } }));
      },
      objects,
    ),
    test(
      'a later change of bytes that were given or answered changes nothing that is stored',
      async (t) => {
        const given = Uint8Array.of(1, 2, 3);
        if ((await errorOf(() => t.set(t.record(key, given)))) !== undefined) return; // refused, which is its right
        given.fill(9);
        const [entry] = await t.get(key);
        ensure(entry !== undefined, 'the entry is missing');
        ensureEqual(entry.value, Uint8Array.of(1, 2, 3), 'bytes after a change of what was given');
        (entry.value as Uint8Array).fill(9);
        const [again] = await t.get(key);
        ensureEqual(again?.value, Uint8Array.of(1, 2, 3), 'bytes after a change of what was answered');
      },
      objects,
    ),
  ];
}
