/** When keyframes are written, and which are kept: enough to read quickly, and no more than that is worth. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byCost, everyNth, type KeyframePolicy, noCompression, type Retention } from 'tidemark/documents';
import { driveActions } from 'tidemark/testing';
import { retained } from '../../src/documents/keyframe-policy.ts';
import { driveOf, executed, right, seen, setUp } from './support/set-up.ts';

const facts = { revision: 100, revisions: 10, replayMs: 0, operationBytes: 0, keyframeBytes: undefined };

describe('by number', () => {
  test('there is one after every so many revisions, whether they are put or read', async () => {
    const history = driveOf(1);
    const { read, append, cache, store, keyframesWritten } = await setUp([history], {
      keyframeInterval: 4,
      retention: { sparsity: 0 },
    });
    for (let i = 1; i <= 20; i++) {
      const before = await read(history);
      history.add(driveActions.addFolder(`more${i}`));
      await append(history);
      if (i % 3 > 0) cache.putState('document-1', '', 'global', 'main', i, executed(history, before));
      await keyframesWritten();
    }
    await read(history);
    await keyframesWritten();
    const revisions = store.keyframes().map((key) => Number(key.split('/').at(-1)));
    expect(revisions).toEqual([4, 8, 12, 16, 20]);
  });

  test('reading the past brings no more of them than the present needs', async () => {
    const history = driveOf(60);
    const { read, cache, keyframesWritten } = await setUp([history], { keyframeInterval: 10 });
    for (let i = 9; i < 60; i += 10) {
      await read(history, i);
      await keyframesWritten();
    }
    const { written } = cache.stats().keyframes;
    for (let round = 0; round < 5; round++) {
      cache.clear();
      await read(history);
      for (const target of [12, 33, 45]) await read(history, target);
      await keyframesWritten();
    }
    expect(cache.stats().keyframes.written - written).toBeLessThanOrEqual(5);
  });

  test('`everyNth` counts revisions', () => {
    expect(everyNth(10)(facts)).toBe(true);
    expect(everyNth(11)(facts)).toBe(false);
  });
});

describe('by cost', () => {
  test('there is one when operations are as many bytes as the last keyframe was, or replaying took too long', () => {
    const policy = byCost({ ratio: 2, replay: 50, least: 10 });
    expect(policy({ ...facts, revisions: 9, operationBytes: 1e9, replayMs: 1e9 })).toBe(false);
    expect(policy(facts)).toBe(true); // the first one
    expect(policy({ ...facts, keyframeBytes: 1000, operationBytes: 1999 })).toBe(false);
    expect(policy({ ...facts, keyframeBytes: 1000, operationBytes: 2000 })).toBe(true);
    expect(policy({ ...facts, keyframeBytes: 1000, replayMs: 49 })).toBe(false);
    expect(policy({ ...facts, keyframeBytes: 1000, replayMs: 50 })).toBe(true);
  });

  test('a document that grows has keyframes of no more bytes than its operations', async () => {
    const history = driveOf(1);
    const { read, append, cache, keyframesWritten } = await setUp([history], {
      keyframePolicy: byCost(),
      compression: noCompression,
    });
    let operationBytes = 0;
    for (let i = 1; i <= 300; i++) {
      const before = await read(history);
      operationBytes += JSON.stringify(history.add(driveActions.addFolder(`more${i}`))).length;
      await append(history);
      cache.putState('document-1', '', 'global', 'main', i, executed(history, before));
      await keyframesWritten();
    }
    const { written, bytes } = cache.stats().keyframes;
    expect(written).toBeGreaterThan(3);
    expect(bytes).toBeLessThanOrEqual(2 * operationBytes);
  });

  test.each([
    ['ratio', { ratio: 0 }],
    ['ratio', { ratio: Number.NaN }],
    ['replay', { replay: -1 }],
    ['least', { least: 0 }],
  ])('bad %s is refused', (name, options) => {
    expect(() => byCost(options)).toThrow(
      expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(name) as string }),
    );
  });
});

test('a policy of the caller is asked with what has come together, and what it throws harms nobody', async () => {
  const history = driveOf(12);
  const asked: Parameters<KeyframePolicy>[0][] = [];
  const keyframePolicy: KeyframePolicy = (told) => {
    asked.push(told);
    return false;
  };
  const { read } = await setUp([history], { keyframePolicy });
  await read(history, 5);
  await read(history);
  expect(asked).toMatchObject([
    { revision: 5, revisions: 5, keyframeBytes: undefined },
    { revision: 11, revisions: 11 },
  ]);
  const failed: unknown[] = [];
  const broken = await setUp([history], {
    on: { keyframeFailed: (event) => failed.push(event) },
    keyframePolicy: () => {
      throw new Error('the policy is broken');
    },
  });
  expect(seen(await broken.read(history))).toEqual(right(history));
  expect(failed).toMatchObject([
    { documentId: 'document-1', revision: 11, error: { message: 'the policy is broken' } },
  ]);
});

describe('retention', () => {
  const lists = fc
    .uniqueArray(fc.integer({ min: 0, max: 100_000 }), { maxLength: 200 })
    .map((revisions) => revisions.toSorted((a, b) => a - b));
  const rules = fc.record({
    dense: fc.integer({ min: 1, max: 20 }),
    sparsity: fc.double({ min: 0, max: 0.99, noNaN: true }),
  });

  test('keeps some of those that there are, the newest among them, in order', () => {
    fc.assert(
      fc.property(lists, rules, (revisions, rule) => {
        const kept = retained(revisions, rule);
        expect(kept).toEqual(revisions.filter((revision) => kept.includes(revision)));
        expect(kept.slice(-rule.dense)).toEqual(revisions.slice(-rule.dense));
      }),
    );
  });

  test('leaves no gap that is larger than its share of the distance, but for what was not there', () => {
    fc.assert(
      fc.property(lists, rules, (revisions, rule) => {
        const kept = retained(revisions, rule);
        const newest = revisions.at(-1) ?? 0;
        for (const revision of revisions) {
          if (kept.includes(revision)) continue;
          const next = kept.find((other) => other > revision)!;
          const before = kept.findLast((other) => other < revision) ?? -1;
          expect(next - before).toBeLessThanOrEqual((newest - next) * rule.sparsity);
        }
      }),
    );
  });

  test('keeps what it has kept, and all of it with a sparsity of 0', () => {
    fc.assert(
      fc.property(lists, rules, (revisions, rule) => {
        const kept = retained(revisions, rule);
        expect(retained(kept, rule)).toEqual(kept);
        expect(retained(revisions, { ...rule, sparsity: 0 })).toEqual(revisions);
      }),
    );
  });

  test('of a stream that grows to a million revisions keeps some thirty, and none too far from what may be read', () => {
    let kept: number[] = [];
    for (let revision = 10; revision <= 1_000_000; revision += 10) kept = retained([...kept, revision], {});
    expect(kept.length).toBeLessThan(45);
    expect(kept.length).toBeGreaterThan(15);
    for (const [i, revision] of kept.slice(0, -1).entries())
      expect(kept[i + 1] - revision).toBeLessThanOrEqual(Math.max(10, 1_000_000 - revision)); // never more than the way to the end
  });

  test('is applied as keyframes are written, and by `prune`', async () => {
    const history = driveOf(120);
    const write = async (retention: Retention) => {
      const made = await setUp([history], { keyframeInterval: 5, retention });
      for (let i = 5; i < 120; i += 5) {
        await made.read(history, i);
        await made.keyframesWritten();
      }
      return made;
    };
    const revisionsOf = (keys: readonly string[]) =>
      keys.map((key) => Number(key.split('/').at(-1))).toSorted((a, b) => a - b);
    const all = await write({ sparsity: 0 });
    expect(revisionsOf(all.store.keyframes())).toHaveLength(23);
    const few = await write({ dense: 3, sparsity: 0.5 });
    expect(few.store.keyframes().length).toBeLessThan(12);
    expect(revisionsOf(few.store.keyframes()).slice(-3)).toEqual([105, 110, 115]);

    const { source, store } = all;
    const later = await setUp([], {
      source,
      store,
      retention: { dense: 2, sparsity: 0.5 },
      keyframePolicy: () => false,
    });
    const expected = retained(revisionsOf(store.keyframes()), { dense: 2, sparsity: 0.5 });
    expect(await later.cache.prune()).toBe(0); // nothing is in memory
    expect(await later.cache.prune('document-1')).toBe(23 - expected.length);
    expect(revisionsOf(store.keyframes())).toEqual(expected);
    expect(await later.cache.prune('document-1')).toBe(0);
    expect(await later.cache.prune('unheard of')).toBe(0);
    for (const target of [3, 50, 97, 119]) {
      later.cache.clear();
      expect(seen(await later.read(history, target))).toEqual(right(history, target));
    }
    expect(await later.cache.prune()).toBe(0);
    expect(later.cache.stats()).toMatchObject({ resumed: 3, cold: 1 });
  });

  test('keyframes of other streams stay', async () => {
    const history = driveOf(1);
    for (let i = 0; i < 12; i++) history.add(driveActions.setName(`n${i}`, 'local'));
    for (let i = 0; i < 12; i++) history.add(driveActions.addFolder(`f${i}`));
    const { cache, read, store, keyframesWritten } = await setUp([history], {
      keyframeInterval: 3,
      retention: { dense: 1, sparsity: 0.9 },
    });
    for (let i = 2; i < 12; i++) {
      await cache.getState('document-1', '', 'local', 'main', i);
      await keyframesWritten();
      await read(history, i);
      await keyframesWritten();
    }
    const streams = new Set(store.keyframes().map((key) => key.split('/').at(-3)));
    expect(streams).toEqual(new Set(['local', 'global']));
    for (const name of streams)
      expect(store.keyframes().filter((key) => key.split('/').at(-3) === name).length).toBeGreaterThan(0);
  });
});
