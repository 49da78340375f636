/** A verification compares all that is kept of a document with full replays: what is wrong is told and removed, what is right stays. */
import { describe, expect, test } from 'vitest';
import { memoryOperations, noCompression } from 'tidemark/documents';
import {
  DocumentHistory,
  drive,
  driveActions,
  randomHistory,
  seededRandom,
  textList,
  textListActions,
} from 'tidemark/testing';
import { crc32 } from '../../src/documents/crc.ts';
import { failure } from '../support/deferred.ts';
import { driveOf, executed, right, seen, setUp } from './support/set-up.ts';
import type { WatchedKeyValues } from './support/watched.ts';

/** Change what a keyframe holds, and make its checksum right again. */
async function forge(store: WatchedKeyValues, revision: number, from: string, to: string): Promise<void> {
  const [key] = store.keyframes(revision);
  const bytes = (await store.inner.get(key))!;
  const text = Buffer.from(bytes.subarray(0, -4)).toString('latin1');
  expect(text).toContain(from);
  expect(from).toHaveLength(to.length);
  const changed = Buffer.from(text.replaceAll(from, to), 'latin1');
  const sealed = new Uint8Array([...changed, 0, 0, 0, 0]);
  new DataView(sealed.buffer).setUint32(sealed.length - 4, crc32(changed));
  await store.inner.put(key, sealed);
}

describe('a wrong state in memory', () => {
  test('is found and removed; the others stay', async () => {
    const history = driveOf(10);
    const { read, append, cache } = await setUp([history], { keyframeInterval: 100 });
    for (const target of [3, 5]) await read(history, target);
    const before = await read(history);
    history.add(driveActions.addFolder('new'));
    await append(history);
    const wrong = executed(history, before);
    wrong.state = { ...wrong.state, global: { name: 'planted', nodes: [] } };
    cache.putState('document-1', '', 'global', 'main', 10, wrong);
    expect((await read(history)).state).toBe(wrong.state);
    expect(await cache.verify('document-1')).toEqual({
      checked: 4,
      wrong: [{ scope: 'global', branch: 'main', revision: 10, where: 'memory' }],
      useless: 0,
    });
    expect(cache.stats().memory.states).toBe(3);
    expect(seen(await read(history))).toEqual(right(history));
    expect(await cache.verify('document-1')).toEqual({ checked: 4, wrong: [], useless: 0 });
  });

  test('is found in each scope and branch', async () => {
    const history = driveOf(2);
    history.add(driveActions.setName('local name', 'local'));
    const branch = driveOf(2, { branch: 'side', idPrefix: 'side' });
    const { cache, read, append } = await setUp([history, branch]);
    const plant = (of: DocumentHistory, scope: string, document: Awaited<ReturnType<typeof read>>) => {
      document.state = { ...document.state, [scope]: { name: 'planted', nodes: [] } };
      const revision = document.operations[scope][0].index;
      cache.putState('document-1', '', scope, of.branch, revision, document);
    };
    plant(history, 'global', await read(history));
    plant(history, 'local', await cache.getState('document-1', '', 'local', 'main'));
    plant(branch, 'global', await read(branch));
    const { checked, wrong } = await cache.verify('document-1');
    expect(checked).toBe(3);
    expect(wrong.map((one) => `${one.scope} ${one.branch}`).toSorted()).toEqual([
      'global main',
      'global side',
      'local main',
    ]);
    await append(history);
    for (const one of [history, branch]) expect(seen(await read(one))).toEqual(right(one));
  });

  test('is one that belongs to another history, too', async () => {
    const history = driveOf(4);
    const { read, cache, source } = await setUp([history]);
    await read(history);
    const other = driveOf(4, { idPrefix: 'other' });
    source.inner = memoryOperations();
    const { documentId, documentType } = other;
    for (const [scope, operations] of Object.entries(other.operations))
      await source.append({ documentId, documentType, scope, branch: 'main', revision: -1, operations });
    expect((await cache.verify('document-1')).wrong).toHaveLength(1);
    expect(cache.stats().memory.states).toBe(0);
  });
});

describe('a wrong keyframe', () => {
  async function written(options: Parameters<typeof setUp>[1] = {}) {
    const history = driveOf(20);
    const made = await setUp([history], { keyframeInterval: 5, compression: noCompression, ...options });
    for (const target of [5, 10, 15]) {
      await made.read(history, target);
      await made.keyframesWritten();
    }
    made.cache.clear();
    return { ...made, history };
  }

  test('with a right checksum is found and removed; the others stay', async () => {
    const { history, cache, store, read, keyframesWritten } = await written();
    await forge(store, 10, 'document-1-n3', 'document-1-nX');
    expect((await read(history, 11)).state).not.toEqual(right(history, 11).state);
    cache.clear();
    expect(await cache.verify('document-1')).toEqual({
      checked: 3,
      wrong: [{ scope: 'global', branch: 'main', revision: 10, where: 'keyframe' }],
      useless: 0,
    });
    expect(store.keyframes(10)).toEqual([]);
    expect(store.keyframes()).toHaveLength(2);
    expect(seen(await read(history, 11))).toEqual(right(history, 11));
    await keyframesWritten();
    expect(await cache.verify('document-1')).toMatchObject({ wrong: [], useless: 0 });
  });

  test('that is damaged, of another model, or gone is of no use, and is removed', async () => {
    const { cache, store } = await written();
    const bytes = (await store.inner.get(store.keyframes(5)[0]))!;
    await store.inner.put(store.keyframes(5)[0], bytes.with(50, bytes[50] ^ 1));
    await forge(store, 10, '"protocol":2', '"protocol":1');
    await store.delete(store.keyframes(15)[0]);
    expect(await cache.verify('document-1')).toEqual({ checked: 0, wrong: [], useless: 3 });
    expect(store.keyframes()).toEqual([]);
    expect(await cache.verify('document-1')).toEqual({ checked: 0, wrong: [], useless: 0 });
  });

  test('of a stream that is shorter now is of no use', async () => {
    const { cache, store, source } = await written();
    const short = driveOf(8);
    source.inner = memoryOperations();
    const { documentId, documentType } = short;
    for (const [scope, operations] of Object.entries(short.operations))
      await source.append({ documentId, documentType, scope, branch: 'main', revision: -1, operations });
    expect(await cache.verify('document-1')).toEqual({ checked: 1, wrong: [], useless: 2 });
    expect(store.keyframes(5)).toHaveLength(1);
  });
});

test('a document that is not there has nothing to be verified, and one that is right is left alone', async () => {
  const history = driveOf(12);
  const { cache, read, keyframesWritten, store } = await setUp([history], { keyframeInterval: 4 });
  expect(await cache.verify('unheard of')).toEqual({ checked: 0, wrong: [], useless: 0 });
  for (let i = -1; i < 12; i++) {
    await read(history, i);
    await keyframesWritten();
  }
  const { states } = cache.stats().memory;
  const keyframes = store.keyframes().length;
  expect(await cache.verify('document-1')).toEqual({ checked: states + keyframes, wrong: [], useless: 0 });
  expect(cache.stats().memory.states).toBe(states);
  expect(store.keyframes()).toHaveLength(keyframes);
});

test('a document that was never created is verified by what it was read as', async () => {
  const history = new DocumentHistory({ model: textList, beginning: 'absent' });
  for (const text of ['a', 'b', 'c']) history.add(textListActions.insert(0, text));
  const { cache, read } = await setUp([history], { store: 'none' });
  expect(seen(await read(history))).toEqual(right(history));
  expect(await cache.verify('document-1')).toEqual({ checked: 1, wrong: [], useless: 0 });
});

test('a keyframe with a wrong name of the document is wrong, too', async () => {
  const history = new DocumentHistory({ model: drive });
  history.add(driveActions.addFolder('a'));
  const { source, store, cache } = await setUp([], { keyframeInterval: 1, compression: noCompression });
  const { documentId, documentType, operations } = history;
  const [create] = operations['document'];
  const named = {
    ...create,
    action: { ...create.action, input: { ...(create.action.input as object), name: 'called' } },
  };
  const append = (scope: string, revision: number, operation: typeof create) =>
    source.append({ documentId, documentType, scope, branch: 'main', revision, operations: [operation] });
  await append('document', -1, named);
  await append('global', -1, operations['global'][0]);
  await append('global', 0, { ...history.add(driveActions.addFolder('b')) });
  await cache.getState(documentId, '', 'global', 'main');
  while (cache.stats().keyframes.depth > 0) await new Promise(setImmediate);
  cache.clear();
  await forge(store, 1, '"name":"called"', '"name":"colled"');
  expect(await cache.verify(documentId)).toMatchObject({ wrong: [{ revision: 1, where: 'keyframe' }] });
});

test('whatever a history does, what is kept of it is right', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const history = randomHistory(seededRandom(seed), {
      model: seed % 2 ? drive : textList,
      length: 40,
      protocol: seed % 3 ? 2 : 1,
    });
    const { cache, read, keyframesWritten } = await setUp([history], { keyframeInterval: 2 });
    const head = (history.operations['global']?.length ?? 0) - 1;
    for (let i = 0; i <= head; i += 3) {
      await read(history, i);
      await keyframesWritten();
    }
    expect(await cache.verify(history.documentId)).toMatchObject({ wrong: [], useless: 0 });
  }
});

test('a verification may be given up, and a failing source is told', async () => {
  const history = driveOf(12);
  const { cache, read, source } = await setUp([history]);
  await read(history);
  const why = new Error('enough');
  expect(await failure(cache.verify('document-1', { signal: AbortSignal.abort(why) }))).toBe(why);
  source.hook = () => Promise.reject(why);
  expect(await failure(cache.verify('document-1'))).toBe(why);
  source.hook = undefined;
  expect(cache.stats().memory.states).toBe(1);
});
