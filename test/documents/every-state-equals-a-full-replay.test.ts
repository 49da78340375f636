/** The promise of this cache: whatever a history does, a state read through it is what a replay of everything gives. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createWriteCache, memoryKeyValues, memoryOperations, type Operation, type Protocol } from 'tidemark/documents';
import { type DocumentHistory, drive, randomHistory, seededRandom, textList } from 'tidemark/testing';
import { comparable, fullReplay } from './support/full-replay.ts';

const MODELS = { drive, textList };

/** A cache over the first operations of a history, which then grows. */
async function begin(history: DocumentHistory, options: { keyframes?: boolean; ring?: number } = {}) {
  const operations = memoryOperations();
  const keyframes = options.keyframes ? memoryKeyValues() : undefined;
  const make = () =>
    createWriteCache({
      operations,
      registry: history.registry,
      keyframes,
      ringBufferSize: options.ring ?? 10,
      keyframeInterval: 1,
      retention: { dense: 1000 },
    });
  const { documentId, documentType, branch } = history;
  let cache = make();
  const streams: Record<string, Operation[]> = {};
  return {
    /** Operations become visible, in the order in which they were made. */
    async append(scope: string, operation: Operation) {
      const stream = (streams[scope] ??= []);
      const revision = stream.length - 1;
      await operations.append({ documentId, documentType, scope, branch, revision, operations: [operation] });
      stream.push(operation);
    },
    /** Read a revision, and the same from the oracle. */
    async compare(scope: string, target: number | undefined) {
      const document = await cache.getState(documentId, documentType, scope, branch, target);
      const { registry } = history;
      const right = fullReplay(streams, registry, { documentId, documentType, scope, branch, target });
      expect(comparable(document, scope)).toEqual(right);
    },
    /** Another process: memory is empty, keyframes are there. */
    async restart() {
      await cache.shutdown();
      cache = make();
      await cache.startup();
    },
    get stats() {
      return cache.stats();
    },
    streams,
  };
}

/** Everything that happened to a document, in order. */
function inOrder(history: DocumentHistory): { readonly scope: string; readonly operation: Operation }[] {
  return Object.entries(history.operations)
    .flatMap(([scope, operations]) => operations.map((operation) => ({ scope, operation })))
    .toSorted((a, b) => order(a.operation) - order(b.operation));
}

const order = ({ id }: Operation) => Number(/\d+$/.exec(id)![0]);

const histories = fc.record({
  seed: fc.integer({ min: 0, max: 1_000_000 }),
  model: fc.constantFrom('drive' as const, 'textList' as const),
  protocol: fc.constantFrom<Protocol>(1, 2),
  length: fc.integer({ min: 1, max: 40 }),
});

describe('every base, every target', () => {
  test.each(['memory', 'keyframes'] as const)('by what is in %s', { timeout: 120_000 }, async (kind) => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ seed, model, protocol, length }) => {
        const history = randomHistory(seededRandom(seed), { model: MODELS[model], length, protocol });
        const cache = await begin(history, { keyframes: kind === 'keyframes', ring: 1 });
        for (const { scope, operation } of inOrder(history)) await cache.append(scope, operation);
        const last = (cache.streams['global']?.length ?? 0) - 1;
        for (let base = -1; base <= last; base++)
          for (let target = -1; target <= last; target++) {
            await cache.compare('global', base);
            if (kind === 'keyframes') await cache.restart();
            await cache.compare('global', target);
          }
      }),
      { numRuns: 25 },
    );
  });
});

test('while the history grows, with restarts, at any revision of any scope', { timeout: 120_000 }, async () => {
  let reads = 0;
  await fc.assert(
    fc.asyncProperty(histories, async ({ seed, model, protocol, length }) => {
      const random = seededRandom(seed + 1);
      const scopes = model === 'drive' ? ['global', 'local'] : ['global'];
      const options = { model: MODELS[model], length: 2 * length, protocol, scopes };
      const cache = await begin(randomHistory(seededRandom(seed), options), { keyframes: true, ring: 3 });
      const history = randomHistory(seededRandom(seed), options);
      for (const { scope, operation } of inOrder(history)) {
        await cache.append(scope, operation);
        if (random() < 0.1) await cache.restart();
        if (!cache.streams['document']) continue;
        for (let i = 0; i < 3; i++) {
          const of = ['global', 'local', 'document'][Math.floor(random() * 3)];
          const end = cache.streams[of]?.length ?? 0;
          const target = Math.floor(random() * (end + 1)) - 1; // before its creation there is no document
          await cache.compare(of, random() < 0.4 || (of === 'document' && target < 0) ? undefined : target);
          reads++;
        }
      }
    }),
    { numRuns: 150 },
  );
  expect(reads).toBeGreaterThan(1000);
});
