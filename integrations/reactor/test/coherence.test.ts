/** What one reader sees of what others do. */
import type { IWriteCache } from '@powerhousedao/reactor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gated } from './support/gate.ts';
import { openOurs } from './support/open-ours.ts';
import { openReactor, type OpenReactor } from './support/open-reactor.ts';
import { folder, folders } from './support/steps.ts';
import { nodes } from './support/views.ts';

let reactor: OpenReactor;
beforeAll(async () => void (reactor = await openReactor()));
afterAll(() => reactor[Symbol.asyncDispose]());

test('an invalidate during a rebuild: theirs keeps what was read before it, ours does not', async () => {
  for (const [name, expected] of [
    ['theirs', 30],
    ['ours', 31],
  ] as const) {
    const drive = await reactor.drive();
    await drive.append(...folders(30));
    const gate = gated(reactor.operations);
    const parts = { operations: gate.operations };
    const cache = name === 'theirs' ? reactor.theirs(parts) : openOurs(reactor, parts);

    const held = gate.hold(30);
    const early = cache.getState(drive.id, 'global', 'main');
    await held;
    await drive.append(folder('late'));
    cache.invalidate(drive.id);
    gate.release();
    expect(nodes(await early)).toHaveLength(30);

    expect(nodes(await cache.getState(drive.id, 'global', 'main')), name).toHaveLength(expected);
  }
});

test('what another process appended: theirs never sees it, ours does with the next read', async () => {
  const drive = await reactor.drive();
  await drive.append(...folders(3));
  const [theirs, ours] = [reactor.theirs(), openOurs(reactor)];
  for (const cache of [theirs, ours]) await cache.getState(drive.id, 'global', 'main');
  await drive.append(folder('late'));

  expect(nodes(await theirs.getState(drive.id, 'global', 'main'))).toHaveLength(3);
  expect(nodes(await ours.getState(drive.id, 'global', 'main'))).toHaveLength(4);
});

test('invalidate("a") and a document "a:b": theirs forgets both, ours only the one', async () => {
  for (const id of ['a', 'a:b']) await (await reactor.drive(id)).append(...folders(2));
  const invalidated = async (cache: IWriteCache): Promise<number> => {
    for (const id of ['a', 'a:b']) await cache.getState(id, 'global', 'main');
    return cache.invalidate('a');
  };
  expect(await invalidated(reactor.theirs())).toBe(2);
  expect(await invalidated(openOurs(reactor))).toBe(1);
});

test('what a caller does to a state: theirs changes for everybody, ours refuses it', async () => {
  const drive = await reactor.drive();
  await drive.append(...folders(3));
  const global = (document: unknown) => (document as { state: { global: { nodes: unknown[] } } }).state.global;

  const theirs = reactor.theirs();
  global(await theirs.getState(drive.id, 'global', 'main')).nodes.push({ id: 'mine' });
  expect(nodes(await theirs.getState(drive.id, 'global', 'main'))).toContain('mine');

  const ours = openOurs(reactor);
  const document = await ours.getState(drive.id, 'global', 'main');
  expect(() => global(document).nodes.push({ id: 'mine' })).toThrow(TypeError);
  expect(nodes(await ours.getState(drive.id, 'global', 'main'))).not.toContain('mine');
});

test('what a caller does to the header and to the list of operations stays his own', async () => {
  const drive = await reactor.drive();
  await drive.append(...folders(3));
  const ours = openOurs(reactor);
  const document = await ours.getState(drive.id, 'global', 'main');
  document.header.revision = { global: 99 };
  document.header.name = 'mine';
  document.operations.global.length = 0;
  const again = await ours.getState(drive.id, 'global', 'main');
  expect(again.header).toMatchObject({ name: '', revision: { global: 3 } });
  expect(again.operations.global.at(-1)).toMatchObject({ index: 2 });
});

test('sixteen cold readers at once: theirs does the work of each, ours that of one', async () => {
  const drive = await reactor.drive();
  await drive.append(...folders(20));
  const readsOf = async (name: 'theirs' | 'ours', readers: number): Promise<number> => {
    const gate = gated(reactor.operations);
    const parts = { operations: gate.operations };
    const cache = name === 'theirs' ? reactor.theirs(parts) : openOurs(reactor, parts);
    await Promise.all(Array.from({ length: readers }, () => cache.getState(drive.id, 'global', 'main')));
    return gate.reads;
  };

  expect(await readsOf('theirs', 16)).toBe(16 * (await readsOf('theirs', 1)));
  expect(await readsOf('ours', 16)).toBe(await readsOf('ours', 1));
});

test('a document whose creation time is asked for twice: theirs tells two times, ours one', async () => {
  const drive = await reactor.drive();
  await drive.append(folder('a'));
  const created = async (cache: {
    getState(id: string, scope: string, branch: string): Promise<{ header: { createdAtUtcIso: string } }>;
  }) => (await cache.getState(drive.id, 'global', 'main')).header.createdAtUtcIso;
  const { results } = await reactor.operations.getSince(drive.id, 'document', 'main', -1);

  expect(await created(openOurs(reactor))).toBe(results[0].timestampUtcMs);
  expect(Date.parse(await created(reactor.theirs()))).toBeGreaterThan(Date.parse(results[0].timestampUtcMs));
});

test('the header of a revision: theirs tells the revision of the newest, ours that of the one that was asked for', async () => {
  const drive = await reactor.drive();
  await drive.append(...folders(5));
  const revisionOf = (document: { header: { revision: Record<string, number> } }) => document.header.revision.global;

  expect(revisionOf(await reactor.theirs().getState(drive.id, 'global', 'main', 2))).toBe(5);
  expect(revisionOf(await openOurs(reactor).getState(drive.id, 'global', 'main', 2))).toBe(3);
});
