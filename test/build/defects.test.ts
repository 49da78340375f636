/**
 * The thirteen defects that another shared build cache was found to have, each as what this one does instead, through its
 * public door. Where `store-defects.test.ts` shows it already, a line says which test it is.
 */
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ActionRecord } from 'tidemark/build';
import { root as repository } from '../support/repository.ts';
import { Repository, scratch } from './run/repository.ts';

const COPY = {
  command: 'mkdir -p dist; cat src/a >dist/a; cat src/b >dist/b',
  inputs: ['src/**'],
  outputs: ['dist/**'],
};

/** What a task made is kept, and the package it was made in. */
async function kept(files: Readonly<Record<string, string>> = { 'src/a': 'a', 'src/b': 'b' }, task = COPY) {
  const here = new Repository().write({ 'package.json': '{}', ...files });
  expect(await here.run(task)).toMatchObject({ outcome: 'ran', stored: 'new' });
  return here;
}

function blobFiles({ home }: Repository): readonly string[] {
  const blobs = join(home, 'cache/v1/blobs');
  const names = readdirSync(blobs, { recursive: true }) as string[];
  return names.map((name) => join(blobs, name)).filter((path) => statSync(path).isFile());
}

/** The only record that is kept. */
function recordOf(here: Repository): ActionRecord {
  const { contents } = here.open();
  const [{ key }] = contents.list();
  return contents.lookup(key).record!;
}

// 1. Pruning that finds nothing, and verifying that finds everything corrupt and removes it:
//    store-defects, 'pruning finds entries, and verifying finds none of the good ones corrupt'.

describe('2. only one file of an entry was atomic, and what a crash left was a miss for ever', () => {
  // Of the store: store-defects, 'a store that was interrupted is no miss for ever'. Of whole runs: real/killed.
  test('an entry without its record, or without its blobs, is made again', async () => {
    for (const lost of ['records', 'blobs']) {
      const here = await kept();
      rmSync(join(here.home, 'cache/v1', lost), { recursive: true });
      const clone = here.clone();
      expect(await clone.run(COPY), lost).toMatchObject({ outcome: 'ran', exitCode: 0 });
      expect(await here.clone().run(COPY), lost).toMatchObject({ outcome: 'hit', restored: { written: 2 } });
    }
  });
});

describe('3. the key sorted paths as a language does', () => {
  test('inputs are in the order of their bytes', async () => {
    const names = ['a', 'B', 'ä', 'Z', 'z', '\u{1f600}', '\uffee', 'a-b', 'a0', '_'];
    const here = new Repository().write(Object.fromEntries(names.map((name) => [`src/${name}`, name])));
    const cache = here.open();
    for (const task of [COPY, { ...COPY, inputs: names.toReversed().map((name) => `src/${name}`) }]) {
      const { inputs } = cache.fingerprint({ workspace: here.root, ...task });
      const paths = inputs.map(({ path }) => path.slice('src/'.length));
      expect(paths).toEqual(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }
    await cache.close();
  });
  // Of records: store-defects, 'the order of paths is that of their bytes, not of a language'.
});

// 4. Outputs hashed first and copied later: store-defects, 'a file that is written to while it is stored is stored as it was
//    hashed'; and real/side-by-side, 'what another run of the same task is in the midst of writing isn’t kept'.

describe('5. restoring verified nothing, left stale outputs, was not atomic, and wrote in place', () => {
  test('bytes that aren’t those that were made are never brought back, though their number is right', async () => {
    const here = await kept();
    for (const file of blobFiles(here)) {
      chmodSync(file, 0o644);
      writeFileSync(
        file,
        readFileSync(file).map((byte) => byte ^ 1),
      );
    }
    const clone = here.clone();
    expect(await clone.run(COPY)).toMatchObject({ outcome: 'ran' });
    expect([clone.read('dist/a'), clone.read('dist/b')]).toEqual(['a', 'b']);
  });

  test('what an earlier run made, and this one doesn’t, goes', async () => {
    const each = { ...COPY, command: 'mkdir -p dist; cp src/* dist' };
    const here = await kept({ 'src/a': 'a', 'src/b': 'b' }, each);
    const clone = here.clone();
    here.remove('src/b');
    here.remove('dist');
    await here.run(each);
    await clone.run(each);
    clone.remove('src/b');
    clone.write({ 'dist/mine': 'mine' });
    expect(await clone.run(each)).toMatchObject({ outcome: 'hit', restored: { removed: 1 } });
    expect(readdirSync(join(clone.root, 'dist'))).toEqual(['a', 'mine']);
  });

  test('where one output can’t be brought back, none is', async () => {
    const here = await kept();
    const clone = here.clone();
    clone.write({ 'dist/a': 'older', 'dist/b': 'older' });
    const record = recordOf(here);
    const b = record.outputs.find(({ path }) => path === 'dist/b')!;
    rmSync(blobFiles(here).find((file) => b.kind === 'file' && file.endsWith(b.digest))!);
    const cache = clone.open();
    expect(await cache.restore(record, { workspace: clone.root, ...COPY })).toBeUndefined();
    await cache.close();
    expect([clone.read('dist/a'), clone.read('dist/b')]).toEqual(['older', 'older']);
  });

  test('a link, or another name of a file, in the place of an output is replaced: what it leads to stays', async () => {
    const here = await kept();
    const clone = here.clone();
    clone.write({ mine: 'mine', yours: 'yours' });
    mkdirSync(join(clone.root, 'dist'));
    symlinkSync('../mine', join(clone.root, 'dist/a'));
    linkSync(join(clone.root, 'yours'), join(clone.root, 'dist/b'));
    expect(await clone.run(COPY)).toMatchObject({ outcome: 'hit' });
    expect(['dist/a', 'dist/b', 'mine', 'yours'].map((path) => clone.read(path))).toEqual(['a', 'b', 'mine', 'yours']);
  });
});

describe('6. nothing kept restored paths inside of the package', () => {
  test.each(['../out', '/out', 'dist/../../out', 'dist/../a', 'C:/out', 'a\\..\\..\\out'])(
    'a record with an output %s is no record',
    async (path) => {
      const here = await kept();
      const record = recordOf(here);
      const [first] = record.outputs;
      const hostile = { ...record, key: '0'.repeat(64), outputs: [{ ...first, path }] };
      const cache = here.open();
      expect(() => cache.store(hostile)).toThrow(expect.objectContaining({ code: 'bad_bytes' }) as Error);
      const before = here.files();
      await expect(cache.restore(hostile, { workspace: here.root, ...COPY }))
        .rejects.toBeDefined()
        .catch(() => {});
      expect(here.files()).toEqual(before);
      await cache.close();
    },
  );

  test('a directory on the way that is a link isn’t passed through', async () => {
    const here = await kept();
    const [clone, outside] = [here.clone(), scratch()];
    symlinkSync(outside, join(clone.root, 'dist'));
    const cache = clone.open();
    await expect(cache.restore(recordOf(here), { workspace: clone.root, ...COPY })).rejects.toMatchObject({
      code: 'foreign_directory',
    });
    await cache.close();
    expect(readdirSync(outside)).toEqual([]);
  });
});

// 7. Every hit rewrote the entry: store-defects, 'a hit rewrites nothing'.
// 8. Statistics were lost between processes: store-defects, 'statistics of stores side by side are not lost, …'.

describe('9. only files whose time had grown counted as made', () => {
  const work = {
    command:
      'rm -rf dist/empty*; mkdir -p dist/empty-$(cat src/a); cat src/a >dist/a; touch -d 2001-02-03 dist/a; cat src/a >dist/.dot; ln -sf a dist/link; cp src/a dist/run; chmod 755 dist/run; rm -f dist/old; [ -e src/b ] || echo old >dist/old',
  };

  test('older and equal times, dotfiles, empty directories, links and modes; and what a later run removes', async () => {
    const here = new Repository().write({ 'package.json': '{}', 'src/a': '1', '.gitignore': 'dist\n' });
    await here.run(work);
    here.write({ 'src/a': '2', 'src/b': '' }); // as long as before, and of the same time in dist
    expect(await here.run(work)).toMatchObject({ outcome: 'ran', stored: 'new' });
    expect(here.has('dist/old')).toBe(false);
    const clone = here.clone();
    expect(await clone.run(work)).toMatchObject({ outcome: 'hit' });
    const dist = join(clone.root, 'dist');
    expect(readdirSync(dist).toSorted()).toEqual(['.dot', 'a', 'empty-2', 'link', 'run']);
    expect([clone.read('dist/a'), clone.read('dist/.dot')]).toEqual(['2', '2']);
    expect(readlinkSync(join(dist, 'link'))).toBe('a');
    expect(lstatSync(join(dist, 'run')).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(dist, 'empty-2'))).toEqual([]);
  });
});

describe('10. globs were made into beginnings of names, so that **/*.tsbuildinfo matched nothing in the package itself', () => {
  test('two stars are no directory, too', async () => {
    const work = {
      command: 'mkdir -p lib/deep; echo 1 >own.tsbuildinfo; echo 2 >lib/deep/its.tsbuildinfo; echo 3 >lib/other',
      inputs: ['src/**'],
      outputs: ['**/*.tsbuildinfo'],
    };
    const here = await kept({ 'src/a': 'a' }, work);
    const clone = here.clone();
    clone.remove('lib');
    clone.remove('own.tsbuildinfo');
    expect(await clone.run(work)).toMatchObject({ outcome: 'hit', restored: { written: 2 } });
    expect([clone.read('own.tsbuildinfo'), clone.read('lib/deep/its.tsbuildinfo')]).toEqual(['1\n', '2\n']);
    expect(clone.has('lib/other')).toBe(false);
  });
});

// 11. Pruning stopped at the size, so that what was too old stayed: store-defects, 'both limits hold: in a small cache what is
//     too old goes, too'.

describe('12. the names of outputs were guessed from those of inputs', () => {
  // What is known of the compiler beforehand, alone: collectors/real-tsc, 'into a directory: code, modules of both kinds, …'.
  test('what a compiler makes of .mts and .cts is found on the disk', async () => {
    const here = new Repository().write({
      'package.json': '{ "type": "module" }',
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          outDir: 'dist',
          rootDir: 'src',
          declaration: true,
          types: [],
          lib: ['es5'],
        },
        include: ['src'],
      }),
      'src/one.mts': 'export const one: number = 1;',
      'src/two.cts': 'export const two: number = 2;',
      'src/three.ts': 'export const three: number = 3;',
    });
    symlinkSync(join(repository, 'node_modules'), join(here.root, 'node_modules'));
    const work = { command: ['tsc'], inputs: ['src/**'] };
    expect(await here.run(work)).toMatchObject({ outcome: 'ran', exitCode: 0, stored: 'new' });
    const clone = here.clone();
    symlinkSync(join(repository, 'node_modules'), join(clone.root, 'node_modules'));
    expect(await clone.run(work)).toMatchObject({ outcome: 'hit' });
    const made = ['one.d.mts', 'one.mjs', 'three.d.ts', 'three.js', 'two.cjs', 'two.d.cts'];
    expect(readdirSync(join(clone.root, 'dist')).toSorted()).toEqual(made);
  }, 60_000);
});

// 13. A lookup compared more than the key, and an entry that it refused kept its place: store-defects, 'the key alone decides:
//     other fields under it are no miss for ever, nor a fight for the place'.
