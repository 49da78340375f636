/** Whoever reads, reduces, appends and puts, over and over, gets the state of everything before; undo included, with what it needs for it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Check, Document } from 'tidemark/documents';
import { drive, driveActions, randomHistory, seededRandom, textList } from 'tidemark/testing';
import { failure } from '../support/deferred.ts';
import { driveOf, executed, right, seen, setUp } from './support/set-up.ts';

const order = ({ id }: { readonly id: string }) => Number(/\d+$/.exec(id)![0]);

describe.each<Check>(['checked', 'trusted'])('with %s reads', (check) => {
  test('every state in a history by chance is right, and most of them are hits', { timeout: 60_000 }, async () => {
    let hits = 0;
    let reads = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.constantFrom(1 as const, 2 as const),
        fc.constantFrom(drive, textList),
        async (seed, protocol, model) => {
          const whole = randomHistory(seededRandom(seed), { model, length: 40, protocol, scopes: ['global'] });
          const { cache, source, registry } = await setUp([], { check, keyframeInterval: 5 });
          const { documentId, documentType } = whole;
          const streams: Record<string, (typeof whole.operations)[string][number][]> = {};
          const inOrder = Object.entries(whole.operations)
            .flatMap(([scope, all]) => all.map((operation) => ({ scope, operation })))
            .toSorted((a, b) => order(a.operation) - order(b.operation));
          for (const { scope, operation } of inOrder) {
            const { action, skip, error, deniedReason, index } = operation;
            const simple =
              scope === 'global' &&
              skip === 0 &&
              !error &&
              !deniedReason &&
              action.type !== 'NOOP' &&
              streams['document'];
            let put: Document | undefined;
            if (simple) {
              const before = await cache.getState(documentId, documentType, scope, 'main');
              const { version } = before.state['document'] as { version: number };
              const { state, header } = registry.getModel(documentType, version).reducer(before, operation);
              put = { ...before, state, header, operations: { ...before.operations, [scope]: [operation] } };
            }
            await source.append({
              documentId,
              documentType,
              scope,
              branch: 'main',
              revision: index - 1,
              operations: [operation],
            });
            (streams[scope] ??= []).push(operation);
            if (put) cache.putState(documentId, documentType, scope, 'main', index, put);
            else cache.invalidate(documentId); // what executors that know nothing of undo do
            if (streams['document']) {
              const document = await cache.getState(documentId, documentType, 'global', 'main');
              const partial = { documentId, documentType, registry, branch: 'main', operations: streams };
              expect(seen(document)).toEqual(right(partial));
            }
          }
          ({ hits, reads } = { hits: hits + cache.stats().hits, reads: reads + cache.stats().reads });
        },
      ),
      { numRuns: 60 },
    );
    expect(hits / reads).toBeGreaterThan(0.5);
  });

  test('an executor of one document hits all the time', async () => {
    const history = driveOf(1);
    const { read, append, cache } = await setUp([history], { check });
    for (let i = 1; i <= 100; i++) {
      const before = await read(history);
      expect(before.header.revision['global']).toBe(i);
      history.add(driveActions.addFolder(`n${i}`));
      await append(history);
      cache.putState('document-1', 'tidemark/drive', 'global', 'main', i, executed(history, before));
    }
    expect(seen(await read(history))).toEqual(right(history));
    expect(cache.stats()).toMatchObject({ cold: 1, hits: 100, warm: 0 });
  });
});

test('actions of the document scope are put, too: a new name, an upgrade, a deletion', async () => {
  const history = driveOf(2);
  const { cache, read, append } = await setUp([history]);
  await read(history);
  for (const act of [() => history.add(driveActions.setName('named', 'document')), () => history.delete()]) {
    act();
    await append(history);
    const after = await cache.getState('document-1', '', 'document', 'main');
    cache.invalidate('document-1', 'document');
    const last = history.operations['document'].at(-1)!;
    cache.putState('document-1', '', 'document', 'main', last.index, { ...after, operations: { document: [last] } });
    const document = await cache.getState('document-1', '', 'document', 'main');
    expect(seen(document, 'document')).toEqual(right(history, undefined, 'document'));
    expect(seen(await read(history))).toEqual(right(history));
  }
});

test('what is put of the document scope goes on with what is known of its life, which is not read again', async () => {
  const history = driveOf(2);
  const { cache, read, append, source } = await setUp([history]);
  await read(history);
  const before = await cache.getState('document-1', '', 'document', 'main');
  history.add(driveActions.setName('named', 'document'));
  await append(history);
  const own = { ...(before.state['document'] as object), name: 'named' };
  const operations = { document: history.operations['document'].slice(-1) };
  const put = { ...before, state: { ...before.state, document: own }, operations };
  cache.putState('document-1', '', 'document', 'main', 1, put);
  source.reset();
  expect(seen(await read(history))).toEqual(right(history));
  expect(source.asked.filter(({ scope }) => scope === 'document')).toEqual([]);
});

test('an operation of the document scope that breaks the rules is told to who reads it, not to who puts it', async () => {
  const history = driveOf(2);
  const { cache, read, append } = await setUp([history]);
  await read(history);
  const before = await cache.getState('document-1', '', 'document', 'main');
  const action = { type: 'UPGRADE_DOCUMENT', scope: 'document', input: { fromVersion: 5, toVersion: 6 } };
  history.add(driveActions.setName('named', 'document'));
  const operation = history.operations['document'][1];
  const bad = { ...operation, action: { ...operation.action, ...action } };
  expect(() =>
    cache.putState('document-1', '', 'document', 'main', 1, { ...before, operations: { document: [bad] } }),
  ).not.toThrow();
  await append(history); // it lost against a right one
  expect(seen(await read(history))).toEqual(right(history));
});

test('what is held of a stream can be looked at', async () => {
  const history = driveOf(5);
  const { cache, read } = await setUp([history]);
  expect(cache.held('document-1', 'global', 'main')).toEqual([]);
  for (const target of [2, undefined, 1]) await read(history, target);
  const held = cache.held('document-1', 'global', 'main');
  expect(held.map(({ revision, position }) => [revision, position])).toEqual([
    [1, 'historical'],
    [2, 'historical'],
    [4, 'head'],
  ]);
  for (const { revision, document } of held) {
    expect(seen(document)).toEqual(right(history, revision));
    document.header.name = 'mine';
  }
  expect(seen(await read(history))).toEqual(right(history));
});

describe('history', () => {
  test('is as many of the last operations as are asked for, those that were taken back included', async () => {
    const history = driveOf(6);
    history.undo();
    history.add(driveActions.addFolder('after'));
    const { read } = await setUp([history]);
    const all = history.operations['global'];
    for (const again of ['cold', 'hit']) {
      const get = async (target: number | undefined, count: number | 'all') =>
        (await read(history, target, { history: count })).operations['global'];
      expect(await get(undefined, 3), again).toEqual(all.slice(-3));
      expect(await get(undefined, 'all')).toEqual(all);
      expect(await get(undefined, 100)).toEqual(all);
      expect(await get(undefined, 1)).toEqual(all.slice(-1));
      expect(await get(undefined, 0)).toEqual([]);
      expect(await get(4, 2)).toEqual(all.slice(3, 5));
      expect(await get(-1, 2)).toEqual([]);
    }
    expect((await read(history)).operations['global']).toEqual(all.slice(-1));
    const document = await read(history, undefined, { history: 'all' });
    expect(seen(document)).toEqual(right(history));
    document.operations['global'].length = 0;
    expect((await read(history, undefined, { history: 'all' })).operations['global']).toEqual(all);
  });

  test('is read as it is asked for, in one question', async () => {
    const history = driveOf(50);
    const { read, source } = await setUp([history]);
    await read(history);
    source.reset();
    await read(history, undefined, { history: 5 });
    expect(source.calls).toEqual({ getHeads: 1, getSince: 1 });
    expect(source.rows).toBe(5);
  });

  test('may be put again: the last operation is what counts', async () => {
    const history = driveOf(3);
    const { read, append, cache } = await setUp([history]);
    const before = await read(history, undefined, { history: 'all' });
    history.add(driveActions.addFolder('new'));
    await append(history);
    const after = executed(history, before);
    after.operations['global'] = [...before.operations['global'], ...after.operations['global']];
    cache.putState('document-1', '', 'global', 'main', 3, after);
    expect(seen(await read(history))).toEqual(right(history));
    expect((await read(history)).operations['global']).toEqual(history.operations['global'].slice(-1));
    expect(cache.stats()).toMatchObject({ hits: 2 });
  });
});

describe('what can not be put', () => {
  test.each<[string, (document: Document) => Parameters<Awaited<ReturnType<typeof setUp>>['cache']['putState']>]>([
    ['a revision that is not that of the last operation', (one) => ['document-1', '', 'global', 'main', 1, one]],
    ['a document without operations', (one) => ['document-1', '', 'global', 'main', 2, { ...one, operations: {} }]],
    ['a revision below the first', (one) => ['document-1', '', 'global', 'main', -1, one]],
    ['a revision that is no number', (one) => ['document-1', '', 'global', 'main', '2' as unknown as number, one]],
    ['another type', (one) => ['document-1', 'other', 'global', 'main', 2, one]],
    ['an empty id', (one) => ['', '', 'global', 'main', 2, one]],
    ['an empty scope', (one) => ['document-1', '', '', 'main', 2, one]],
    ['an empty branch', (one) => ['document-1', '', 'global', '', 2, one]],
    ['another position', (one) => ['document-1', '', 'global', 'main', 2, one, { position: 'last' as 'head' }]],
    ['an unknown option', (one) => ['document-1', '', 'global', 'main', 2, one, { positon: 'head' } as object]],
  ])('%s', async (_, given) => {
    const history = driveOf(3);
    const { read, cache } = await setUp([history]);
    const document = await read(history);
    expect(() => cache.putState(...given(document))).toThrow(expect.objectContaining({ code: 'bad_option' }));
    expect(cache.stats()).toMatchObject({ puts: 0, memory: { states: 1 } });
    expect(Object.isFrozen(document)).toBe(false);
  });

  test('a state of a document that nothing is known of is no base for anybody until it is compared', async () => {
    const history = driveOf(3);
    const { cache, read } = await setUp([history]);
    const other = await setUp([history]);
    const document = await other.read(history);
    cache.putState('document-1', '', 'global', 'main', 2, document);
    expect(seen(await read(history))).toEqual(right(history));
    expect(await failure(read(driveOf(0, { documentId: 'nobody' })))).toMatchObject({ code: 'not_found' });
  });
});
