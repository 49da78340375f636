/** A keyframe that isn't exactly what is wanted is no keyframe: it is counted, the next older one is taken, and the state is right. */
import { describe, expect, test } from 'vitest';
import {
  type Compression,
  type DocumentModel,
  memoryOperations,
  noCompression,
  type Rejection,
} from 'tidemark/documents';
import {
  DocumentHistory,
  drive,
  driveActions,
  registryOf,
  type SampleModel,
  textList,
  textListActions,
} from 'tidemark/testing';
import { jsonCodec } from 'tidemark/codecs/json';
import { msgpackCodec } from 'tidemark/codecs/msgpack';
import { type KeyframeFacts, encodeKeyframe } from '../../src/documents/keyframe.ts';
import { crc32 } from '../../src/documents/crc.ts';
import { driveOf, right, seen, setUp } from './support/set-up.ts';
import type { WatchedKeyValues, WatchedOperations } from './support/watched.ts';

const LENGTH = 20;

/** A document with keyframes at 5 and 15, and what another process reads of it at 17. */
async function withKeyframes(history = driveOf(LENGTH), options: Parameters<typeof setUp>[1] = {}) {
  const first = await setUp([history], { keyframeInterval: 5, compression: noCompression, ...options });
  for (const target of [5, 15]) {
    await first.read(history, target);
    await first.keyframesWritten();
  }
  const { source, store } = first;
  expect(store.keyframes()).toHaveLength(2);
  return { history, source, store };
}

/** What another process reads, and why it refused a keyframe. */
async function another(
  { history, source, store }: { history: DocumentHistory; source: WatchedOperations; store: WatchedKeyValues },
  options: Parameters<typeof setUp>[1] = {},
) {
  const rejected: [number, Rejection][] = [];
  const on = {
    keyframeRejected: (event: { revision: number; reason: Rejection }) => rejected.push([event.revision, event.reason]),
  };
  const made = await setUp([], {
    source,
    store,
    compression: noCompression,
    keyframePolicy: () => false,
    on,
    ...options,
  });
  const document = await made.read(history, 17);
  return { document, rejected, stats: made.cache.stats() };
}

async function change(
  store: WatchedKeyValues,
  revision: number,
  how: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  const [key] = store.keyframes(revision);
  await store.inner.put(key, how((await store.inner.get(key))!.slice()));
}

test('with every byte of it flipped, cut off anywhere, or grown', { timeout: 60_000 }, async () => {
  const all = await withKeyframes(driveOf(LENGTH, { documentId: 'd' }));
  const [key] = all.store.keyframes(15);
  const whole = (await all.store.inner.get(key))!;
  const expected = right(all.history, 17);
  const rejected: Rejection[] = [];
  const made = await setUp([], {
    source: all.source,
    store: all.store,
    compression: noCompression,
    keyframePolicy: () => false,
    on: { keyframeRejected: ({ reason }) => rejected.push(reason) },
  });
  const damaged = [
    ...Array.from(whole, (byte, i) => whole.with(i, byte ^ (1 << (i % 8)))),
    ...Array.from(whole, (byte, i) => whole.with(i, byte ^ 0xff)),
    ...[0, 1, 7, 8, 11, 12, 13, 100, whole.length - 5, whole.length - 1].map((end) => whole.slice(0, end)),
    new Uint8Array([...whole, 0]),
    new Uint8Array(whole.length),
  ];
  for (const bytes of damaged) {
    await all.store.inner.put(key, bytes);
    made.cache.clear();
    expect(seen(await made.read(all.history, 17))).toEqual(expected);
  }
  const { resumed, cold, keyframes } = made.cache.stats();
  expect({ resumed, cold }).toEqual({ resumed: damaged.length, cold: 0 }); // from the older one, each time
  expect(rejected).toHaveLength(damaged.length);
  expect(new Set(rejected)).toEqual(new Set(['damaged', 'format']));
  expect(Object.values(keyframes.rejected).reduce((a, b) => a + b)).toBe(damaged.length);
});

describe('with a right checksum and a wrong envelope', () => {
  /** The same keyframe with other facts, as nothing but a mistake would make it. */
  const withFacts =
    (changed: (facts: KeyframeFacts & { compression: string; size: number }) => unknown) => (bytes: Uint8Array) => {
      const view = new DataView(bytes.buffer);
      const end = 8 + view.getUint32(4);
      const facts = JSON.parse(new TextDecoder().decode(bytes.subarray(8, end))) as never;
      return sealed(new TextEncoder().encode(JSON.stringify(changed(facts))), bytes.subarray(end, -4));
    };

  function sealed(said: Uint8Array, body: Uint8Array): Uint8Array {
    const bytes = new Uint8Array([0x54, 0x4b, 0x46, 1, 0, 0, 0, 0, ...said, ...body, 0, 0, 0, 0]);
    const view = new DataView(bytes.buffer);
    view.setUint32(4, said.length);
    view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)));
    return bytes;
  }

  test.each<[string, Rejection, Parameters<typeof withFacts>[0]]>([
    ['another type', 'model', (facts) => ({ ...facts, documentType: 'other' })],
    ['another version', 'model', (facts) => ({ ...facts, version: 2 })],
    ['another protocol', 'model', (facts) => ({ ...facts, protocol: 1 })],
    ['another reducer', 'reducer', (facts) => ({ ...facts, fingerprint: 'other' })],
    ['another revision', 'history', (facts) => ({ ...facts, revision: 14 })],
    ['another operation', 'history', (facts) => ({ ...facts, operationId: 'other' })],
    ['another hash', 'history', (facts) => ({ ...facts, scopeHash: 'other' })],
    ['another beginning', 'history', (facts) => ({ ...facts, origin: { ...facts.origin, ground: 'other' } })],
    ['other upgrades', 'history', (facts) => ({ ...facts, origin: { ...facts.origin, upgradeIds: 'other' } })],
    ['another compression', 'compression', (facts) => ({ ...facts, compression: 'other' })],
    ['no origin', 'unreadable', (facts) => ({ ...facts, origin: undefined })],
    ['nothing in it', 'unreadable', () => null],
  ])('%s', async (_, reason, changed) => {
    const all = await withKeyframes();
    await change(all.store, 15, withFacts(changed));
    const { document, rejected, stats } = await another(all);
    expect(seen(document)).toEqual(right(all.history, 17));
    expect(rejected).toEqual([[15, reason]]);
    expect(stats).toMatchObject({ resumed: 1, replayed: 12, keyframes: { rejected: { [reason]: 1 } } });
  });

  test.each([
    ['no JSON', new TextEncoder().encode('{'), '{}'],
    ['a body that is no state', undefined, '7'],
    ['a body that is null', undefined, 'null'],
    ['a body that can not be read', undefined, '{"a":'],
  ])('%s', async (_, said, body) => {
    const all = await withKeyframes();
    await change(all.store, 15, (bytes) => {
      const end = 8 + new DataView(bytes.buffer).getUint32(4);
      return sealed(said ?? bytes.subarray(8, end), new TextEncoder().encode(body));
    });
    const { document, rejected } = await another(all);
    expect(seen(document)).toEqual(right(all.history, 17));
    expect(rejected).toEqual([[15, 'unreadable']]);
  });

  test('a later format', async () => {
    const all = await withKeyframes();
    await change(all.store, 15, (bytes) => bytes.with(3, 2));
    expect((await another(all)).rejected).toEqual([[15, 'format']]);
  });
});

describe('of another', () => {
  const bigger = () => {
    const history = new DocumentHistory({ model: drive });
    for (let i = 0; i < LENGTH; i++) history.add(driveActions.addFolder(`n${i} ${'long name '.repeat(20)}`));
    return history;
  };
  const backwards: Compression = {
    name: 'backwards',
    compress: (bytes) => bytes.toReversed(),
    decompress: (bytes) => bytes.toReversed(),
  };

  test('compression', async () => {
    const all = await withKeyframes(bigger(), { compression: backwards });
    const { document, rejected } = await another(all);
    expect(seen(document)).toEqual(right(all.history, 17));
    expect(rejected.map(([, reason]) => reason)).toEqual(['compression', 'compression']);
    const same = await another(all, { compression: backwards });
    expect(same.rejected).toEqual([]);
    expect(seen(same.document)).toEqual(right(all.history, 17));
  });

  test('compression that fails', async () => {
    const all = await withKeyframes(bigger(), { compression: backwards });
    const decompress = () => {
      throw new Error('no');
    };
    const { document, rejected } = await another(all, { compression: { ...backwards, decompress } });
    expect(seen(document)).toEqual(right(all.history, 17));
    expect(rejected.map(([, reason]) => reason)).toEqual(['unreadable', 'unreadable']);
  });

  test('codec', async () => {
    const all = await withKeyframes(bigger(), { codec: msgpackCodec });
    const { document, rejected } = await another(all, { codec: jsonCodec });
    expect(seen(document)).toEqual(right(all.history, 17));
    expect(rejected.map(([, reason]) => reason)).toEqual(['unreadable', 'unreadable']);
    expect((await another(all, { codec: msgpackCodec })).stats).toMatchObject({ resumed: 1, replayed: 2 });
  });

  test('reducer, as its fingerprint or its source says', async () => {
    const named = (fingerprint: string | undefined, reducer: DocumentModel['reducer']): SampleModel => {
      const { fingerprint: _, ...model } = drive.models[0];
      return { ...drive, models: [{ ...model, ...(fingerprint && { fingerprint }), reducer }] };
    };
    const reducer: DocumentModel['reducer'] = (...given) => drive.models[0].reducer(...given);
    const other: DocumentModel['reducer'] = (document, operation) => reducer(document, operation);
    for (const [before, after] of [
      [named('1', reducer), named('2', reducer)],
      [named(undefined, reducer), named(undefined, other)],
    ]) {
      const all = await withKeyframes(driveOf(LENGTH), { registry: registryOf(before) });
      const { document, rejected, stats } = await another(all, { registry: registryOf(after) });
      expect(seen(document)).toEqual(right(all.history, 17));
      expect(rejected.map(([, reason]) => reason)).toEqual(['reducer', 'reducer']);
      expect(stats.cold).toBe(1);
      expect((await another(all, { registry: registryOf(before) })).stats).toMatchObject({ resumed: 1 });
    }
  });

  test('history: other operations at the same indices', async () => {
    const all = await withKeyframes();
    const other = driveOf(LENGTH, { idPrefix: 'other' });
    other.add(driveActions.addFile('one more'));
    all.source.inner = memoryOperations();
    const { documentId, documentType } = other;
    for (const [scope, operations] of Object.entries(other.operations))
      await all.source.append({ documentId, documentType, scope, branch: 'main', revision: -1, operations });
    const { document, rejected } = await another({ ...all, history: other });
    expect(seen(document)).toEqual(right(other, 17));
    expect(rejected.map(([, reason]) => reason)).toEqual(['history', 'history']);
  });

  test('upgrade path', async () => {
    const history = new DocumentHistory({ model: textList, version: 1 });
    for (let i = 0; i < LENGTH; i++) history.add(textListActions.insert(0, `text ${i}`));
    const all = await withKeyframes(history);
    // The upgrade says that it belongs between the two keyframes.
    const upgrade = history.upgradeAction(2);
    const [{ revision }] = await all.source.getHeads('document-1', 'main', [{ scope: 'document' }]);
    const action = { ...upgrade, input: { ...(upgrade.input as object), revision: { global: 10 } } };
    const operation = { ...history.operations['document'][0], id: 'upgrade', index: revision + 1 };
    const appended = { ...operation, action: { ...operation.action, ...action } };
    await all.source.append({
      documentId: 'document-1',
      documentType: history.documentType,
      scope: 'document',
      branch: 'main',
      revision,
      operations: [appended],
    });
    const { document, rejected } = await another(all);
    expect(rejected).toEqual([[15, 'model']]);
    expect(document.state).toMatchObject({
      global: { items: expect.any(Array) as unknown[] },
      document: { version: 2 },
    });
  });
});

describe('a catalogue', () => {
  test.each([
    ['that is no JSON', 'nonsense'],
    ['of nothing', ''],
    ['that is null', 'null'],
    ['that is a list', '[1,2]'],
    ['of other things', '{"[\\"global\\",\\"main\\"]":[["a",1]]}'],
    ['of a stream that can not be named', '{"x":[[5,10]]}'],
    ['of revisions below the first', '{"[\\"global\\",\\"main\\"]":[[-5,10]]}'],
    ['of revisions that have no keyframe', '{"[\\"global\\",\\"main\\"]":[[3,10],[16,10]]}'],
    ['out of order and with the same one twice', '{"[\\"global\\",\\"main\\"]":[[15,10],[5,10],[15,10]]}'],
  ])('%s makes no read wrong, and no verification or pruning fail', async (_, text) => {
    const all = await withKeyframes();
    await all.store.inner.put(all.store.catalogue, new TextEncoder().encode(text));
    const { document } = await another(all);
    expect(seen(document)).toEqual(right(all.history, 17));
    const { cache, read, keyframesWritten } = await setUp([], {
      source: all.source,
      store: all.store,
      keyframeInterval: 1,
    });
    await cache.prune('document-1');
    expect(await cache.verify('document-1')).toMatchObject({ wrong: [] });
    await read(all.history);
    await keyframesWritten();
    expect(cache.stats().keyframes).toMatchObject({ written: 1, failed: 0 });
  });

  test('that names a keyframe which is gone costs nothing but the way to the next', async () => {
    const all = await withKeyframes();
    await all.store.inner.delete(all.store.keyframes(15)[0]);
    const { document, stats } = await another(all);
    expect(seen(document)).toEqual(right(all.history, 17));
    expect(stats).toMatchObject({ resumed: 1, replayed: 12, keyframes: { rejected: {} } });
  });
});

test('a keyframe is encoded as its format says', async () => {
  const facts: KeyframeFacts = {
    documentType: 't',
    version: 1,
    protocol: 2,
    fingerprint: 'f',
    revision: 3,
    operationId: 'o',
    scopeHash: '',
    origin: { ground: 'g', upgrades: 0, upgradeIds: '' },
  };
  const { header } = await (await setUp([driveOf(1)])).read(driveOf(1));
  const state = { global: 'x'.repeat(1000) };
  const format = { codec: jsonCodec, compression: noCompression };
  const bytes = await encodeKeyframe({ ...facts, header, state }, format);
  expect(new TextDecoder().decode(bytes.subarray(0, 3))).toBe('TKF');
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926); // the check value of CRC-32
});
