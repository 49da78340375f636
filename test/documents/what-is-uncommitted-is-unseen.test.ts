/** What a transaction puts is seen within it only; others see it once its work has ended well, and never if it hasn't. */
import { describe, expect, test } from 'vitest';
import type { Document, States } from 'tidemark/documents';
import {
  type DocumentHistory,
  driveActions,
  textList,
  textListActions,
  DocumentHistory as History,
} from 'tidemark/testing';
import { deferred, failure } from '../support/deferred.ts';
import { driveOf, executed, right, seen, setUp } from './support/set-up.ts';
import { WatchedOperations } from './support/watched.ts';

const { addFolder } = driveActions;
const head = (states: States, { documentId }: DocumentHistory): Promise<Document> =>
  states.getState(documentId, '', 'global', 'main');

/** Execute an action within a transaction: the operation isn't appended yet. */
async function execute(states: States, history: DocumentHistory, name: string): Promise<Document> {
  const before = await head(states, history);
  const operation = history.add(addFolder(name));
  const after = executed(history, before);
  states.putState(history.documentId, '', 'global', 'main', operation.index, after);
  return after;
}

describe('with a source that shows what is committed only', () => {
  test('what was put is seen within, not outside, and is published at the end', async () => {
    const history = driveOf(3);
    const { cache, append, read } = await setUp([history]);
    const old = right(history);
    await read(history);
    await cache.withTransaction(async (transaction) => {
      for (let i = 0; i < 3; i++) {
        await execute(transaction, history, `new${i}`);
        expect(seen(await head(transaction, history))).toEqual(right(history));
        for (const check of ['checked', 'trusted'] as const)
          expect(seen(await read(history, undefined, { check }))).toEqual(old);
        expect(seen(await read(history, 99))).toEqual(old);
      }
      await append(history); // the commit
      expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(old);
    });
    const { state } = await read(history, undefined, { check: 'trusted' });
    expect(state).toEqual(right(history).state);
    expect(seen(await read(history))).toEqual(right(history));
    expect(cache.stats()).toMatchObject({ puts: 3, warm: expect.any(Number) as number });
  });

  test('history brings what was put along', async () => {
    const history = driveOf(3);
    const { cache } = await setUp([history]);
    const { documentId, operations } = history;
    await cache.withTransaction(async (transaction) => {
      for (let i = 0; i < 2; i++) await execute(transaction, history, `new${i}`);
      for (const count of [1, 2, 3, 'all'] as const) {
        const document = await transaction.getState(documentId, '', 'global', 'main', undefined, { history: count });
        expect(document.operations['global']).toEqual(history.operations['global'].slice(count === 'all' ? 0 : -count));
      }
    });
    expect(operations['global']).toHaveLength(3);
  });

  test('what was put is dropped when the work throws, and its error is thrown on', async () => {
    const history = driveOf(3);
    const { cache, read } = await setUp([history]);
    const old = right(history);
    await read(history);
    const why = new Error('rolled back');
    const work = cache.withTransaction(async (transaction) => {
      await execute(transaction, history, 'never');
      await execute(transaction, history, 'ever');
      throw why;
    });
    expect(await failure(work)).toBe(why);
    for (const check of ['checked', 'trusted'] as const)
      expect(seen(await read(history, undefined, { check }))).toEqual(old);
    expect(cache.stats()).toMatchObject({ refused: 0, memory: { states: 1 } });
  });

  test('earlier revisions are read as they are, before the ones that were put', async () => {
    const history = driveOf(6);
    const { cache } = await setUp([history]);
    await cache.withTransaction(async (transaction) => {
      await execute(transaction, history, 'new');
      for (let target = -1; target < 7; target++) {
        const document = await transaction.getState('document-1', '', 'global', 'main', target);
        expect(seen(document)).toEqual(right(history, target));
      }
    });
  });
});

describe('with a source of its own transaction', () => {
  /** The committed stream, and one in which something has been appended that isn't committed. */
  async function uncommitted() {
    const history = driveOf(3);
    const made = await setUp([history]);
    const scoped = new WatchedOperations();
    await appendTo(scoped, history);
    return { ...made, history, scoped };
  }

  async function appendTo(store: WatchedOperations, history: DocumentHistory): Promise<void> {
    const { documentId, documentType, branch } = history;
    for (const [scope, all] of Object.entries(history.operations)) {
      const [{ revision }] = await store.getHeads(documentId, branch, [{ scope }]);
      const operations = all.slice(revision + 1);
      await store.append({ documentId, documentType, scope, branch, revision, operations });
    }
  }

  test('what was appended is read within, and nothing of it is kept outside', async () => {
    const { history, scoped, cache, read, store, keyframesWritten } = await uncommitted();
    const old = right(history);
    await read(history);
    const work = cache.withTransaction(
      async (transaction) => {
        for (let i = 0; i < 30; i++) history.add(addFolder(`dirty${i}`));
        await appendTo(scoped, history);
        expect(seen(await head(transaction, history))).toEqual(right(history));
        expect(seen(await transaction.getState('document-1', '', 'global', 'main', 20))).toEqual(right(history, 20));
        throw new Error('rolled back');
      },
      { operations: scoped },
    );
    await failure(work);
    await keyframesWritten();
    expect(store.keyframes()).toEqual([]);
    for (const check of ['checked', 'trusted'] as const)
      expect(seen(await read(history, undefined, { check }))).toEqual(old);
  });

  test('an upgrade that was rolled back is not remembered', async () => {
    const history = new History({ model: textList, version: 1 });
    for (const text of ['a', 'b', 'c']) history.add(textListActions.insert(0, text));
    const { cache, read } = await setUp([history]);
    const scoped = new WatchedOperations();
    await appendTo(scoped, history);
    await read(history);
    const old = right(history);
    const work = cache.withTransaction(
      async (transaction) => {
        history.upgrade();
        history.add(textListActions.setDone(0, true));
        await appendTo(scoped, history);
        expect(seen(await head(transaction, history))).toEqual(right(history));
        throw new Error('rolled back');
      },
      { operations: scoped },
    );
    await failure(work);
    expect(seen(await read(history))).toEqual(old);
    expect((await read(history)).state['document']).toMatchObject({ version: 1 });
  });
});

test('several documents are published together, more than the cache holds among them', async () => {
  const histories = Array.from({ length: 12 }, (_, i) => driveOf(2, { documentId: `d${i}` }));
  const { cache, append, read } = await setUp(histories, { maxDocuments: 5 });
  await cache.withTransaction(async (transaction) => {
    for (const history of histories) await execute(transaction, history, 'new');
    for (const history of histories) expect(seen(await head(transaction, history))).toEqual(right(history));
    for (const history of histories) await append(history);
  });
  const { hits, memory } = cache.stats();
  expect(memory.documents).toBe(5);
  for (const history of histories.toReversed()) expect(seen(await read(history))).toEqual(right(history));
  expect(cache.stats().hits).toBe(hits + 5);
});

describe('an invalidation', () => {
  test('within a transaction drops what was put before it, there and everywhere', async () => {
    const history = driveOf(3);
    const { cache, append, read } = await setUp([history]);
    const old = right(history);
    await read(history);
    await cache.withTransaction(async (transaction) => {
      await execute(transaction, history, 'wrong');
      expect(transaction.invalidate('document-1')).toBe(1);
      expect(cache.stats().memory.states).toBe(0);
      expect(seen(await head(transaction, history))).toEqual(old);
    });
    expect(cache.stats().memory.states).toBe(0);
    await append(history);
    expect(seen(await read(history))).toEqual(right(history));
  });

  test('within a transaction leaves what is put after it, and other documents', async () => {
    const [a, b] = [driveOf(2, { documentId: 'a' }), driveOf(2, { documentId: 'b' })];
    const { cache, append, read } = await setUp([a, b]);
    await cache.withTransaction(async (transaction) => {
      await execute(transaction, b, 'kept');
      transaction.invalidate('a');
      await execute(transaction, a, 'kept, too');
      await append(a);
      await append(b);
    });
    for (const history of [a, b])
      expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(right(history));
    expect(cache.stats()).toMatchObject({ hits: 2 });
  });

  test('from outside keeps what was put before it from being published', async () => {
    const history = driveOf(3);
    const { cache, append, read } = await setUp([history]);
    await cache.withTransaction(async (transaction) => {
      await execute(transaction, history, 'new');
      cache.invalidate('document-1');
      expect(seen(await head(transaction, history))).toEqual(right(history));
      await append(history);
    });
    expect(cache.stats().memory.states).toBe(0);
    expect(seen(await read(history))).toEqual(right(history));
  });
});

test('two transactions at the same time see nothing of each other', async () => {
  const history = driveOf(3);
  const { cache, read } = await setUp([history]);
  const old = right(history);
  const fork = driveOf(3);
  const both = deferred();
  const first = cache.withTransaction(async (transaction) => {
    await execute(transaction, history, 'first');
    await both.promise;
    expect(seen(await head(transaction, history))).toEqual(right(history));
    throw new Error('it lost');
  });
  await cache.withTransaction(async (transaction) => {
    const before = await head(transaction, fork);
    expect(seen(before)).toEqual(old);
    both.resolve();
    await failure(first);
    expect(seen(await head(transaction, fork))).toEqual(old);
  });
  expect(seen(await read(history))).toEqual(old);
});

test('what is put after a transaction has ended reaches nobody', async () => {
  const history = driveOf(3);
  const { cache, read } = await setUp([history]);
  const old = right(history);
  const leaked = await cache.withTransaction(async (transaction) => transaction);
  await execute(leaked, history, 'late');
  expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(old);
  expect(seen(await read(history))).toEqual(old);
});

test('the answer of the work is handed on', async () => {
  const { cache } = await setUp([]);
  expect(await cache.withTransaction(async () => 7)).toBe(7);
});

test('a document that is created within a transaction is not there outside until it is published', async () => {
  const history = driveOf(1, { documentId: 'new' });
  const { cache, append, read } = await setUp([]);
  const scoped = new WatchedOperations();
  const { documentId, documentType } = history;
  await cache.withTransaction(
    async (transaction) => {
      for (const [scope, operations] of Object.entries(history.operations))
        await scoped.append({ documentId, documentType, scope, branch: 'main', revision: -1, operations });
      const document = await head(transaction, history);
      expect(seen(document)).toEqual(right(history));
      transaction.putState('new', '', 'global', 'main', 0, document);
      expect(await failure(read(history))).toMatchObject({ code: 'not_found' });
      await append(history);
    },
    { operations: scoped },
  );
  expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(right(history));
  expect(seen(await read(history))).toEqual(right(history));
  expect(cache.stats()).toMatchObject({ hits: 2 });
});
