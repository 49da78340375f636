/** One bit flipped anywhere in what is stored: a lookup, a reading, a restore and a verification are right, or say that they can't. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TidemarkError } from '../../src/engine/errors.ts';
import type { BuildStore } from '../../src/build/build-store.ts';
import type { ActionRecord } from '../../src/build/record.ts';
import { planRestore } from '../../src/build/restore-plan.ts';
import { restore } from '../../src/build/restore.ts';
import { filesOf, folder, openStore, overwrite, sha256, spec, stored } from './stores.ts';

const weak = sha256('weak');

test('every byte of every file of a small entry', () => {
  const answers = sweep({ 'a.js': 'let a = 1;\n', 'b/c.js': 'let c;\n' }, 'none', (size) => size);
  expect(answers.damagedRecord).toBeGreaterThan(500);
  expect(answers.refusedRestore).toBe('let a = 1;\n'.length + 'let c;\n'.length);
  expect(answers.silent).toBe(0); // verifying, which is asked each eighth time, finds each
}, 60_000);

test.each(['none', 'brotli'] as const)(
  'bytes here and there of a large entry (packing: %s)',
  (compress) => {
    const outputs = Object.fromEntries(
      Array.from({ length: 8 }, (_, i) => [`dist/${i}.js`, `export const n${i} = ${i};\n`.repeat(700 * (i + 1))]),
    );
    const answers = sweep(outputs, compress, () => 4);
    expect(answers.damagedRecord).toBeGreaterThan(0);
    expect(answers.refusedRestore).toBeGreaterThan(compress === 'none' ? 31 : 15);
    if (compress === 'none') expect(answers.silent).toBe(0);
  },
  60_000,
);

/** Flip a bit in so many bytes of each file, and count what was answered. */
function sweep(
  outputs: Readonly<Record<string, string>>,
  compress: 'none' | 'brotli',
  count: (size: number) => number,
): { damagedRecord: number; refusedRestore: number; silent: number } {
  const [directory, state] = [folder(), folder()];
  const writer = openStore(directory, { compress });
  const record = stored(writer, 'build', outputs);
  writer.addSpec(weak, spec('src/**'));
  const store = openStore(directory, { readOnly: true });
  const answers = { damagedRecord: 0, refusedRestore: 0, silent: 0 };
  for (const path of filesOf(directory).keys()) {
    if (path.endsWith('layout.json')) continue; // the next test
    const good = readFileSync(join(directory, path));
    for (let i = 0; i < count(good.length); i++) {
      const at = Math.floor((i * good.length) / count(good.length));
      const flipped = Buffer.from(good);
      flipped[at] ^= 1 << (at % 8);
      overwrite(join(directory, path), flipped);
      const said = `byte ${at} of ${path}`;
      if (i % 8 === 0 && store.verify().damaged.length === 0) answers.silent++;
      expect([[], [spec('src/**')]], said).toContainEqual(store.specs(weak));
      const found = store.lookup(record.key);
      if (found.record === undefined) {
        expect(path, said).toContain('records/');
        answers.damagedRecord++;
        continue;
      }
      expect(found.record.outputs, said).toEqual(record.outputs);
      for (const text of Object.values(outputs)) {
        const read = store.readBlob(sha256(text));
        if (typeof read !== 'string') expect(Buffer.from(read).toString() === text, said).toBe(true);
      }
      if (path.includes('blobs/') && !restored(store, found.record, state, outputs)) answers.refusedRestore++;
    }
    overwrite(join(directory, path), good);
  }
  return answers;
}

/** Whether all came back. What did come back is right in any case. */
function restored(
  store: BuildStore,
  record: ActionRecord,
  state: string,
  outputs: Readonly<Record<string, string>>,
): boolean {
  const root = join(state, 'package');
  mkdirSync(root);
  try {
    restore(planRestore({ root, outputs: record.outputs, blobs: store }), {
      blobs: store,
      state: join(state, 'journals'),
    });
    for (const [path, text] of Object.entries(outputs))
      expect(readFileSync(join(root, path), 'utf8') === text).toBe(true);
    return true;
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    expect(error.code).toBe('bad_bytes');
    expect(readdirSync(root)).toEqual([]);
    return false;
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('every byte of the layout: the store is opened as it is, or not at all', () => {
  const directory = folder();
  const record = stored(openStore(directory), 'build', { 'a.js': 'a' });
  const path = join(directory, 'v1/layout.json');
  const good = readFileSync(path);
  for (let at = 0; at < good.length * 8; at++) {
    const flipped = Buffer.from(good);
    flipped[at >> 3] ^= 1 << (at % 8);
    overwrite(path, flipped);
    try {
      expect(openStore(directory).lookup(record.key).record).toEqual(record);
    } catch (error) {
      expect(['foreign_directory', 'newer_format']).toContain((error as TidemarkError).code);
    }
    expect(Buffer.compare(readFileSync(path), flipped)).toBe(0);
  }
}, 60_000);
