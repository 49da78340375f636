/** Blobs that are kept packed: smaller, and never anything but the bytes that were put. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planRestore } from '../../src/build/restore-plan.ts';
import { restore } from '../../src/build/restore.ts';
import {
  blobPath,
  filesOf,
  folder,
  HandClock,
  HOUR,
  openStore,
  overwrite,
  recordOf,
  sha256,
  stored,
} from './stores.ts';

const text = 'export const tide = "high";\n';
const lines = (count: number): Buffer => Buffer.from(text.repeat(count));
const ending = { brotli: '.br', gzip: '.gz' } as const;

test.each(['brotli', 'gzip'] as const)(
  'what gets smaller by a tenth is kept packed by %s, and comes back as it was',
  async (compress) => {
    const directory = folder();
    const store = openStore(directory, { compress });
    const file = join(folder(), 'file');
    for (const bytes of [
      lines(200),
      lines(100_000),
      Buffer.alloc(1024 * 1024, 'x'),
      Buffer.alloc(1024 * 1024 + 1, 'y'),
    ]) {
      writeFileSync(file, bytes);
      const { digest, size } = store.putFile(file);
      expect([digest, size]).toEqual([sha256(bytes), bytes.length]);
      expect(existsSync(store.path(digest))).toBe(false);
      expect(statSync(store.path(digest) + ending[compress]).size).toBeLessThan(bytes.length / 10);
      expect(store.putBytes(bytes)).toEqual({ digest, size });
      expect(store.checkBlob(digest)).toBe(undefined);
      expect(Buffer.compare(store.readBlob(digest) as Uint8Array, bytes)).toBe(0);
      const plain = openStore(folder());
      await plain.receiveBlob(digest, store.blobChunks(digest));
      expect(Buffer.compare(readFileSync(plain.path(digest)), bytes)).toBe(0);
      const packed = openStore(folder(), { compress });
      await packed.receiveBlob(digest, plain.blobChunks(digest));
      expect(packed.checkBlob(digest)).toBe(undefined);
      expect(existsSync(packed.path(digest))).toBe(false);
    }
    expect(readdirSync(join(directory, 'v1/tmp'))).toEqual([]);
  },
);

test('what is small, or compressed already, stays plain', () => {
  const store = openStore(folder(), { compress: 'brotli' });
  for (const bytes of [Buffer.alloc(0), lines(10), randomBytes(50_000), randomBytes(2_500_000)]) {
    const { digest } = store.putBytes(bytes);
    expect(Buffer.compare(readFileSync(store.path(digest)), bytes)).toBe(0);
    expect(store.unpack(digest, -1)).toBe(false);
  }
});

test('packed and plain blobs stand in one store, each read as it is kept, and none is stored twice', () => {
  const directory = folder();
  const bytes = lines(1000);
  const digests = (['none', 'gzip', 'brotli'] as const).map((compress, i) => {
    const store = openStore(directory, { compress });
    const { digest } = store.putBytes(Buffer.concat([bytes, Buffer.from([i])]));
    return digest;
  });
  const before = filesOf(join(directory, 'v1/blobs'));
  for (const compress of ['none', 'gzip', 'brotli'] as const) {
    const store = openStore(directory, { compress });
    for (const [i, digest] of digests.entries()) {
      store.putBytes(Buffer.concat([bytes, Buffer.from([i])]));
      expect(store.glance(digest, bytes.length + 1)).toBe(undefined);
      expect((store.readBlob(digest) as Uint8Array).length).toBe(bytes.length + 1);
    }
  }
  expect(filesOf(join(directory, 'v1/blobs'))).toEqual(before);
});

test('a restore takes packed blobs', () => {
  const [root, state] = [folder(), folder()];
  const store = openStore(folder(), { compress: 'brotli' });
  const record = stored(store, 'build', { 'dist/a.js': lines(1000).toString(), 'dist/b.js': 'small' });
  for (const links of ['none', 'hard'] as const) {
    const place = join(root, links);
    mkdirSync(place);
    restore(planRestore({ root: place, outputs: record.outputs, blobs: store, links }), { blobs: store, state });
    expect(readFileSync(join(place, 'dist/a.js'), 'utf8')).toBe(lines(1000).toString());
    expect(readFileSync(join(place, 'dist/b.js'), 'utf8')).toBe('small');
  }
});

test.each(['brotli', 'gzip'] as const)(
  'with any bit of a blob packed by %s flipped, nothing answers with wrong bytes',
  async (compress) => {
    const directory = folder();
    const store = openStore(directory, { compress });
    const good = lines(200);
    const { digest } = store.putBytes(good);
    const path = blobPath(directory, digest) + ending[compress];
    const bytes = readFileSync(path);
    const target = join(folder(), 'target');
    let harmless = 0; // such a bit stands for nothing: what is unpacked is right all the same
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at] ^= 1 << (at % 8);
      overwrite(path, flipped);
      const fd = openSync(target, 'w+');
      let said: unknown;
      try {
        said = at % 2 ? store.unpack(digest, fd) : store.readBlob(digest);
      } catch (error) {
        said = (error as { readonly code?: string }).code;
      } finally {
        closeSync(fd);
      }
      if (said === true || said instanceof Uint8Array) {
        expect(Buffer.compare(said === true ? readFileSync(target) : said, good), `byte ${at}`).toBe(0);
        harmless++;
      } else {
        expect(said, `byte ${at}`).toBe(at % 2 ? 'bad_bytes' : 'blob damaged');
        expect(store.checkBlob(digest)).toBe('blob missing'); // it was put aside
      }
    }
    expect(harmless).toBeLessThan(bytes.length / 5);
    expect(store.putBytes(good).digest).toBe(digest);
    expect(store.checkBlob(digest)).toBe(undefined);
  },
);

test('verify tells a damaged packed blob, and no record that a whole copy still serves', () => {
  const directory = folder();
  const record = stored(openStore(directory, { compress: 'gzip' }), 'build', { 'a.js': lines(500).toString() });
  const [digest] = record.outputs.map((output) => (output.kind === 'file' ? output.digest : ''));
  const path = blobPath(directory, digest);
  const store = openStore(directory);
  expect(store.verify()).toEqual({ records: 1, blobs: 2, specs: 0, damaged: [] });
  writeFileSync(path, lines(500));
  overwrite(`${path}.gz`, 'torn');
  expect(store.verify({ fix: true }).damaged).toEqual([{ reason: 'blob damaged', path: `${path}.gz`, name: digest }]);
  expect(store.verify()).toEqual({ records: 1, blobs: 2, specs: 0, damaged: [] });
});

test('pruning takes packed blobs with the records that name them', () => {
  const [directory, clock] = [folder(), new HandClock()];
  const store = openStore(directory, { clock, compress: 'brotli' });
  stored(store, 'build', { 'a.js': lines(500).toString() });
  clock.time += 3 * HOUR;
  expect(store.prune({ maxBytes: '1mb' })).toMatchObject({ records: 0, blobs: 0 });
  expect(store.glance(recordOf('build', { 'a.js': lines(500).toString() }).log!)).toBe(undefined);
  expect(store.prune({ maxBytes: 1 })).toMatchObject({ records: 1, blobs: 2, bytes: 0 });
});
