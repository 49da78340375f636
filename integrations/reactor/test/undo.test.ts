/** States across an undo. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PHDocument } from 'document-model';
import { keptKeyframes } from './support/keyframes.ts';
import { openOurs } from './support/open-ours.ts';
import { openReactor, type OpenReactor } from './support/open-reactor.ts';
import { folder, folders, undo } from './support/steps.ts';
import { nodes } from './support/views.ts';

let reactor: OpenReactor;
beforeAll(async () => void (reactor = await openReactor()));
afterAll(() => reactor[Symbol.asyncDispose]());

interface Reader {
  getState(id: string, scope: string, branch: string, revision?: number): Promise<PHDocument>;
}

async function countsOneByOne(cache: Reader, id: string, end: number): Promise<number[]> {
  const counts: number[] = [];
  for (let revision = 0; revision <= end; revision++)
    counts.push(nodes(await cache.getState(id, 'global', 'main', revision)).length);
  return counts;
}

test('each revision in turn, across an undo: theirs loses what was before it, ours does not', async () => {
  const drive = await reactor.drive();
  await drive.append(...folders(5), undo(), folder('after'));

  expect(await countsOneByOne(reactor.theirs(), drive.id, 6)).toEqual([1, 2, 3, 4, 5, 0, 1]);
  expect(await countsOneByOne(openOurs(reactor), drive.id, 6)).toEqual([1, 2, 3, 4, 5, 4, 5]);
});

test('the newest state after such a walk: theirs answers with the wrong one, ours with that of a full replay', async () => {
  const drive = await reactor.drive();
  await drive.append(...folders(5), undo(), folder('after'));
  const [theirs, ours] = [reactor.theirs(), openOurs(reactor)];
  await countsOneByOne(theirs, drive.id, 6);
  await countsOneByOne(ours, drive.id, 6);

  const replayed = nodes(await reactor.replayed(drive.id));
  expect(replayed).toHaveLength(5);
  expect(nodes(await theirs.getState(drive.id, 'global', 'main'))).toHaveLength(1);
  expect(nodes(await ours.getState(drive.id, 'global', 'main'))).toEqual(replayed);
});

test('an undo just above a keyframe: theirs begins with a state that the undo has taken back, ours does not', async () => {
  const drive = await reactor.drive();
  await drive.append(...folders(11), undo(), folder('after'));
  const keyframes = keptKeyframes();
  // Both read their way up to the keyframe, and then others, which hold nothing in memory, go on from it.
  await reactor.theirs().getState(drive.id, 'global', 'main', 10);
  const writer = openOurs(reactor, { keyframes });
  await writer.getState(drive.id, 'global', 'main', 10);
  await writer.shutdown();
  await expect.poll(() => reactor.keyframes.listKeyframes(drive.id, 'global')).toHaveLength(1);

  const theirs = await reactor.theirs().getState(drive.id, 'global', 'main', 12);
  const ours = await openOurs(reactor, { keyframes }).getState(drive.id, 'global', 'main', 12);
  expect(nodes(theirs)).toHaveLength(1);
  expect(nodes(ours)).toEqual(nodes(await reactor.replayed(drive.id)));
  expect(nodes(ours)).toHaveLength(11);
});

test('an undo after an operation that failed takes that one back', async () => {
  const drive = await reactor.drive();
  await drive.append(
    folder('a'),
    folder('b'),
    { ...folder('b'), error: 'Node with id b already exists!' },
    undo(),
    folder('c'),
  );

  const ours = openOurs(reactor);
  for (let revision = 0; revision <= 4; revision++)
    expect(nodes(await ours.getState(drive.id, 'global', 'main', revision))).toEqual(
      nodes(await reactor.replayed(drive.id, 'global', revision)),
    );
});
