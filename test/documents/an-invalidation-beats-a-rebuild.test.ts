/** Whoever asks after an invalidation gets what was read after it, and what was under way then isn't kept. */
import { describe, expect, test } from 'vitest';
import { driveActions } from 'tidemark/testing';
import { deferred, idle } from '../support/deferred.ts';
import { driveOf, executed, right, seen, setUp } from './support/set-up.ts';
import type { SourceQuestion } from './support/watched.ts';

/** A cache whose source stops at a question, until the test lets it go on. */
async function stopped(at: SourceQuestion, length = 5) {
  const history = driveOf(length);
  const made = await setUp([history]);
  const gate = deferred();
  const reached = deferred();
  made.source.hook = async (question) => {
    if (question !== at) return;
    reached.resolve();
    await gate.promise;
  };
  const reading = made.read(history);
  await reached.promise;
  made.source.hook = undefined;
  return { ...made, history, reading, goOn: () => gate.resolve() };
}

const WAYS = {
  document: (cache: { invalidate(id: string): number }) => cache.invalidate('document-1'),
  scope: (cache: { invalidate(id: string, scope: string): number }) => cache.invalidate('document-1', 'global'),
  stream: (cache: { invalidate(id: string, scope: string, branch: string): number }) =>
    cache.invalidate('document-1', 'global', 'main'),
  everything: (cache: { clear(): void }) => cache.clear(),
} as const;

describe.each(Object.entries(WAYS))('of the %s', (_, invalidate) => {
  test('a rebuild under way answers who asked before, and is not kept', async () => {
    const { cache, read, history, reading, goOn, source } = await stopped('getSince');
    const old = right(history);
    invalidate(cache);
    const after = read(history);
    await idle();
    goOn();
    expect(seen(await reading)).toEqual(old);
    expect(seen(await after)).toEqual(old);
    expect(cache.stats()).toMatchObject({ joined: 0, overtaken: 1 });
    source.reset();
    await read(history);
    expect(source.calls.getSince).toBe(0); // the second one was kept
  });

  test('an answer of where a stream ends that is older than the invalidation is of no account', async () => {
    const { cache, read, append, history, reading, goOn, source } = await stopped('getHeads');
    const getHeads = source.getHeads.bind(source);
    source.getHeads = (...asked) => getHeads(...asked);
    // The question is answered with what was there when it was asked.
    const inner = source.inner;
    const before = await inner.getHeads('document-1', 'main', [{ scope: 'global' }, { scope: 'document' }]);
    let first = true;
    source.inner = {
      ...inner,
      getSince: inner.getSince.bind(inner),
      append: inner.append.bind(inner),
      getHeads: (...asked) => {
        if (!first) return inner.getHeads(...asked);
        first = false;
        return Promise.resolve(before);
      },
    };
    history.add(driveActions.addFolder('by another process'));
    await append(history);
    invalidate(cache);
    first = true;
    goOn();
    await reading;
    expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(right(history));
  });
});

test('an invalidation of another document does not disturb a rebuild', async () => {
  const { cache, read, history, reading, goOn } = await stopped('getSince');
  cache.invalidate('document-10');
  cache.invalidate('document');
  goOn();
  await reading;
  await read(history);
  expect(cache.stats()).toMatchObject({ cold: 1, hits: 1, overtaken: 0 });
});

test('a rebuild under way does not bring back what was put after it began', async () => {
  const { cache, read, append, history, reading, goOn } = await stopped('getSince');
  const before = right(history);
  const document = { ...before, operations: {}, clipboard: [] };
  history.add(driveActions.addFolder('put meanwhile'));
  await append(history);
  const put = executed(history, { ...document, operations: { document: [...history.operations['document']] } });
  cache.putState('document-1', '', 'global', 'main', 5, put);
  goOn();
  expect(seen(await reading)).toEqual(before);
  expect(seen(await read(history))).toEqual(right(history));
  expect(seen(await read(history, undefined, { check: 'trusted' }))).toEqual(right(history));
});

test('an invalidation says how many streams were in memory, and leaves the others', async () => {
  const history = driveOf(2);
  history.add(driveActions.setName('n', 'local'));
  const { cache } = await setUp([history]);
  const get = (scope: string) => cache.getState('document-1', '', scope, 'main');
  const all = async () => {
    for (const scope of ['global', 'local', 'document']) await get(scope);
  };
  await all();
  expect(cache.invalidate('document-1', 'global', 'other')).toBe(0);
  expect(cache.invalidate('document-1', 'nothing')).toBe(0);
  expect(cache.invalidate('document-2')).toBe(0);
  expect(cache.stats().memory.streams).toBe(3);
  expect(cache.invalidate('document-1', 'global', 'main')).toBe(1);
  expect(cache.invalidate('document-1', 'local')).toBe(1);
  expect(cache.stats().memory).toMatchObject({ streams: 1, documents: 1 });
  await all();
  expect(cache.invalidate('document-1')).toBe(3);
  expect(cache.stats().memory).toMatchObject({ streams: 0, documents: 0, states: 0, bytes: 0 });
  await all();
  cache.clear();
  expect(cache.stats().memory).toMatchObject({ streams: 0, documents: 0, states: 0, bytes: 0 });
  for (const scope of ['global', 'local', 'document'])
    expect(seen(await get(scope), scope)).toEqual(right(history, undefined, scope));
});
