/**
 * The promises of the cache in short, for any make of it: each check resolves if the cache keeps it and rejects if it
 * doesn't. The tests of this folder say the same at length; these are for finding out whether anybody would notice.
 */
import { deepStrictEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import {
  type createWriteCache,
  memoryOperations,
  noCompression,
  type OperationStore,
  type WriteCache,
  type WriteCacheOptions,
} from 'tidemark/documents';
import {
  DocumentHistory,
  drive,
  driveActions,
  forgivingRegistryOf,
  manualClock,
  randomHistory,
  registryOf,
  seededRandom,
  textList,
  textListActions,
} from 'tidemark/testing';
import { idle } from '../../support/deferred.ts';
import { driveOf, executed, right, seen } from './set-up.ts';
import { frozenView, WatchedKeyValues, WatchedOperations } from './watched.ts';

type Create = typeof createWriteCache;
export type Check = (create: Create) => Promise<void>;

const registry = forgivingRegistryOf(drive, textList);
const { addFolder } = driveActions;

async function append(store: OperationStore, history: DocumentHistory): Promise<void> {
  const { documentId, documentType, branch } = history;
  for (const [scope, all] of Object.entries(history.operations)) {
    const [{ revision }] = await store.getHeads(documentId, branch, [{ scope }]);
    const operations = all.slice(revision + 1);
    await store.append({ documentId, documentType, scope, branch, revision, operations });
  }
}

/** A cache over a history. */
async function over(create: Create, history: DocumentHistory, options: Partial<WriteCacheOptions> = {}) {
  const source = new WatchedOperations();
  const store = new WatchedKeyValues();
  await append(source, history);
  const given = {
    operations: source,
    registry,
    keyframes: store,
    compression: noCompression,
    clock: manualClock(),
    ...options,
  };
  const make = () => create(given);
  const cache = make();
  const get = (from: WriteCache, target?: number, check: 'checked' | 'trusted' = 'checked') =>
    from.getState(history.documentId, '', 'global', 'main', target, { check });
  return {
    source,
    store,
    make,
    cache,
    read: (target?: number, check?: 'checked' | 'trusted') => get(cache, target, check),
    get,
    written: async (of: WriteCache = cache) => {
      for (let turns = 0; turns < 1000 && of.stats().keyframes.depth > 0; turns++) await idle();
    },
    same: async (of: WriteCache = cache, target?: number, check?: 'checked' | 'trusted') =>
      deepStrictEqual(seen(await get(of, target, check)), right(history, target)),
  };
}

const byChance = (seed: number) =>
  randomHistory(seededRandom(seed), { model: seed % 2 ? drive : textList, length: 30, protocol: seed % 4 < 2 ? 1 : 2 });

export const CHECKS: Readonly<Record<string, Check>> = {
  'a checkpoint right at the boundary of an upgrade has it behind it': async (create) => {
    const history = new DocumentHistory({ model: textList, version: 1 });
    for (let i = 0; i < 3; i++) history.add(textListActions.insert(0, `text ${i}`));
    history.upgrade();
    for (let i = 0; i < 3; i++) history.add(textListActions.setDone(i, true));
    for (let pause = 1; pause <= 6; pause++) {
      const clock = manualClock();
      const { make, same, written } = await over(create, history, { keyframeInterval: 1, clock });
      const now = clock.now.bind(clock);
      let left = 30;
      clock.now = () => {
        if (left-- > 0 && left % pause === 0) clock.advance(21);
        return now();
      };
      const cache = make();
      await same(cache);
      clock.now = now;
      await written(cache);
      for (let target = 0; target < 6; target++) await same(make(), target);
    }
  },

  'another history at the same indices is noticed': async (create) => {
    const history = driveOf(6, { idPrefix: 'old' });
    const made = await over(create, history, { keyframeInterval: 1 });
    for (const target of [1, 3, 5]) {
      await made.read(target);
      await made.written();
    }
    const other = new DocumentHistory({ model: drive, idPrefix: 'old' });
    for (let i = 0; i < 6; i++) other.add(addFolder(`other${i}`));
    const { documentId, documentType, branch, operations } = other;
    const streams = { ...operations, global: operations['global'].map((one) => ({ ...one, id: `new/${one.id}` })) };
    made.source.inner = memoryOperations();
    for (const [scope, all] of Object.entries(streams))
      await made.source.append({ documentId, documentType, scope, branch, revision: -1, operations: all });
    const whole = { documentId, documentType, branch, registry, operations: streams };
    for (const cache of [made.cache, made.make()])
      for (const target of [4, 1, 3, 5]) deepStrictEqual(seen(await made.get(cache, target)), right(whole, target));
    const again = await over(create, history);
    await again.read(3);
    again.source.inner = made.source.inner;
    deepStrictEqual(seen(await again.read(3)), right(whole, 3));
  },

  'the document created anew makes what was there before worthless': async (create) => {
    const operations = driveOf(4).operations;
    const made = await over(create, driveOf(4), { keyframeInterval: 1 });
    await made.read(2);
    await made.written();
    const [created] = operations['document'];
    const named = { ...(created.action.input as object), name: 'named anew' };
    made.source.inner = memoryOperations();
    const put = (scope: string, all: typeof operations.global) =>
      made.source.append({
        documentId: 'document-1',
        documentType: 'any',
        scope,
        branch: 'main',
        revision: -1,
        operations: all,
      });
    await put('document', [{ ...created, id: 'anew', action: { ...created.action, input: named } }]);
    await put('global', [...operations['global']]);
    for (const cache of [made.cache, made.make()]) equal((await made.get(cache, 3)).header.name, 'named anew');
  },

  'what others append to the document scope is seen': async (create) => {
    const history = driveOf(3);
    const { source, read, same } = await over(create, history);
    await read();
    history.add(driveActions.setName('named', 'document'));
    await append(source, history);
    await same();
    history.delete();
    await append(source, history);
    await same();
  },

  'a state ahead of its stream is refused': async (create) => {
    const history = driveOf(3);
    const { source, read, cache, same } = await over(create, history);
    const view = await frozenView(source.inner, 'document-1', ['document', 'global']);
    const before = await read();
    const old = right(history);
    history.add(addFolder('lost'));
    await append(source, history);
    cache.putState('document-1', '', 'global', 'main', 3, executed(history, before));
    await same();
    source.inner = view as typeof source.inner;
    deepStrictEqual(seen(await read()), old);
    deepStrictEqual(seen(await read(undefined, 'trusted')), old);
    equal(cache.stats().refused, 1);
  },

  'a trusted read is of the head, whatever was read or put before': async (create) => {
    for (const past of [-1, 0, 4]) {
      const { read, cache, same } = await over(create, driveOf(6));
      await read(past);
      await same(cache, undefined, 'trusted');
    }
    const history = driveOf(1);
    const { read, cache, same, source } = await over(create, history);
    const first = await read();
    history.add(addFolder('second'));
    const second = executed(history, first);
    history.add(addFolder('third'));
    await append(source, history);
    cache.putState('document-1', '', 'global', 'main', 2, executed(history, second));
    cache.putState('document-1', '', 'global', 'main', 1, second);
    await same(cache, undefined, 'trusted');
  },

  'a trusted read of the past is as right as the times of an upgrade let it be': async (create) => {
    const history = new DocumentHistory({ model: textList, version: 1, step: () => 1000 });
    for (let i = 0; i < 3; i++) history.add(textListActions.insert(0, `text ${i}`));
    history.upgrade(2, { boundary: 'timestamp' });
    const { source, read } = await over(create, history);
    await read();
    // It is as old as the upgrade, so it belongs before it: the upgrade moves behind it.
    const of = history.operations['document'][1].timestampUtcMs;
    const late = { ...history.operations['global'][2], id: 'late', index: 3, timestampUtcMs: of };
    await source.append({
      documentId: 'document-1',
      documentType: 'any',
      scope: 'global',
      branch: 'main',
      revision: 2,
      operations: [late],
    });
    const { documentId, documentType, branch, operations } = history;
    const streams = { ...operations, global: [...operations['global'], late] };
    const whole = { documentId, documentType, branch, registry, operations: streams };
    for (const target of [2, 3, 2]) deepStrictEqual(seen(await read(target)), right(whole, target));
    deepStrictEqual(seen(await read(2, 'trusted')), right(whole, 2));
  },

  'an invalidation beats a rebuild, and what was asked before it': async (create) => {
    for (const at of ['getSince', 'getHeads'] as const) {
      const history = driveOf(3);
      const { source, read, cache, same } = await over(create, history);
      const old = await source.inner.getHeads('document-1', 'main', [{ scope: 'global' }, { scope: 'document' }]);
      let first = true;
      const meanwhile = async () => {
        if (!first) return;
        first = false;
        await idle();
        history.add(addFolder('by another process'));
        await append(source.inner, history);
        cache.invalidate('document-1');
      };
      const getHeads = source.getHeads.bind(source);
      if (at === 'getSince') source.hook = (question) => (question === at ? meanwhile() : undefined);
      else
        source.getHeads = async (...asked) => {
          const answer = first ? old : await getHeads(...asked);
          await meanwhile();
          return answer;
        };
      await read();
      await same(cache, undefined, 'trusted');
    }
  },

  'what a transaction has put is seen by others when it has ended well, and never otherwise': async (create) => {
    for (const fate of ['commit', 'rollback', 'invalidated'] as const) {
      const history = driveOf(3);
      const { source, read, cache, same, store, written } = await over(create, history, { keyframeInterval: 1 });
      const old = right(history);
      await read();
      await written();
      const keys = store.keyframes().length;
      const work = cache.withTransaction(async (transaction) => {
        const before = await transaction.getState('document-1', '', 'global', 'main');
        history.add(addFolder('new'));
        const after = executed(history, before);
        transaction.putState('document-1', '', 'global', 'main', 3, after);
        deepStrictEqual(seen(await transaction.getState('document-1', '', 'global', 'main')), right(history));
        deepStrictEqual(seen(await read(undefined, 'trusted')), old);
        await idle();
        equal(cache.stats().keyframes.depth, 0);
        equal(store.keyframes().length, keys);
        if (fate === 'rollback') throw new Error(fate);
        if (fate === 'invalidated') cache.invalidate('document-1');
        await append(source, history);
      });
      if (fate === 'rollback') {
        await rejects(work);
        deepStrictEqual(seen(await read(undefined, 'trusted')), old);
        continue;
      }
      await work;
      equal(cache.stats().memory.states, fate === 'commit' ? 2 : 0);
      await same(cache, undefined, 'trusted');
    }
  },

  'a transaction’s own reads become no keyframes': async (create) => {
    const history = driveOf(30);
    const { store, source, make } = await over(create, history, { keyframeInterval: 1 });
    const cache = make();
    await cache.withTransaction((transaction) => transaction.getState('document-1', '', 'global', 'main'), {
      operations: source,
    });
    await idle();
    equal(cache.stats().keyframes.depth + store.keyframes().length, 0);
  },

  'a state can not be changed by those who got it, nor a shell for others': async (create) => {
    const { read, same } = await over(create, driveOf(3));
    const document = await read();
    throws(() => (document.state['global'] as { nodes: unknown[] }).nodes.push(1));
    document.header.revision['global'] = 77;
    document.operations['global'].length = 0;
    await same();
  },

  'sixteen readers do the work of one, and who gives up disturbs nobody': async (create) => {
    const history = driveOf(20);
    const { cache, read, source } = await over(create, history);
    await Promise.all(Array.from({ length: 16 }, () => read()));
    equal(cache.stats().joined, 15);
    equal(source.calls.getSince, 2); // the document's own operations, and these
    cache.clear();
    const abort = new AbortController();
    source.hook = (question) => (question === 'getSince' ? idle() : undefined);
    const ended = rejects(cache.getState('document-1', '', 'global', 'main', undefined, { signal: abort.signal }));
    const stays = read();
    abort.abort();
    await ended;
    deepStrictEqual(seen(await stays), right(history));
  },

  'who asks after an append gets what was appended': async (create) => {
    const history = driveOf(3);
    const { source, read } = await over(create, history);
    let release!: () => void;
    const gate = new Promise<void>((resolve) => (release = resolve));
    source.hook = (question) => (question === 'getSince' ? gate : undefined);
    const early = read();
    await idle();
    history.add(addFolder('later'));
    await append(source, history);
    const late = read();
    await idle();
    release();
    await early;
    deepStrictEqual(seen(await late), right(history));
  },

  'memory is never fuller than it may be': async (create) => {
    const histories = Array.from({ length: 6 }, (_, i) => driveOf(3, { documentId: `d${i}` }));
    const { source, make } = await over(create, driveOf(1), { maxDocuments: 3 });
    const cache = make();
    for (const history of histories) {
      await append(source, history);
      await cache.getState(history.documentId, '', 'global', 'main');
      ok(cache.stats().memory.documents <= 3);
    }
  },

  'a store of keyframes that fails does no harm, and is left alone after a shutdown': async (create) => {
    const history = driveOf(12);
    const clock = manualClock();
    const { store, same, cache, read, source } = await over(create, history, { keyframeInterval: 1, clock });
    store.hook = () => Promise.reject(new Error('it is down'));
    await same();
    store.hook = undefined;
    await Promise.all([cache.shutdown(), clock.advanceAsync(60_000)]);
    const { put } = store.calls;
    const before = await read();
    history.add(addFolder('more'));
    await append(source, history);
    cache.putState('document-1', '', 'global', 'main', 12, executed(history, before));
    await idle();
    equal(store.calls.put, put);
  },

  'what is kept at last is enough to read the past': async (create) => {
    const history = driveOf(400);
    const { read, store, written, cache } = await over(create, history, { keyframeInterval: 5 });
    for (let target = 5; target < 400; target += 5) {
      await read(target);
      await written();
    }
    const kept = store.keyframes().map((key) => Number(key.split('/').at(-1)));
    ok(kept.length < 30 && kept.some((revision) => revision < 250));
    deepStrictEqual((await cache.verify('document-1')).wrong, []);
  },

  'a damaged keyframe, or one of other reducers, is not used': async (create) => {
    const history = driveOf(12, { documentId: 'd' });
    const made = await over(create, history, { keyframeInterval: 5 });
    await made.read();
    await made.written();
    const [key] = made.store.keyframes();
    const bytes = (await made.store.inner.get(key))!;
    for (let i = 0; i < bytes.length; i += 3) {
      await made.store.inner.put(key, bytes.with(i, bytes[i] ^ 1));
      await made.same(made.make());
    }
    await made.store.inner.put(key, bytes);
    const models = drive.models.map((model) => ({ ...model, fingerprint: 'another' }));
    const other = create({
      operations: made.source,
      registry: registryOf({ ...drive, models }),
      keyframes: made.store,
      compression: noCompression,
    });
    await made.same(other);
    equal(other.stats().cold, 1);
  },

  'any base and any target give what a full replay gives': async (create) => {
    for (let seed = 1; seed <= 24; seed++) {
      const history = byChance(seed);
      const { cache, same } = await over(create, history, { ringBufferSize: 1 });
      const head = (history.operations['global']?.length ?? 0) - 1;
      for (let base = -1; base <= head; base += 2)
        for (let target = base; target <= head; target += 3) {
          await same(cache, base);
          await same(cache, target);
        }
    }
  },

  'keyframes give what a full replay gives, those of long rebuilds too': async (create) => {
    for (let seed = 1; seed <= 16; seed++) {
      const history = byChance(seed);
      const clock = manualClock();
      const now = clock.now.bind(clock);
      clock.now = () => {
        clock.advance(7);
        return now();
      };
      const options = { keyframeInterval: 1, retention: { sparsity: 0 }, keyframeTimeout: '1h', clock } as const;
      const { make, same, written } = await over(create, history, options);
      const head = (history.operations['global']?.length ?? 0) - 1;
      for (let target = head; target >= 0; target -= 2) {
        const cache = make();
        await same(cache, target);
        await written(cache);
      }
      for (let target = 0; target <= head; target++) await same(make(), target);
    }
  },
};
