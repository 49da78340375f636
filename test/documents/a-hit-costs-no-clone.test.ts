/** What is in memory is handed out as it is: one frozen state for all, and around it a document of the caller's own. */
import { describe, expect, test } from 'vitest';
import { createRegistry, type Document, type DocumentModel, memoryKeyValues, type State } from 'tidemark/documents';
import {
  createTestWriteCache,
  DocumentHistory,
  drive,
  driveActions,
  type DriveState,
  type SampleModel,
} from 'tidemark/testing';
import { driveOf, executed, right, seen, setUp } from './support/set-up.ts';

const nodesOf = ({ state }: Document) => (state as DriveState).global.nodes;

describe('a hit', () => {
  test('hands out the same state object each time, in a shell of its own', async () => {
    const history = driveOf(5);
    const { read, cache } = await setUp([history]);
    const [a, b] = [await read(history), await read(history)];
    expect(cache.stats()).toMatchObject({ cold: 1, hits: 1 });
    expect(b.state).toBe(a.state);
    expect(b.initialState).toBe(a.initialState);
    for (const name of ['header', 'operations', 'clipboard'] as const) expect(b[name]).not.toBe(a[name]);
    expect(b.header.revision).not.toBe(a.header.revision);
    expect(b.header.protocolVersions).not.toBe(a.header.protocolVersions);
    expect(b.operations['global']).not.toBe(a.operations['global']);
  });

  test('is not harmed by what a caller does to the shell of another', async () => {
    const history = driveOf(5);
    const { read } = await setUp([history]);
    const first = await read(history);
    const mine = await read(history);
    mine.header.name = 'mine';
    mine.header.revision['global'] = 99;
    mine.header.protocolVersions!['base-reducer'] = 1;
    mine.operations['global'].length = 0;
    delete mine.operations['document'];
    mine.clipboard.push(first.operations['global'][0]);
    mine.state = { global: 'mine' };
    expect(seen(await read(history))).toEqual(right(history));
    expect(await read(history)).toEqual(first);
  });

  test('throws at whoever changes the state, however deep, or an operation', async () => {
    const history = driveOf(3);
    const { read } = await setUp([history]);
    for (const document of [await read(history), await read(history)]) {
      const harm: (() => void)[] = [
        () => ((document.state as Record<string, unknown>)['global'] = {}),
        () => (nodesOf(document) as unknown[]).push({}),
        () => ((nodesOf(document)[1] as { name: string }).name = 'other'),
        () => ((document.initialState as Record<string, unknown>)['more'] = 1),
        () => ((document.operations['global'][0] as { skip: number }).skip = 3),
        () => ((document.operations['global'][0].action.input as { id: string }).id = 'other'),
        () => ((document.operations['document'][0] as { skip: number }).skip = 3),
      ];
      for (const change of harm) expect(change).toThrow(TypeError);
    }
    expect(seen(await read(history))).toEqual(right(history));
  });

  test('leaves a put document that its caller goes on with out of it, except for the state', async () => {
    const history = driveOf(2);
    const { read, cache, append } = await setUp([history]);
    const before = await read(history);
    history.add(driveActions.addFolder('more'));
    await append(history);
    const mine = executed(history, before);
    cache.putState(history.documentId, '', 'global', 'main', 2, mine);
    mine.header.name = 'changed afterwards';
    mine.header.revision['document'] = 7;
    mine.operations['global'].pop();
    const { state } = mine;
    mine.state = {};
    const document = await read(history);
    expect(seen(document)).toEqual(right(history));
    expect(document.state).toBe(state);
    expect(cache.stats()).toMatchObject({ hits: 1, cold: 1, puts: 1 });
  });
});

interface Counted extends State {
  readonly global: { readonly count: number; readonly list: readonly { readonly at: number }[] };
  readonly still: { readonly deep: { readonly deeper: number } };
}

type Draft = { global: { count: number; list: { at: number }[] } };
const initial = (): Counted => ({ global: { count: 0, list: [] }, still: { deep: { deeper: 1 } } });

/** As libraries with drafts do it: what was touched is copied on the way, and the answer is frozen as a whole, header and all. */
const immerStyle = (document: Document, index: number): Document => {
  const { global } = document.state as Counted;
  const state = { ...document.state, global: { count: global.count + 1, list: [...global.list, { at: index }] } };
  return deepFreeze({ ...document, header: { ...document.header }, state });
};

/** A draft that is a whole copy, changed in place. */
const mutativeStyle = (document: Document, index: number): Document => {
  const global = structuredClone(document.state['global']) as Draft['global'];
  global.count++;
  global.list.push({ at: index });
  const draft = { ...document, state: { ...document.state, global } };
  draft.header.lastModifiedAtUtcIso = 'whatever'; // the shell is the reducer's own
  return draft;
};

const plainStyle = (document: Document, index: number): Document => {
  const { global, ...rest } = document.state as Counted;
  const list = [...global.list, { at: index }];
  return { ...document, state: { ...rest, global: { count: global.count + 1, list } } };
};

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

function modelOf(style: (document: Document, index: number) => Document): SampleModel {
  const model: DocumentModel = {
    documentType: 'counted',
    version: 1,
    fingerprint: String(style),
    initialState: initial,
    reducer: (document, operation) => style(document, operation.index),
  };
  return { ...drive, documentType: 'counted', models: [model], upgrades: [], scopes: ['global', 'still'] };
}

describe.each(Object.entries({ plainStyle, immerStyle, mutativeStyle }))('with a reducer in %s', (_, style) => {
  const counted = (length: number) => {
    const history = new DocumentHistory({ model: modelOf(style) });
    for (let i = 0; i < length; i++) history.add({ type: 'COUNT', scope: 'global', input: {} });
    return history;
  };

  test('replays, put states and keyframes are right, and what did not change is shared', async () => {
    const history = counted(30);
    const model = modelOf(style);
    const options = { models: [model], keyframeInterval: 5 };
    const { cache, read, append, keyframesWritten, store, source } = await setUp([history], options);
    const documents: Document[] = [];
    for (const target of [3, 17, 28, undefined]) {
      const document = await read(history, target);
      expect(seen(document).state).toEqual(right(history, target).state);
      documents.push(document);
    }
    for (let i = 0; i < 4; i++) {
      const before = await read(history);
      history.add({ type: 'COUNT', scope: 'global', input: {} });
      await append(history);
      cache.putState(history.documentId, '', 'global', 'main', 30 + i, executed(history, before));
      const after = await read(history);
      expect(after.state).toMatchObject({ global: { count: 31 + i } });
      expect(after.state['still']).toBe(before.state['still']);
    }
    expect(documents.at(-1)!.state['still']).toBe(documents[2].state['still']);
    await keyframesWritten();
    const other = await setUp([], { models: [model], source, store });
    expect(seen(await other.read(history)).state).toEqual(right(history).state);
    expect(other.cache.stats()).toMatchObject({ resumed: 1, cold: 0 });
  });

  test('no state that was handed out is changed by a replay that goes on from it', async () => {
    const history = counted(8);
    const { read } = await setUp([history], { models: [modelOf(style)] });
    const early = await read(history, 3);
    const copy = structuredClone(early);
    await read(history);
    expect(early).toEqual(copy);
  });
});

test('a put freezes only what is new: what was frozen before is not gone into', async () => {
  let looks = 0;
  const big = Array.from({ length: 5000 }, (_, i) => ({ id: `n${i}` }));
  const spied = new Proxy(big, {
    ownKeys(target) {
      looks++;
      return Reflect.ownKeys(target);
    },
    get(target, name, receiver) {
      if (typeof name === 'string' && /^\d+$/.test(name)) looks++;
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
  const model: DocumentModel = {
    documentType: 'big',
    version: 1,
    initialState: () => ({ global: { big: spied, count: 0 } }),
    reducer: (document) => {
      const global = document.state['global'] as { count: number };
      return { ...document, state: { ...document.state, global: { ...global, count: global.count + 1 } } };
    },
  };
  const sample: SampleModel = { ...drive, documentType: 'big', models: [model], scopes: ['global'] };
  const history = new DocumentHistory({ model: sample });
  history.add({ type: 'COUNT', scope: 'global', input: {} });
  const { read, cache, append } = await setUp([history], { models: [sample], store: 'none' });
  let document = await read(history);
  expect(looks).toBeGreaterThan(5000);
  looks = 0;
  for (let i = 0; i < 5; i++) {
    history.add({ type: 'COUNT', scope: 'global', input: {} });
    await append(history);
    cache.putState('document-1', '', 'global', 'main', i + 1, executed(history, document));
    document = await read(history);
  }
  expect(document.state).toMatchObject({ global: { count: 6 } });
  expect(looks).toBe(0);
});

test('what `createTestWriteCache` hands out works together, and shuts down when it is done with', async () => {
  const keyframes = memoryKeyValues();
  const registry = createRegistry({ models: drive.models });
  const made = await createTestWriteCache({ registry, keyframes, keyframeInterval: 1 });
  expect(made.registry).toBe(registry);
  expect(made.keyframes).toBe(keyframes);
  const history = driveOf(2);
  expect(await made.append(history)).toEqual({ document: 0, global: 1 });
  history.undo();
  expect(await made.append(history)).toEqual({ document: 0, global: 2 });
  const document = await made.cache.getState(history.documentId, '', 'global', 'main');
  expect(seen(document)).toEqual(right(history));
  await made.keyframesWritten();
  expect(made.cache.stats().keyframes.written).toBe(1);
  await made.cleanup();
  await made[Symbol.asyncDispose]();
  const none = await createTestWriteCache({ keyframes: 'none' });
  expect(none.keyframes).toBeUndefined();
  await none.cleanup();
});
