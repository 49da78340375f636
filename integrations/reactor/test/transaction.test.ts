/** What is read and put within a transaction of the reactor's. */
import type { KyselyWriteCache } from '@powerhousedao/reactor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReactorWriteCache } from '../src/index.ts';
import { openOurs } from './support/open-ours.ts';
import { appendTo, openReactor, type OpenReactor } from './support/open-reactor.ts';
import { folder, folders } from './support/steps.ts';
import { nodes } from './support/views.ts';

let reactor: OpenReactor;
beforeAll(async () => void (reactor = await openReactor()));
afterAll(() => reactor[Symbol.asyncDispose]());

/** Executes an ADD_FOLDER as an executor does, and ends with a commit or not. Answers with what was seen on the way. */
async function execute(
  cache: KyselyWriteCache | ReactorWriteCache,
  id: string,
  end: 'commit' | 'roll back',
): Promise<string[]> {
  let seen: string[] = [];
  const work = reactor.database.transaction().execute(async (transaction) => {
    const operations = reactor.operations.withTransaction(transaction);
    const scoped = cache.withScopedStores(operations, reactor.keyframes.withTransaction(transaction));
    const before = await scoped.getState(id, 'global', 'main');
    await appendTo(operations, id, 'global', before.header.revision.global, [folder('added')]);
    scoped.invalidate(id, 'global', 'main');
    const document = await scoped.getState(id, 'global', 'main');
    seen = nodes(document);
    scoped.putState(id, 'global', 'main', document.header.revision.global - 1, document);
    if (end === 'roll back') throw new Error('rolled back');
  });
  await work.catch((error: Error) => expect(error.message).toBe('rolled back'));
  return seen;
}

test('what is rolled back: theirs goes on showing it, ours never shows it', async () => {
  for (const [cache, expected] of [
    [reactor.theirs(), ['added', 'n0', 'n1']],
    [openOurs(reactor), ['n0', 'n1']],
  ] as const) {
    const drive = await reactor.drive();
    await drive.append(...folders(2));
    expect(await execute(cache, drive.id, 'roll back')).toEqual(['added', 'n0', 'n1']);
    expect(nodes(await cache.getState(drive.id, 'global', 'main'))).toEqual(expected);
  }
});

test('what is committed is there for everybody, without another replay', async () => {
  const cache = openOurs(reactor);
  const drive = await reactor.drive();
  await drive.append(...folders(2));
  await cache.getState(drive.id, 'global', 'main');
  await execute(cache, drive.id, 'commit');
  const { replayed } = cache.cache.stats();
  expect(nodes(await cache.getState(drive.id, 'global', 'main'))).toEqual(['added', 'n0', 'n1']);
  expect(cache.cache.stats().replayed).toBe(replayed);
});

test('the same operation, after others have come before it, is another state', async () => {
  const cache = openOurs(reactor);
  const drive = await reactor.drive();
  await drive.append(...folders(2));
  await execute(cache, drive.id, 'roll back');
  await drive.append(folder('other'));
  expect(nodes(await cache.getState(drive.id, 'global', 'main'))).toEqual(['n0', 'n1', 'other']);
  await execute(cache, drive.id, 'commit');
  expect(nodes(await cache.getState(drive.id, 'global', 'main'))).toEqual(['added', 'n0', 'n1', 'other']);
});
