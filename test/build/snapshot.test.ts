/** A snapshot before and one after a task show everything that it did, and globs name outputs where they are. */
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { outputsByGlobs } from '../../src/build/output-globs.ts';
import { changes, snapshot } from '../../src/build/snapshot.ts';
import { machineDisk } from '../../src/build/disk.ts';
import { type Bench, bench, watchedDisk } from './restored-package.ts';

function during(here: Bench, task: (at: (path: string) => string) => void) {
  const before = snapshot(here.root);
  task((path) => join(here.root, path));
  return changes(before, snapshot(here.root));
}

test('creations, changes and deletions are told, dotfiles, links and empty directories included', () => {
  const here = bench();
  for (const path of ['kept', 'written', 'mode', 'deleted', 'was/full', 'turns']) here.write(path, path);
  symlinkSync('kept', join(here.root, 'link'));
  mkdirSync(join(here.root, 'empty'));
  const told = during(here, (at) => {
    here.write('written', 'something longer');
    chmodSync(at('mode'), 0o755);
    unlinkSync(at('deleted'));
    unlinkSync(at('was/full'));
    unlinkSync(at('link'));
    symlinkSync('mode', at('link'));
    here.write('empty/.new', 'dotfile');
    mkdirSync(at('.made/inner'), { recursive: true });
    symlinkSync('/nowhere', at('dangling'));
    unlinkSync(at('turns'));
    here.write('turns/into', 'a directory');
  });
  expect(told).toEqual({
    created: ['.made/inner', 'dangling', 'empty/.new', 'turns/into'],
    changed: ['link', 'mode', 'was', 'written'],
    deleted: ['deleted', 'turns', 'was/full'],
  });
});

test('a task that does nothing did nothing', () => {
  const here = bench();
  here.write('a/b', 'b');
  mkdirSync(join(here.root, 'empty'));
  expect(during(here, () => {})).toEqual({ created: [], changed: [], deleted: [] });
});

test('a change shows with an equal or older mtime, an equal size, and right after the snapshot', () => {
  const here = bench();
  for (const path of ['same', 'older', 'renamed', 'in-place']) here.write(path, 'one');
  const { atime, mtime } = lstatSync(join(here.root, 'same'));
  const { changed } = during(here, (at) => {
    writeFileSync(at('in-place'), 'two');
    for (const path of ['same', 'older', 'renamed/../copy']) writeFileSync(at(path), 'two');
    utimesSync(at('same'), atime, mtime);
    utimesSync(at('older'), 1, 1);
    utimesSync(at('copy'), atime, mtime);
    renameSync(at('copy'), at('renamed'));
  });
  expect(changed).toEqual(['in-place', 'older', 'renamed', 'same']);
});

test('no later write can have the times of what was there: a snapshot lasts until that is so', () => {
  const here = bench();
  here.write('fresh', 'written just now');
  snapshot(here.root);
  expect(Date.now() - lstatSync(join(here.root, 'fresh')).ctimeMs).toBeGreaterThanOrEqual(19);
});

test('links are not followed, loops end, and what is excluded is not entered', () => {
  const here = bench();
  here.write('node_modules/x', 'x');
  here.write('a/node_modules/y', 'y');
  here.write('.git/z', 'z');
  here.write('packages/b/c', 'c');
  symlinkSync('..', join(here.root, 'a/loop'));
  symlinkSync(here.outside, join(here.root, 'out'));
  writeFileSync(join(here.outside, 'secret'), '');
  expect([...snapshot(here.root).keys()].toSorted()).toEqual([
    'a',
    'a/loop',
    'out',
    'packages',
    'packages/b',
    'packages/b/c',
  ]);
  const exclude = ['a', 'packages/b'];
  expect([...snapshot(here.root, { exclude }).keys()].toSorted()).toEqual([
    '.git',
    '.git/z',
    'node_modules',
    'node_modules/x',
    'out',
    'packages',
  ]);
});

test('a tree is looked at once per entry, however deep', () => {
  const here = bench();
  const deep = Array.from({ length: 400 }, () => 'd').join('/');
  here.write(`${deep}/leaf`, '');
  const { disk, calls } = watchedDisk();
  expect(snapshot(here.root, { disk }).size).toBe(401);
  expect(calls.get('lstatSync')).toBe(402);
  expect(calls.get('readdirSync')).toBe(401);
});

test('a name that is not UTF-8 is an error, not an omission', () => {
  const here = bench();
  writeFileSync(Buffer.concat([Buffer.from(`${here.root}/`), Buffer.from([0x66, 0xff])]), '');
  expect(() => snapshot(here.root)).toThrow(expect.objectContaining({ code: 'bad_value' }));
});

test('another name for a file changes it, since its times tell so', () => {
  const here = bench();
  here.write('a', 'a');
  expect(during(here, (at) => linkSync(at('a'), at('b')))).toEqual({ created: ['b'], changed: ['a'], deleted: [] });
});

test('globs name files, links and empty directories, in the order of their bytes', () => {
  const here = bench();
  for (const path of [
    'dist/a.js',
    'dist/.hidden',
    'dist/\u{1F600}',
    'dist/\uFF5E',
    'dist/node_modules/n',
    'root.tsbuildinfo',
    'src/a.ts',
    'file',
  ])
    here.write(path, path);
  mkdirSync(join(here.root, 'dist/empty'));
  symlinkSync(here.outside, join(here.root, 'dist/link'));
  writeFileSync(join(here.outside, 'secret'), '');
  const dist = ['dist/.hidden', 'dist/a.js', 'dist/empty', 'dist/link', 'dist/\uFF5E', 'dist/\u{1F600}'];
  expect(outputsByGlobs(here.root, ['dist'])).toEqual(dist);
  expect(outputsByGlobs(here.root, ['dist/**', '**/*.tsbuildinfo', 'file', '!dist/a.js'])).toEqual([
    ...dist.filter((path) => path !== 'dist/a.js'),
    'file',
    'root.tsbuildinfo',
  ]);
  expect(outputsByGlobs(here.root, [])).toEqual([]);
  expect(outputsByGlobs(here.root, ['absent/**'])).toEqual([]);
  for (const glob of ['dist/empty', 'dist/empty/', 'dist/empty/**', 'dist/e*'])
    expect(outputsByGlobs(here.root, [glob]), glob).toEqual(['dist/empty']);
});

test('globs that lead out of the package are refused', () => {
  const here = bench();
  symlinkSync(here.outside, join(here.root, 'way'));
  writeFileSync(join(here.outside, 'secret'), '');
  for (const glob of ['/etc/*', '../*', 'a/../../*', '!/x', '', 'C:/x'])
    expect(() => outputsByGlobs(here.root, [glob]), glob).toThrow(expect.objectContaining({ code: 'bad_option' }));
  expect(() => outputsByGlobs(here.root, ['way/**'])).toThrow(expect.objectContaining({ code: 'bad_option' }));
});

test('a directory that vanishes meanwhile is no error', () => {
  const here = bench();
  here.write('a/b', '');
  const lstat = machineDisk.lstatSync;
  const vanishing = { ...machineDisk };
  vanishing.lstatSync = ((path: string, options: object) => {
    const stats = lstat(path, options);
    if (path.endsWith('/a')) rmSync(path, { recursive: true });
    return stats;
  }) as typeof lstat;
  expect([...snapshot(here.root, { disk: vanishing }).keys()]).toEqual(['a']);
});
