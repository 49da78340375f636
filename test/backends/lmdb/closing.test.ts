/** Letting go of a file: what was accepted is done first, nothing is left open, and nothing is let go of twice. */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { manualClock } from 'tidemark/testing';
import { GLANCE, Registration } from '../../../src/backends/lmdb/registration.ts';
import { presentBoot } from '../../../src/backends/lmdb/users.ts';
import { freshPath, headerOf } from './premises-place.ts';

const call = { signal: new AbortController().signal };
/** A process that runs, and isn't this one. */
const neighbour = `${process.ppid}-0-${presentBoot()}-0123456789abcdef`;

/** How many files below a path this process has open. */
function openBelow(path: string): number {
  const links = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(join('/proc/self/fd', name));
    } catch {
      return ''; // that of the listing itself
    }
  });
  return links.filter((link) => link.startsWith(path)).length;
}

describe('a registration', () => {
  test('that has ended touches no descriptor again: by then it may be another file', () => {
    const path = freshPath();
    const registration = new Registration(path, () => 0);
    registration.beginWriting();
    registration.end();
    const place = join(path, 'other');
    const others = Array.from({ length: 10 }, () => openSync(place, 'w+')); // one of them has the number that was given back
    registration.end();
    registration.endWriting();
    registration.beginWriting();
    registration.endWriting();
    for (const other of others) expect(fstatSync(other).size).toBe(0);
    expect(readFileSync(place, 'latin1')).toBe('');
    others.forEach(closeSync);
  });
});

describe('closing', () => {
  /** A backend whose writes wait, since a neighbour opens the file. */
  async function withNeighbour() {
    const path = freshPath();
    const backend = lmdbBackend({ path });
    const lock = join(path, 'opening');
    writeFileSync(join(path, 'users', neighbour), ' ');
    for (const from = performance.now(); performance.now() - from <= GLANCE;) await Promise.resolve(); // it has been alone
    mkdirSync(lock);
    writeFileSync(join(lock, neighbour), '');
    const leave = () => {
      rmSync(lock, { recursive: true });
      rmSync(join(path, 'users', neighbour));
    };
    return { path, backend, leave };
  }

  test('does what waits first', async () => {
    const { path, backend, leave } = await withNeighbour();
    const writes = [1, 2, 3].map(async (i) => backend.log.append([`#/a/${i}`], call));
    const closed = backend.close();
    let ended = 0;
    void Promise.all([...writes, closed]).then(() => ended++);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(0);
    leave();
    expect((await Promise.all(writes)).map(({ head }) => head)).toEqual([1, 2, 3]);
    await closed;

    const again = lmdbBackend({ path });
    const { changes } = await again.log.read(0, call);
    expect(changes.map(({ change }) => change)).toEqual([['#/a/1'], ['#/a/2'], ['#/a/3']]);
    await again.close();
  });

  test('twice, and at the same time, is closing once', async () => {
    const path = freshPath();
    const backend = lmdbBackend({ path });
    await backend.log.append(['#/a/1'], call);
    await Promise.all([backend.close(), backend.close()]);
    await backend.close();
    expect(headerOf(path)).toMatchObject({ open: null });
  });
});

describe.runIf(process.platform === 'linux' || process.env.REQUIRE_ALL === '1')(
  'an opening that fails (open files are counted where /proc is)',
  () => {
    const broken = new Error('no timers');

    test('leaves nothing open, and the next one finds everything in order', () => {
      const path = freshPath();
      const clock = {
        now: () => 0,
        after: () => {
          throw broken;
        },
      };
      expect(() => lmdbBackend({ path, clock })).toThrow(broken);
      expect(openBelow(path)).toBe(0);
      expect(headerOf(path)).toMatchObject({ open: null });
      expect(readdirSync(join(path, 'users'))).toEqual([]);
    });

    test('the same when its user fails in being told of a replaced file', async () => {
      const path = freshPath();
      await lmdbBackend({ path }).close();
      writeFileSync(join(path, 'data.mdb'), 'damaged');
      const onReplaced = () => {
        throw broken;
      };
      expect(() => lmdbBackend({ path, onReplaced })).toThrow(broken);
      expect(openBelow(path)).toBe(0);
      expect(readdirSync(join(path, 'users'))).toEqual([]);
    });
  },
);

test('what is done from time to time may fail without ending the program', async () => {
  const path = freshPath();
  const clock = manualClock();
  const backend = lmdbBackend({ path, clock, sweepEvery: 1000, maxEntries: 1 });
  rmSync(path, { recursive: true });
  await expect
    .poll(() => {
      try {
        return backend.log.append(['#/a/1'], call);
      } catch (error) {
        return (error as { code?: string }).code;
      }
    })
    .toBe('store_failed'); // it has been noticed
  expect(() => clock.advance(10_000)).not.toThrow();
  await backend.close();
});
