/** Documents, scopes and branches are told apart whatever is in their names. */
import { describe, expect, test } from 'vitest';
import { DocumentHistory, drive, driveActions } from 'tidemark/testing';
import { driveOf, right, seen, setUp } from './support/set-up.ts';

const NAMES = [
  'a',
  'a:b',
  'a/b',
  'a~1b',
  'a b',
  'A',
  'ä',
  '\u{1F600}',
  '["a","main"]',
  'a\0b',
  '__proto__',
  'constructor',
  'a"',
  'a,',
  'keyframes',
];

describe('documents with similar names', () => {
  test('are kept, keyframed and invalidated each by itself', async () => {
    const histories = NAMES.map((documentId, i) => driveOf(5 + i, { documentId }));
    const { read, cache, source, store, keyframesWritten } = await setUp(histories, { keyframeInterval: 1 });
    for (const history of histories) expect(seen(await read(history))).toEqual(right(history));
    await keyframesWritten();
    for (const gone of histories) {
      expect(cache.invalidate(gone.documentId)).toBe(1);
      expect(cache.stats().memory.documents).toBe(NAMES.length - 1);
      expect(seen(await read(gone))).toEqual(right(gone));
    }
    const other = await setUp([], { source, store });
    for (const history of histories) expect(seen(await other.read(history))).toEqual(right(history));
    expect(other.cache.stats()).toMatchObject({ resumed: NAMES.length, cold: 0, keyframes: { rejected: {} } });
  });

  test('are rebuilt each by itself when one of them is invalidated meanwhile', async () => {
    const histories = NAMES.map((documentId) => driveOf(3, { documentId }));
    const { read, cache, source } = await setUp(histories);
    const reads = histories.map((history) => read(history));
    let told = false;
    source.hook = (question) => {
      if (question === 'getSince' && !told) {
        told = true;
        cache.invalidate('a');
      }
    };
    await Promise.all(reads);
    expect(cache.stats()).toMatchObject({ cold: NAMES.length, overtaken: 1 });
    expect(cache.stats().memory.documents).toBe(NAMES.length - 1);
  });
});

test('branches of one document have lives of their own', async () => {
  const branches = NAMES.map((branch, i) => driveOf(2 + i, { branch, idPrefix: branch }));
  const { read, cache } = await setUp(branches, { keyframeInterval: 1 });
  for (const history of branches) expect(seen(await read(history))).toEqual(right(history));
  expect(cache.stats().memory).toMatchObject({ documents: 1, streams: NAMES.length });
  expect(cache.invalidate('document-1', undefined, 'a')).toBe(1);
  expect(cache.invalidate('document-1', 'global', 'a:b')).toBe(1);
  expect(cache.stats().memory.streams).toBe(NAMES.length - 2);
  for (const history of branches)
    expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(right(history));
});

test('scopes of one document have states of their own', async () => {
  const history = new DocumentHistory({ model: drive });
  for (let i = 0; i < 6; i++) {
    history.add(driveActions.addFolder(`n${i}`));
    history.add(driveActions.setName(`local ${i}`, 'local'));
    history.add(driveActions.setName(`document ${i}`, 'document'));
  }
  const { cache } = await setUp([history], { keyframeInterval: 1 });
  for (const scope of ['global', 'local', 'document'])
    for (const target of [0, 3, undefined]) {
      const document = await cache.getState('document-1', '', scope, 'main', target);
      expect(seen(document, scope)).toEqual(right(history, target, scope));
    }
});

test('a scope that is called like a part of every object is one like another', async () => {
  const history = driveOf(2);
  const { cache } = await setUp([history]);
  for (const scope of ['toString', 'constructor', 'hasOwnProperty']) {
    const document = await cache.getState('document-1', '', scope, 'main');
    expect(document.operations[scope]).toEqual([]);
    expect(document.header.revision[scope]).toBe(0);
  }
});
