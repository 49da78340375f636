/** Memory never holds more than it may, at no moment; who was used last stays; and what had to leave is read anew. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Document } from 'tidemark/documents';
import {
  type DocumentHistory,
  drive,
  driveActions,
  randomHistory,
  seededRandom,
  textList,
  textListActions,
} from 'tidemark/testing';
import { Ring } from '../../src/documents/ring.ts';
import { sizeOf } from '../../src/documents/freeze.ts';
import { driveOf, executed, right, seen, type SetUp, setUp } from './support/set-up.ts';

const many = (count: number, length = 2) =>
  Array.from({ length: count }, (_, i) => driveOf(length, { documentId: `d${i}` }));

/** Is it in memory? Asked without anything being changed, as far as that is possible. */
async function isHeld({ source, read }: SetUp, history: DocumentHistory): Promise<boolean> {
  source.reset();
  await read(history);
  return source.calls.getSince === 0;
}

describe('maxDocuments', () => {
  test('documents that were not used for the longest time leave first, with all their streams', async () => {
    const histories = many(5);
    const made = await setUp(histories, { maxDocuments: 3, store: 'none' });
    const [a, b, c, d, e] = histories;
    for (const history of [a, b, c]) await made.read(history);
    await made.cache.getState('d1', '', 'local', 'main');
    await made.read(a); // a hit is a use
    await made.read(d); // c leaves
    expect(made.cache.stats().memory).toMatchObject({ documents: 3, streams: 4, evicted: 1 });
    await made.read(e); // b leaves, with both streams
    expect(made.cache.stats().memory).toMatchObject({ documents: 3, streams: 3, evicted: 2 });
    for (const history of [a, d, e]) expect(await isHeld(made, history)).toBe(true);
    for (const history of [b, c]) expect(await isHeld(made, history)).toBe(false);
    for (const history of histories) expect(seen(await made.read(history))).toEqual(right(history));
  });

  test('counts documents, not streams or revisions', async () => {
    const history = driveOf(9);
    const { read, cache } = await setUp([history], { maxDocuments: 1 });
    for (let i = 0; i < 9; i++) await read(history, i);
    await cache.getState('document-1', '', 'local', 'main');
    await cache.getState('document-1', '', 'document', 'main');
    expect(cache.stats().memory).toMatchObject({ documents: 1, streams: 3, states: 11, evicted: 0 });
  });

  test('is never exceeded, by puts either', async () => {
    const histories = many(20, 1);
    const { cache, read, append } = await setUp(histories, { maxDocuments: 4 });
    for (const history of histories) {
      const before = await read(history);
      history.add(driveActions.addFolder('new'));
      await append(history);
      cache.putState(history.documentId, '', 'global', 'main', 1, executed(history, before));
      expect(cache.stats().memory.documents).toBeLessThanOrEqual(4);
    }
    expect(cache.stats().memory).toMatchObject({ documents: 4, evicted: 16 });
  });
});

describe('maxBytes', () => {
  test('is never exceeded, at any moment', async () => {
    const histories = many(30, 20);
    const probe = await setUp([histories[0]]);
    await probe.read(histories[0]);
    const { bytes } = probe.cache.stats().memory;
    const maxBytes = Math.floor(5.5 * bytes);
    const most: number[] = [];
    const on = { rebuild: () => most.push(made.cache.stats().memory.bytes) };
    const made = await setUp(histories, { maxBytes, on });
    for (let round = 0; round < 2; round++)
      for (const history of histories) {
        expect(seen(await made.read(history))).toEqual(right(history));
        most.push(made.cache.stats().memory.bytes);
      }
    expect(Math.max(...most)).toBeLessThanOrEqual(maxBytes);
    expect(made.cache.stats().memory.documents).toBe(5);
    expect(Math.max(...most)).toBeGreaterThan(0.8 * maxBytes);
  });

  test('keeps out what is larger by itself, pushes nobody else out for it, and still answers', async () => {
    const [small, large] = [driveOf(2, { documentId: 'small' }), driveOf(400, { documentId: 'large' })];
    const { read, cache, append } = await setUp([small, large], { maxBytes: '20kb' });
    await read(small);
    for (let i = 0; i < 3; i++) expect(seen(await read(large))).toEqual(right(large));
    const before = await read(large);
    large.add(driveActions.addFolder('new'));
    await append(large);
    cache.putState('large', '', 'global', 'main', 400, executed(large, before));
    expect(seen(await read(large))).toEqual(right(large));
    expect(cache.stats().memory).toMatchObject({ documents: 1, streams: 1 });
    const { hits } = cache.stats();
    await read(small);
    expect(cache.stats().hits).toBe(hits + 1);
  });

  test('counts what states share once, and grows with what they hold', async () => {
    const sizes: number[] = [];
    for (const length of [50, 100, 200]) {
      const history = driveOf(length);
      const { read, cache } = await setUp([history], { ringBufferSize: 10 });
      await read(history, length - 2);
      const one = cache.stats().memory.bytes;
      const document = await read(history);
      expect(one).toBeGreaterThan(sizeOf(document.state) * 0.9);
      expect(cache.stats().memory.bytes).toBeLessThan(1.5 * one);
      sizes.push(one);
    }
    expect(sizes[2] / sizes[1]).toBeGreaterThan(1.6);
    expect(sizes[2] / sizes[1]).toBeLessThan(2.2);
  });
});

describe('a ring', () => {
  test('keeps the states that came last, and the newest of them all', async () => {
    const history = driveOf(30);
    const { read, cache, source } = await setUp([history], { ringBufferSize: 3, store: 'none' });
    await read(history);
    for (const target of [1, 2, 3, 4, 5]) await read(history, target);
    expect(cache.stats().memory.states).toBe(3);
    source.reset();
    for (const target of [undefined, 4, 5]) await read(history, target);
    expect(source.calls.getSince).toBe(0);
    await read(history, 3);
    expect(source.calls.getSince).toBe(1);
  });

  test.each([1, 2, 5])('of %i is what a list would be', (capacity) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 60 }),
        fc.infiniteStream(fc.nat(9)),
        (pushed, chance) => {
          const ring = new Ring<{ revision: number }>(capacity);
          const held = new Map<number, { revision: number }>();
          for (const revision of pushed) {
            const item = { revision };
            const highest = Math.max(-1, ...held.keys());
            const gone = ring.push(item);
            if (gone) {
              expect(held.get(gone.revision)).toBe(gone);
              held.delete(gone.revision);
              if (capacity > 1 && gone.revision !== revision)
                expect(gone.revision === highest && revision < highest).toBe(false);
            }
            held.set(revision, item);
            if (chance.next().value === 0) {
              const [first] = held.values();
              ring.remove(first);
              held.delete(first.revision);
            }
            ring.remove({ revision: 3 }); // not one of them
            expect(ring.length).toBe(held.size);
            expect(ring.length).toBeLessThanOrEqual(capacity);
            const sorted = [...held.keys()].toSorted((a, b) => b - a);
            expect(ring.all().map((one) => one.revision)).toEqual(sorted);
            expect(ring.newest?.revision).toBe(sorted[0]);
            expect(ring.oldest?.revision).toBe(sorted.at(-1));
            for (let at = -1; at < 14; at++) {
              expect(ring.get(at)).toBe(held.get(at));
              expect(ring.findNearest(at)?.revision).toBe(sorted.find((other) => other <= at));
            }
          }
        },
      ),
    );
  });
});

test(
  'two hundred documents in room for a few, put, read, undone and invalidated at the same time, are all right',
  { timeout: 60_000 },
  async () => {
    const random = seededRandom(42);
    const below = (end: number) => Math.floor(random() * end);
    const histories = Array.from({ length: 200 }, (_, i) =>
      randomHistory(random, {
        model: i % 2 ? drive : textList,
        length: 3 + (i % 12),
        protocol: i % 3 ? 2 : 1,
        documentId: `d${i}`,
      }),
    );
    const made = await setUp(histories, {
      maxDocuments: 20,
      maxBytes: '200kb',
      ringBufferSize: 3,
      keyframeInterval: 4,
    });
    const { cache, read, append } = made;
    const act = async () => {
      const history = histories[below(histories.length)];
      const head = (history.operations['global']?.length ?? 0) - 1;
      const what = random();
      if (what < 0.25) {
        const target = below(head + 2) - 1;
        expect(seen(await read(history, target))).toEqual(right(history, target));
      } else if (what < 0.3) cache.invalidate(history.documentId);
      else if (what < 0.4) {
        const reads = await Promise.all(Array.from({ length: 4 }, () => read(history)));
        for (const document of reads) expect(document.state).toEqual(reads[0].state);
      }
    };
    for (let round = 0; round < 400; round++) {
      const history = histories[below(histories.length)];
      const [before] = await Promise.all([read(history), act(), act()]);
      expect(seen(before)).toEqual(right(history));
      if (random() < 0.3) history.undo();
      else if (history.model === drive) history.attempt(driveActions.addFolder(`r${round}`));
      else history.attempt(textListActions.insert(0, `r${round}`));
      await append(history);
      const operation = history.operations['global'].at(-1)!;
      if (operation.action.type !== 'NOOP' && operation.error === undefined && operation.skip === 0 && random() < 0.8) {
        const after: Document = executed(history, before);
        cache.putState(history.documentId, '', 'global', 'main', operation.index, after);
      }
      const { memory } = cache.stats();
      expect(memory.documents).toBeLessThanOrEqual(20);
      expect(memory.bytes).toBeLessThanOrEqual(200 * 1024);
      expect(seen(await read(history))).toEqual(right(history));
    }
    for (const history of histories) expect(seen(await read(history))).toEqual(right(history));
    expect(cache.stats().memory.evicted).toBeGreaterThan(100);
    expect(cache.stats()).toMatchObject({ failed: 0, aborted: 0 });
  },
);
