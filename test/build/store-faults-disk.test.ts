/** A disk that is full or read-only costs what would have been stored, and nothing that was. */
import { execFileSync } from 'node:child_process';
import fs, { mkdirSync, mkdtempSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { BuildStore } from '../../src/build/build-store.ts';
import { filesOf, folder, openStore, recordOf, sha256, spec } from './stores.ts';

const record = recordOf('build', { 'a.js': 'a', 'large.js': 'x'.repeat(3_000_000) });

function storeAll(store: BuildStore): void {
  const large = join(folder(), 'large');
  writeFileSync(large, 'x'.repeat(3_000_000));
  store.putBytes(Buffer.from('a'));
  store.putFile(large);
  store.putBytes(Buffer.from('log of build'));
  store.addSpec(sha256('weak'), spec('src/**'));
  store.store(record);
}

test.each(['none', 'brotli'] as const)(
  'with the disk full at any write (packing: %s), nothing half is left, and the next run stores all',
  (compress) => {
    const directory = folder();
    let writes = 0;
    for (let full = 0, done = false; !done; full++) {
      const store = openStore(directory, { compress });
      const undo = noSpaceAt(full);
      try {
        storeAll(store);
        done = true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'store_failed', cause: { code: 'ENOSPC' } });
        writes++;
      } finally {
        undo();
      }
      expect(readdirSync(join(directory, 'v1/tmp'))).toEqual([]);
      expect(store.verify().damaged).toEqual([]);
      expect(store.lookup(record.key)).toEqual(done ? { record } : { reason: 'absent' });
      if (!done) store.clean();
    }
    expect(writes).toBeGreaterThan(4);
  },
  60_000,
);

test.skipIf(noMounts())(
  'on a real disk that is full, then on one that is read-only, what was stored is still served',
  () => {
    const directory = mounted('size=1m');
    const store = openStore(directory);
    const small = recordOf('small', { 'a.js': 'a' });
    for (const text of ['a', 'log of small']) store.putBytes(Buffer.from(text));
    store.store(small);
    const before = filesOf(directory);
    const failing = (code: string): unknown =>
      expect.objectContaining({ code: 'store_failed', cause: expect.objectContaining({ code }) });
    expect(() => store.putBytes(Buffer.alloc(2_000_000, 1))).toThrow(failing('ENOSPC'));
    expect(filesOf(directory)).toEqual(before);
    expect(store.lookup(small.key).record).toEqual(small);

    execFileSync('/bin/mount', ['-o', 'remount,ro', directory]);
    const reader = openStore(directory);
    expect(() => reader.putBytes(Buffer.from('b'))).toThrow(failing('EROFS'));
    reader.count({ hits: 1 });
    expect(reader.lookup(small.key).record).toEqual(small);
    expect(Buffer.from(reader.readBlob(sha256('a')) as Uint8Array).toString()).toBe('a');
    expect(reader.verify().damaged).toEqual([]);
    expect(reader.stats()).toMatchObject({ entries: 1, hits: 0 });
    reader.close();
    expect(filesOf(directory)).toEqual(before);
  },
);

/** Without rights to mount, there is no such disk. With REQUIRE_ALL=1 the test runs, and fails. */
function noMounts(): boolean {
  if (process.env['REQUIRE_ALL'] === '1') return false;
  const place = mkdtempSync(join(tmpdir(), 'tidemark-mount-'));
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place], { stdio: 'ignore' });
    execFileSync('/bin/umount', [place], { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  } finally {
    rmdirSync(place);
  }
}

function mounted(options: string): string {
  const place = join(folder(), 'disk');
  mkdirSync(place);
  execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', place]);
  onTestFinished(() => void execFileSync('/bin/umount', [place]));
  expect(statSync(place).dev).not.toBe(statSync(join(place, '..')).dev);
  return place;
}

/** The n-th write, and each after it, finds no space. */
function noSpaceAt(full: number): () => void {
  let left = full;
  const real = fs.writeSync;
  const put = (call: unknown): void => {
    Object.assign(fs, { writeSync: call });
    syncBuiltinESMExports();
  };
  put((...args: Parameters<typeof fs.writeSync>) => {
    if (left-- <= 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    return real(...args);
  });
  return () => put(real);
}
