/** Histories by chance: whatever was held before, ours agrees with a full replay by the reactor's own reducer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keptKeyframes } from './support/keyframes.ts';
import { openOurs } from './support/open-ours.ts';
import { openReactor, type OpenReactor } from './support/open-reactor.ts';
import { chance, type Chance } from './support/random.ts';
import { file, folder, remove, rename, undo, type Step } from './support/steps.ts';
import { essence } from './support/views.ts';

const LENGTH = 40;

let reactor: OpenReactor;
beforeAll(async () => void (reactor = await openReactor()));
afterAll(() => reactor[Symbol.asyncDispose]());

/** Some of them fail (a name that is taken, a node that isn't there), and some undo more than there is. */
function history(random: Chance): Step[] {
  const name = () => `n${random(12)}`;
  return Array.from({ length: LENGTH }, () => {
    const what = random(10);
    if (what < 3) return folder(name());
    if (what < 5) return file(name());
    if (what < 7) return rename(name(), `renamed ${random(100)}`);
    return what < 8 ? remove(name()) : undo();
  });
}

describe.each([1, 2, 3, 4, 5, 6])('history %i', (seed) => {
  test('every revision, in order, at random and across restarts, is that of a full replay', async () => {
    const random = chance(seed);
    const drive = await reactor.drive();
    await drive.append(...history(random));
    const replayed: unknown[] = [];
    for (let revision = 0; revision < LENGTH; revision++)
      replayed.push(truth(essence(await reactor.replayed(drive.id, 'global', revision)), revision));

    const keyframes = keptKeyframes();
    const cache = openOurs(reactor, { keyframes, keyframeInterval: 1 });
    for (let revision = 0; revision < LENGTH; revision++)
      expect(essence(await cache.getState(drive.id, 'global', 'main', revision))).toEqual(replayed[revision]);
    for (let read = 0; read < LENGTH; read++) {
      const revision = random(LENGTH);
      expect(essence(await cache.getState(drive.id, 'global', 'main', revision))).toEqual(replayed[revision]);
    }
    await cache.shutdown();
    for (let restart = 0; restart < 10; restart++) {
      const revision = random(LENGTH);
      const restarted = openOurs(reactor, { keyframes });
      expect(essence(await restarted.getState(drive.id, 'global', 'main', revision))).toEqual(replayed[revision]);
    }
    expect(essence(await openOurs(reactor, { keyframes }).getState(drive.id, 'global', 'main'))).toEqual(
      replayed.at(-1),
    );
  });
});

/** Theirs tells the revision of the newest state in the header of each. */
function truth(document: unknown, revision: number): unknown {
  const { header, ...rest } = document as { header: object };
  return { ...rest, header: { ...header, revision: revision + 1 } };
}
