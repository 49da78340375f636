/** Openings of one directory come one after another, and no death keeps the next one out. */
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { whileOpening } from '../../../src/backends/lmdb/opening.ts';
import { enter } from '../../../src/backends/lmdb/premises.ts';
import { newName } from '../../../src/backends/lmdb/registration.ts';
import { deadName, freshPath } from './premises-place.ts';

const once = { wait: 0, now: () => 0 };
const inUse = expect.objectContaining({ code: 'in_use' });

function emptyDirectory(): string {
  const path = freshPath();
  mkdirSync(path, { recursive: true });
  return path;
}

/** The lock as its holder would have it. */
function hold(path: string, holder: string, name = 'opening'): void {
  mkdirSync(join(path, name));
  writeFileSync(join(path, name, holder), '');
}

describe('while somebody opens or closes', () => {
  test('nobody else does, and afterwards everybody may', () => {
    const path = emptyDirectory();
    const work = () => {
      expect(() => whileOpening(path, once, () => 'never')).toThrow(inUse);
      return 'done';
    };
    expect(whileOpening(path, once, work)).toBe('done');
    expect(whileOpening(path, once, () => 'again')).toBe('again');
    expect(readdirSync(path)).toEqual([]);
  });

  test('the lock is given back when the work throws', () => {
    const path = emptyDirectory();
    const error = new Error('no');
    const fail = () => {
      throw error;
    };
    expect(() => whileOpening(path, once, fail)).toThrow(error);
    expect(readdirSync(path)).toEqual([]);
  });

  test('others wait for as long as they were told to', () => {
    const path = emptyDirectory();
    hold(path, newName());
    let now = 0;
    expect(() => whileOpening(path, { wait: 3, now: () => now++ }, () => 'never')).toThrow(inUse);
    expect(now).toBe(4);
    expect(() => enter({ path, durability: 'process', patience: 0 })).toThrow(inUse);
    expect(readdirSync(path), 'nothing of theirs is left').toEqual(['opening']);
  });

  test('the directory may vanish', () => {
    const path = emptyDirectory();
    expect(whileOpening(path, once, () => rmSync(path, { recursive: true }))).toBeUndefined();
    expect(() => whileOpening(path, once, () => 'never')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});

describe('the lock of a dead holder', () => {
  test('is taken over', () => {
    const path = emptyDirectory();
    hold(path, deadName());
    expect(whileOpening(path, once, () => 'mine')).toBe('mine');
    expect(enter({ path, durability: 'process', patience: 0 }).alone()).toBe(true);
  });

  test('is taken over when it died between the two steps of giving it back', () => {
    const path = emptyDirectory();
    mkdirSync(join(path, 'opening'));
    expect(whileOpening(path, once, () => 'mine')).toBe('mine');
    expect(readdirSync(path)).toEqual([]);
  });

  test('lies under its own name for an hour, so that whoever comes late buries no other', () => {
    const path = emptyDirectory();
    const dead = deadName();
    hold(path, dead);
    whileOpening(path, once, () => {});
    expect(readdirSync(path)).toEqual([`opening.${dead}`]);
    whileOpening(path, once, () => {});
    expect(readdirSync(path)).toEqual([`opening.${dead}`]);

    const longAgo = Date.now() / 1000 - 3700;
    utimesSync(join(path, `opening.${dead}`), longAgo, longAgo);
    whileOpening(path, once, () => {});
    expect(readdirSync(path)).toEqual([]);
  });

  test('cannot be buried twice', () => {
    const path = emptyDirectory();
    const dead = deadName();
    hold(path, dead, `opening.${dead}`);
    hold(path, dead); // as one sees it who has read the name and is late
    expect(() => whileOpening(path, once, () => 'never')).toThrow(inUse);
    expect(readdirSync(path).toSorted()).toEqual(['opening', `opening.${dead}`]);
  });
});

test('what the living prepare is left alone, however old', () => {
  const path = emptyDirectory();
  const name = `opening.${newName()}`;
  mkdirSync(join(path, name));
  utimesSync(join(path, name), 1000, 1000);
  whileOpening(path, once, () => {});
  expect(readdirSync(path)).toEqual([name]);
});
