/** A state is data that can be frozen and shared; what can't be is refused before anything is changed. */
import { describe, expect, test } from 'vitest';
import type { Document, DocumentModel } from 'tidemark/documents';
import { DocumentHistory, drive, driveActions, type SampleModel } from 'tidemark/testing';
import { failure } from '../support/deferred.ts';
import { driveOf, executed, right, seen, setUp } from './support/set-up.ts';

/** Things that can't be a part of a state. */
const REFUSED: Readonly<Record<string, () => unknown>> = {
  'a date': () => new Date(0),
  'a map': () => new Map([[1, 2]]),
  'a set': () => new Set([1]),
  bytes: () => new Uint8Array(3),
  'a function': () => () => 1,
  'a symbol': () => Symbol('s'),
  'an instance of a class': () => new URL('https://example.org/'),
  'a promise': () => Promise.resolve(1),
  'a pattern': () => /x/,
  'something nested without end': () => {
    let deep: unknown = [];
    for (let i = 0; i < 1100; i++) deep = [deep];
    return deep;
  },
};

async function ready() {
  const history = driveOf(3);
  const made = await setUp([history]);
  const before = await made.read(history);
  history.add(driveActions.addFolder('new'));
  await made.append(history);
  return { ...made, history, before };
}

describe.each(Object.entries(REFUSED))('%s', (_, thing) => {
  test('in a put state is refused, and nothing is frozen, kept or counted', async () => {
    const { cache, read, history, before } = await ready();
    const inner = { deeper: [thing()] };
    const fresh = { list: [1, 2, 3] };
    const put = executed(history, before);
    put.state = { ...put.state, local: { fresh, inner } };
    expect(() => cache.putState('document-1', '', 'global', 'main', 3, put)).toThrow(
      expect.objectContaining({ code: 'bad_value' }),
    );
    for (const part of [put, put.state, fresh, fresh.list, inner]) expect(Object.isFrozen(part)).toBe(false);
    expect(cache.stats()).toMatchObject({ puts: 0, memory: { states: 1 } });
    expect(seen(await read(history))).toEqual(right(history));
  });

  test('beside the state is refused, and the state is left as it is', async () => {
    const { cache, history, before } = await ready();
    const put = executed(history, before);
    put.state = { ...put.state, local: { name: 'fresh' } };
    put.header.meta = { inner: thing() };
    expect(() => cache.putState('document-1', '', 'global', 'main', 3, put)).toThrow(
      expect.objectContaining({ code: 'bad_value' }),
    );
    for (const part of [put.state, put.state['local'], put.header.meta]) expect(Object.isFrozen(part)).toBe(false);
    expect(cache.stats()).toMatchObject({ puts: 0, memory: { states: 1 } });
  });

  test('made by a reducer is refused, and reads before it go on', async () => {
    const model: DocumentModel = {
      ...drive.models[0],
      documentType: 'odd',
      reducer: (document, operation) => ({
        ...document,
        state: { ...document.state, global: { at: operation.index, odd: operation.index === 2 ? thing() : 1 } },
      }),
    };
    const sample: SampleModel = { ...drive, documentType: 'odd', models: [model] };
    const history = new DocumentHistory({ model: sample });
    for (let i = 0; i < 3; i++) history.add({ type: 'ANY', scope: 'global', input: {} });
    const { read, cache } = await setUp([history], { models: [sample] });
    expect(await failure(read(history))).toMatchObject({ code: 'bad_value' });
    expect((await read(history, 1)).state['global']).toEqual({ at: 1, odd: 1 });
    expect(cache.stats()).toMatchObject({ failed: 1, cold: 1 });
  });
});

test('everything else that data can hold survives memory and keyframes', async () => {
  const value = {
    undefined,
    nothing: null,
    minus: -0,
    nan: Number.NaN,
    infinite: [Infinity, -Infinity],
    big: 2n ** 70n,
    text: 'é\0\u{1F600}\ud800',
    ['__proto__x']: 1,
    empty: [{}, []],
    truth: [true, false],
  };
  const model: DocumentModel = {
    ...drive.models[0],
    documentType: 'rich',
    reducer: (document, operation) => ({
      ...document,
      state: { ...document.state, global: { ...value, at: operation.index, shared: [value.empty, value.empty] } },
    }),
  };
  const sample: SampleModel = { ...drive, documentType: 'rich', models: [model] };
  const history = new DocumentHistory({ model: sample });
  for (let i = 0; i < 4; i++) history.add({ type: 'ANY', scope: 'global', input: {} });
  const options = { models: [sample], keyframeInterval: 1 };
  const first = await setUp([history], options);
  const cold: Document = await first.read(history);
  await first.keyframesWritten();
  const { source, store } = first;
  const second = await setUp([], { ...options, source, store });
  const resumed = await second.read(history);
  expect(second.cache.stats()).toMatchObject({ resumed: 1, cold: 0 });
  expect(resumed.state['global']).toStrictEqual(cold.state['global']);
  expect(resumed).toStrictEqual(cold);
});

test.each([
  ['no document at all', undefined],
  ['null', null],
  ['a text', 'document'],
  ['no header', { state: {}, operations: {} }],
  ['no state', { header: {}, operations: {} }],
  ['a state of null', { header: {}, state: null, operations: {} }],
  ['no operations', { header: {}, state: {} }],
])('%s is no document', async (_, thing) => {
  const { cache } = await ready();
  expect(() => cache.putState('document-1', '', 'global', 'main', 3, thing as unknown as Document)).toThrow(
    expect.objectContaining({ code: 'bad_value' }),
  );
  expect(cache.stats().puts).toBe(0);
});
