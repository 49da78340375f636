/** A blob is read and compared before it is used, unless it looks as it did when it was read last. */
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Disk, machineDisk } from '../../src/build/disk.ts';
import { knownBy } from '../../src/build/known-digests.ts';
import type { OutputEntry } from '../../src/build/record.ts';
import { type Blobs, planRestore } from '../../src/build/restore-plan.ts';
import { restore, type RestoreOptions } from '../../src/build/restore.ts';
import { StatIndex } from '../../src/build/stat-index.ts';
import { type Bench, bench, watchedDisk } from './restored-package.ts';

const later = { now: () => Date.now() + 60_000, after: () => () => {} };

function run(
  here: Bench,
  outputs: readonly OutputEntry[],
  more: Partial<RestoreOptions> & { readonly links?: 'hard' } = {},
): void {
  const { links, ...options } = more;
  const blobs = options.blobs ?? here.blobs;
  restore(planRestore({ root: here.root, outputs, blobs, ...(links && { links }) }), {
    ...here.asOptions(),
    ...options,
  });
}

/** Restores into an empty package. */
function anew(here: Bench, outputs: readonly OutputEntry[], more: Parameters<typeof run>[2] = {}): void {
  rmSync(join(here.root, 'dist'), { recursive: true, force: true });
  run(here, outputs, more);
}

describe.each([{}, { links: 'hard' as const }])('with %j', (how) => {
  test('a blob that was read is not read again, until its size, mtime or inode changes', () => {
    const here = bench();
    const outputs = [here.file('dist/a', 'right')];
    const blob = here.blobs.path(outputs[0].digest);
    const known = knownBy(new StatIndex({ clock: later }));
    /** How often bytes are read, but for those of a copy. */
    const reads = (): number => {
      const { disk, calls } = watchedDisk();
      anew(here, outputs, { ...how, known, disk });
      return (calls.get('readSync') ?? 0) - (calls.get('writeSync') ?? 0);
    };
    reads();
    expect([reads(), reads()]).toEqual([0, 0]);

    const { atime, mtime } = lstatSync(blob);
    const damages: readonly (() => void)[] = [
      () => writeFileSync(blob, 'wrong'),
      () => appendFileSync(blob, '!'),
      () => {
        writeFileSync(`${blob}-new`, 'wrong');
        utimesSync(`${blob}-new`, atime, mtime);
        renameSync(`${blob}-new`, blob);
      },
    ];
    for (const damage of damages) {
      chmodSync(blob, 0o644);
      damage();
      expect(() => anew(here, outputs, { ...how, known })).toThrow(expect.objectContaining({ code: 'bad_bytes' }));
      expect(here.tree()).toEqual({});
      writeFileSync(blob, 'right');
      anew(here, outputs, { ...how, known });
    }
  });

  test('every blob is read if that is asked for, so that not even a change behind which the time was put back passes', () => {
    const here = bench();
    const outputs = [here.file('dist/a', 'right')];
    const blob = here.blobs.path(outputs[0].digest);
    const known = knownBy(new StatIndex({ clock: later }));
    anew(here, outputs, { ...how, known });
    const { atime, mtime } = lstatSync(blob);
    chmodSync(blob, 0o644);
    writeFileSync(blob, 'wrong');
    utimesSync(blob, atime, mtime);
    expect(() => anew(here, outputs, { ...how, known, verify: 'always' })).toThrow(
      expect.objectContaining({ code: 'bad_bytes' }),
    );
    expect(here.tree()).toEqual({});
  });
});

test('one bit flipped anywhere in a blob: nothing is restored', () => {
  const here = bench();
  const outputs = [here.file('dist/a', 'blob')];
  const blob = here.blobs.path(outputs[0].digest);
  const bytes = readFileSync(blob);
  chmodSync(blob, 0o644);
  for (let at = 0; at < bytes.length * 8; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at >> 3] ^= 1 << (at & 7);
    writeFileSync(blob, damaged);
    expect(() => run(here, outputs), `bit ${at}`).toThrow(expect.objectContaining({ code: 'bad_bytes' }));
  }
  expect(here.tree()).toEqual({});
});

test('a linked output whose blob was damaged through another link is not kept, and not restored', () => {
  const here = bench();
  const outputs = [here.file('dist/a', 'right'), here.file('dist/b', 'right')];
  const known = knownBy(new StatIndex({ clock: later }));
  const plan = () => planRestore({ root: here.root, outputs, blobs: here.blobs, links: 'hard', known });
  restore(plan(), { ...here.asOptions(), known });
  expect(plan().steps.map((step) => step.do)).toEqual(['keep', 'keep']);
  chmodSync(join(here.root, 'dist/a'), 0o644);
  writeFileSync(join(here.root, 'dist/a'), 'wrong');
  expect(plan().steps.map((step) => step.do)).toEqual(['write', 'write']);
  expect(() => restore(plan(), { ...here.asOptions(), known })).toThrow(expect.objectContaining({ code: 'bad_bytes' }));
});

test('packed blobs are unpacked, never linked; a missing one is told', () => {
  const here = bench();
  const outputs = [here.file('dist/a', 'kept packed', 0o755), here.file('dist/b', 'plain')];
  const packed = readFileSync(here.blobs.path(outputs[0].digest));
  rmSync(here.blobs.path(outputs[0].digest));
  const blobs: Blobs = {
    ...here.blobs,
    unpack: (digest, descriptor) => digest === outputs[0].digest && writeSync(descriptor, packed) > 0,
  };
  for (const links of ['none', 'hard'] as const) {
    const plan = planRestore({ root: here.root, outputs, blobs, links });
    restore(plan, { ...here.asOptions(), blobs });
    expect(lstatSync(join(here.root, 'dist/a')).nlink).toBe(1);
    expect(Object.values(here.tree())[0]).toBe('755 kept packed');
    rmSync(join(here.root, 'dist'), { recursive: true });
  }
  rmSync(here.blobs.path(outputs[1].digest), { force: true });
  expect(() => run(here, outputs, { blobs })).toThrow(expect.objectContaining({ code: 'bad_bytes' }));
  expect(here.tree()).toEqual({});
});

test('a file system that clones is asked to, and one that cannot is asked once', () => {
  const here = bench();
  const outputs = [here.file('dist/a', 'a'), here.file('dist/b', 'b', 0o755), here.file('dist/c', 'c')];
  const cloning: Disk = {
    ...machineDisk,
    copyFileSync: (from, to) => machineDisk.copyFileSync(from, to), // a double: this machine's may not be able to
    writeSync: () => expect.unreachable('a clone needs no bytes'),
  };
  anew(here, outputs, { disk: cloning, mtimes: 1_000_000 });
  expect(here.tree()).toEqual({ 'dist/a': '644 a', 'dist/b': '755 b', 'dist/c': '644 c' });
  expect(lstatSync(join(here.root, 'dist/c')).mtimeMs).toBe(1_000_000);
  let asked = 0;
  const cloneless: Disk = {
    ...machineDisk,
    copyFileSync: () => {
      asked++;
      throw Object.assign(new Error('not here'), { code: 'ENOTSUP' });
    },
  };
  anew(here, outputs, { disk: cloneless });
  expect(asked).toBe(1);
  expect(here.tree()).toEqual({ 'dist/a': '644 a', 'dist/b': '755 b', 'dist/c': '644 c' });
});
