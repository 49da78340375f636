/** The orders of arguments that callers of the reactor's write caches know. */
import type { PHDocument } from 'document-model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReactorWriteCache } from '../src/index.ts';
import { openOurs } from './support/open-ours.ts';
import { openReactor, type OpenReactor, type StoredDocument } from './support/open-reactor.ts';
import { DRIVE, folders } from './support/steps.ts';
import { essence, nodes } from './support/views.ts';

let reactor: OpenReactor;
let drive: StoredDocument;
beforeAll(async () => {
  reactor = await openReactor();
  drive = await reactor.drive();
  await drive.append(...folders(4));
});
afterAll(() => reactor[Symbol.asyncDispose]());

test('getState, with and without the type of the document', async () => {
  const cache = openOurs(reactor);
  const [{ id }, { signal }] = [drive, new AbortController()];
  expect(nodes(await cache.getState(id, 'global', 'main'))).toHaveLength(4);
  expect(nodes(await cache.getState(id, 'global', 'main', 1))).toHaveLength(2);
  expect(nodes(await cache.getState(id, 'global', 'main', undefined, signal))).toHaveLength(4);
  expect(nodes(await cache.getState(id, DRIVE, 'global', 'main'))).toHaveLength(4);
  expect(nodes(await cache.getState(id, DRIVE, 'global', 'main', 1, signal))).toHaveLength(2);
  await expect(cache.getState(id, 'another/type', 'global', 'main')).rejects.toThrow('another/type');
});

test('an abort ends the wait', async () => {
  const reason = new Error('enough');
  await expect(openOurs(reactor).getState(drive.id, 'global', 'main', 1, AbortSignal.abort(reason))).rejects.toBe(
    reason,
  );
});

describe.each<[string, (cache: ReactorWriteCache, id: string, document: PHDocument) => void]>([
  ['without the type', (cache, id, document) => cache.putState(id, 'global', 'main', 3, document)],
  ['with a position', (cache, id, document) => cache.putState(id, 'global', 'main', 3, document, 'head')],
  ['with the type', (cache, id, document) => cache.putState(id, DRIVE, 'global', 'main', 3, document)],
])('putState %s', (_, put) => {
  test('is what the next read finds', async () => {
    const document = await openOurs(reactor).getState(drive.id, 'global', 'main');
    const cache = openOurs(reactor);
    put(cache, drive.id, document);
    expect(essence(await cache.getState(drive.id, 'global', 'main'))).toEqual(essence(document));
    expect(cache.cache.stats()).toMatchObject({ hits: 1, puts: 1, replayed: 0 });
  });
});

test('a state of the past that is put does not answer for the present', async () => {
  const past = await openOurs(reactor).getState(drive.id, 'global', 'main', 1);
  const cache = openOurs(reactor);
  cache.putState(drive.id, 'global', 'main', 1, past, 'historical');
  expect(nodes(await cache.getState(drive.id, 'global', 'main'))).toHaveLength(4);
  expect(nodes(await cache.getState(drive.id, 'global', 'main', 1))).toHaveLength(2);
});

test('after an invalidate the document carries all of its operations, as one does who is about to undo', async () => {
  const cache = openOurs(reactor);
  const indices = async () =>
    (await cache.getState(drive.id, 'global', 'main')).operations.global.map(({ index }) => index);
  expect(await indices()).toEqual([3]);
  cache.invalidate(drive.id, 'global', 'main');
  expect(await indices()).toEqual([0, 1, 2, 3]);
  cache.putState(drive.id, 'global', 'main', 3, await cache.getState(drive.id, 'global', 'main'));
  expect(await indices()).toEqual([3]);
});

test('clear forgets everything', async () => {
  const cache = openOurs(reactor);
  await cache.getState(drive.id, 'global', 'main');
  cache.clear();
  expect(cache.cache.stats().memory.documents).toBe(0);
  expect(nodes(await cache.getState(drive.id, 'global', 'main'))).toHaveLength(4);
});

test('startup and shutdown may come twice', async () => {
  const cache = openOurs(reactor);
  for (let time = 0; time < 2; time++) await cache.startup();
  for (let time = 0; time < 2; time++) await cache.shutdown();
});

test('getStream shows the states that are in memory', async () => {
  const cache = openOurs(reactor, { ringBufferSize: 2 });
  const revisions = () =>
    cache
      .getStream(drive.id, 'global', 'main')
      ?.ringBuffer.getAll()
      .map(({ revision }) => revision);
  expect(revisions()).toBeUndefined();
  for (const revision of [0, 1, 3, 3]) await cache.getState(drive.id, 'global', 'main', revision);
  expect(revisions()).toEqual([1, 3]);
  expect(cache.getStream(drive.id, 'global', 'main')?.ringBuffer.length).toBe(2);
  cache.invalidate(drive.id, 'global');
  expect(revisions()).toBeUndefined();
});
