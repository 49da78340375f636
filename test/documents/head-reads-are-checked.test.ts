/** A checked read of the head is what the source has, whoever has written; a trusted one asks nobody. */
import { describe, expect, test } from 'vitest';
import { memoryOperations } from 'tidemark/documents';
import { DocumentHistory, drive, driveActions, textList, textListActions } from 'tidemark/testing';
import { failure } from '../support/deferred.ts';
import { driveOf, executed, right, seen, setUp } from './support/set-up.ts';
import { frozenView } from './support/watched.ts';

const { addFolder, addFile, updateNode } = driveActions;

describe('a checked read', () => {
  test('sees what another process has appended, in any scope', async () => {
    const history = driveOf(3);
    const { read, append, cache } = await setUp([history]);
    await read(history);
    history.add(addFolder('another'));
    await append(history);
    expect(seen(await read(history))).toEqual(right(history));
    history.add(driveActions.setName('name', 'document'));
    history.delete();
    await append(history);
    expect(seen(await read(history))).toEqual(right(history));
    expect((await read(history)).state['document']).toMatchObject({ isDeleted: true });
    expect(cache.stats()).toMatchObject({ hits: 1, failed: 0 });
  });

  test('asks for the heads once, and for no operation, when nothing has changed', async () => {
    const history = driveOf(3);
    const { read, source } = await setUp([history]);
    await read(history);
    source.reset();
    for (let i = 0; i < 5; i++) await read(history);
    expect(source.calls).toEqual({ getHeads: 5, getSince: 0 });
    await Promise.all(Array.from({ length: 20 }, () => read(history)));
    expect(source.calls).toEqual({ getHeads: 6, getSince: 0 });
  });

  test('of an earlier revision, too, notices another history at the same indices', async () => {
    const history = driveOf(4);
    const { read, source } = await setUp([history]);
    await read(history, 2);
    const other = new DocumentHistory({ model: drive, idPrefix: 'other' });
    for (const name of ['a', 'b', 'c', 'd', 'e']) other.add(addFile(name));
    source.inner = memoryOperations();
    await appendAll(source.inner, other);
    expect(seen(await read(history, 2))).toEqual(right(other, 2));
    expect(seen(await read(history))).toEqual(right(other));
  });
});

async function appendAll(store: ReturnType<typeof memoryOperations>, history: DocumentHistory): Promise<void> {
  const { documentId, documentType, branch } = history;
  for (const [scope, operations] of Object.entries(history.operations))
    await store.append({ documentId, documentType, scope, branch, revision: -1, operations });
}

describe('a trusted read', () => {
  test('asks nobody when the head is in memory, and is what was put last', async () => {
    const history = driveOf(3);
    const { read, append, cache, source } = await setUp([history], { check: 'trusted' });
    let before = await read(history);
    for (let i = 0; i < 5; i++) {
      history.add(addFolder(`more${i}`));
      await append(history);
      cache.putState('document-1', '', 'global', 'main', 3 + i, executed(history, before));
      source.reset();
      before = await read(history);
      expect(source.count).toBe(0);
      expect(seen(before)).toEqual(right(history));
    }
  });

  test('does not see what another process has appended, and the next checked one does', async () => {
    const history = driveOf(3);
    const { read, append } = await setUp([history]);
    const old = right(history);
    await read(history);
    history.add(addFolder('another'));
    await append(history);
    expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(old);
    expect(seen(await read(history, undefined, { check: 'checked' }))).toEqual(right(history));
    expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(right(history));
  });

  test.each([-1, 0, 3, 5])('is never answered by what was read of the past: revision %i', async (past) => {
    const history = driveOf(8);
    const { read } = await setUp([history], { check: 'trusted' });
    await read(history, past);
    await read(history, past);
    expect(seen(await read(history))).toEqual(right(history));
  });

  test('is never answered by a state that was put as one of the past', async () => {
    const history = driveOf(1);
    const { read, append, cache } = await setUp([history]);
    const before = await read(history);
    history.add(addFolder('second'));
    const second = executed(history, before);
    history.add(addFolder('third'));
    await append(history);
    cache.invalidate('document-1');
    cache.putState('document-1', '', 'global', 'main', 1, second, { position: 'historical' });
    expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(right(history));
  });

  test('is of the newest state that was put, if an older one is put after it', async () => {
    const history = driveOf(1);
    const { read, append, cache } = await setUp([history]);
    const before = await read(history);
    history.add(addFolder('second'));
    const second = executed(history, before);
    history.add(addFolder('third'));
    const third = executed(history, second);
    await append(history);
    cache.putState('document-1', '', 'global', 'main', 2, third);
    cache.putState('document-1', '', 'global', 'main', 1, second);
    expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(right(history));
  });

  test.each([0, 1])('is of what was put while a checked read was under way (%i heads before)', async (warm) => {
    const history = driveOf(3);
    const { read, append, cache, source } = await setUp([history]);
    const before = await read(history);
    if (warm === 0) cache.invalidate('document-1');
    const view = await frozenView(source.inner, 'document-1', ['document', 'global']);
    let put = false;
    history.add(addFolder('meanwhile'));
    source.hook = async () => {
      if (put) return;
      put = true;
      await append(history);
      cache.putState('document-1', '', 'global', 'main', 3, executed(history, before));
    };
    const getHeads = source.getHeads.bind(source);
    source.getHeads = async (...asked) => {
      await getHeads(...asked);
      return view.getHeads(...asked); // it was answered before the other one's commit
    };
    await read(history);
    source.getHeads = getHeads;
    expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(right(history));
  });
});

describe('a state that is ahead of its stream', () => {
  test('is refused after a restore of an older copy, and what lies before it is of use', async () => {
    const history = driveOf(3);
    const refused: number[] = [];
    const made = await setUp([history], { on: { refused: ({ revision }) => refused.push(revision) } });
    const { read, append, cache, source } = made;
    const view = await frozenView(source.inner, 'document-1', ['document', 'global']);
    const old = right(history);
    let before = await read(history);
    for (let i = 3; i < 6; i++) {
      history.add(addFolder(`lost${i}`));
      await append(history);
      cache.putState('document-1', '', 'global', 'main', i, executed(history, before));
      before = await read(history);
    }
    source.inner = view as typeof source.inner;
    expect(seen(await read(history))).toEqual(old);
    expect(refused.toSorted((a, b) => a - b)).toEqual([3, 4, 5]);
    expect(cache.stats()).toMatchObject({ refused: 3, cold: 1, memory: { states: 1 } });
    expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(old);
  });

  test('is refused when the stream has grown again, with other operations', async () => {
    const history = driveOf(6, { idPrefix: 'first' });
    const { read, source, cache } = await setUp([history], { keyframeInterval: 1 });
    for (let i = 0; i < 6; i++) await read(history, i);
    const other = driveOf(3, { idPrefix: 'first' }); // the first three are the same
    for (const name of ['x', 'y', 'z', 'w']) other.add(addFile(name), { skip: 0 });
    const { documentId, documentType } = other;
    source.inner = memoryOperations();
    for (const [scope, operations] of Object.entries(other.operations)) {
      const renamed = operations.map((one) => (one.index < 3 ? one : { ...one, id: `second/${one.id}` }));
      await source.append({ documentId, documentType, scope, branch: 'main', revision: -1, operations: renamed });
    }
    for (let i = -1; i < 7; i++) expect(seen(await read(history, i))).toEqual(right(other, i));
    expect(seen(await read(history))).toEqual(right(other));
    expect(cache.stats().refused).toBeGreaterThan(0);
  });

  test('is refused when the document itself was created anew', async () => {
    const history = driveOf(2, { idPrefix: 'first' });
    const { read, source } = await setUp([history]);
    await read(history);
    const again = new DocumentHistory({ model: textList, idPrefix: 'second', version: 2 });
    for (const text of ['a', 'b', 'c']) again.add(textListActions.insert(0, text));
    source.inner = memoryOperations();
    await appendAll(source.inner, again);
    expect(seen(await read(again))).toEqual(right(again));
  });

  test('does not exist once there are no operations any more', async () => {
    const history = driveOf(2);
    const { read, source } = await setUp([history]);
    await read(history);
    source.inner = memoryOperations();
    expect(await failure(read(history))).toMatchObject({ code: 'not_found' });
    source.inner = memoryOperations();
    const again = driveOf(1, { idPrefix: 'again' });
    await appendAll(source.inner, again);
    expect(seen(await read(history))).toEqual(right(again));
  });
});

test('a document of another type than expected is an error, from memory as well as read anew', async () => {
  const history = driveOf(2);
  const { cache } = await setUp([history]);
  const read = (type: string, check: 'checked' | 'trusted') =>
    failure(cache.getState('document-1', type, 'global', 'main', undefined, { check }));
  expect(await read('tidemark/text-list', 'checked')).toMatchObject({ code: 'bad_option' });
  await read('', 'checked');
  for (const check of ['checked', 'trusted'] as const) {
    expect(await read('tidemark/text-list', check)).toMatchObject({ code: 'bad_option' });
    expect(await read('tidemark/drive', check)).toBe('no error');
  }
});

test('a state that was put under an operation of the same index but another history answers nobody', async () => {
  const history = driveOf(2);
  const { read, append, cache } = await setUp([history]);
  const before = await read(history);
  const fork = driveOf(2);
  fork.add(updateNode('document-1-n0', 'never appended'));
  const lost = executed(fork, before);
  lost.operations['global'] = [{ ...lost.operations['global'][0], id: 'lost' }];
  cache.putState('document-1', '', 'global', 'main', 2, lost);
  history.add(addFolder('won'));
  await append(history);
  expect(seen(await read(history))).toEqual(right(history));
});
