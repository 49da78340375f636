/** A batch: what is asked for in one run of microtasks is asked for at once, answered by position, in parts of bounded size. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Batch } from '../../src/engine/batch.ts';
import { idle } from '../support/deferred.ts';

function recording(most: number, answer: (item: number) => number = (item) => item * 2) {
  const runs: (readonly number[])[] = [];
  const batch = new Batch<number, number>(most, (items) => {
    runs.push(items);
    return items.map(answer);
  });
  return { runs, batch };
}

test('one tick is one run, and each gets its own answer', async () => {
  const { runs, batch } = recording(100);
  expect(await Promise.all([1, 2, 3].map((item) => batch.ask(item)))).toEqual([2, 4, 6]);
  expect(runs).toEqual([[1, 2, 3]]);
  expect(await batch.ask(4)).toBe(8);
  expect(runs).toEqual([[1, 2, 3], [4]]);
});

test('who comes one continuation later still belongs to it', async () => {
  const { runs, batch } = recording(100);
  await Promise.all([batch.ask(1), Promise.resolve().then(() => batch.ask(2))]);
  expect(runs).toEqual([[1, 2]]);
});

test('who comes after the event loop has turned does not', async () => {
  const { runs, batch } = recording(100);
  await Promise.all([batch.ask(1), idle().then(() => batch.ask(2))]);
  expect(runs).toEqual([[1], [2]]);
});

test('parts are as large as allowed, in order, and together they are everything', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer(), { maxLength: 50 }), fc.integer({ min: 1, max: 9 }), async (items, most) => {
      const { runs, batch } = recording(most);
      expect(await Promise.all(items.map((item) => batch.ask(item)))).toEqual(items.map((item) => item * 2));
      expect(runs.flat()).toEqual(items);
      expect(runs.map((run) => run.length)).toEqual(
        Array.from({ length: Math.ceil(items.length / most) }, (_, i) => Math.min(most, items.length - i * most)),
      );
    }),
  );
});

test('a run that fails, at once or later, fails for its own items only', async () => {
  for (const later of [false, true]) {
    const batch = new Batch<number, number>(2, (items) => {
      if (!items.includes(3)) return items;
      if (later) return Promise.reject(new Error('three'));
      throw new Error('three');
    });
    const asked = [1, 2, 3, 4, 5].map((item) => batch.ask(item).catch((error: unknown) => (error as Error).message));
    expect(await Promise.all(asked)).toEqual([1, 2, 'three', 'three', 5]);
  }
});

test('what is asked for while a run is under way is a run of its own', async () => {
  const runs: (readonly number[])[] = [];
  const batch: Batch<number, number> = new Batch<number, number>(100, async (items) => {
    runs.push(items);
    if (items.includes(1)) await batch.ask(2);
    return items;
  });
  expect(await batch.ask(1)).toBe(1);
  expect(runs).toEqual([[1], [2]]);
});
