/** The inputs of a task are what its globs name, in one order everywhere, and nothing is left out in silence. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/build/digest.ts';
import { collectInputs } from '../../src/build/inputs.ts';
import { StatIndex } from '../../src/build/stat-index.ts';
import { countedDisk, directoryWith, put } from './counted-disk.ts';

const pathsOf = (root: string, globs: readonly string[], exclude: readonly string[] = []): readonly string[] =>
  collectInputs({ root, globs, exclude, index: new StatIndex() }).map(({ path }) => path);

describe('inputs', () => {
  test('are files with their digests, dotfiles too, without .git and node_modules', () => {
    const root = directoryWith({
      'src/a.ts': 'a',
      'src/.hidden': 'h',
      '.env': 'e',
      '.git/config': 'g',
      'node_modules/x/index.js': 'x',
      'src/node_modules/y.js': 'y',
    });
    fs.chmodSync(join(root, 'src/a.ts'), 0o755);
    expect(collectInputs({ root, globs: ['**'], index: new StatIndex() })).toEqual([
      { path: '.env', digest: digestOf('e'), executable: false },
      { path: 'src/.hidden', digest: digestOf('h'), executable: false },
      { path: 'src/a.ts', digest: digestOf('a'), executable: true },
    ]);
  });

  test('reach a hidden directory by naming it, and others stay out of it', () => {
    const root = directoryWith({ 'a.js': '', 'node_modules/x/a.js': '', 'node_modules/y/a.js': '' });
    expect(pathsOf(root, ['**/*.js', 'node_modules/x/*.js'])).toEqual(['a.js', 'node_modules/x/a.js']);
  });

  test('are less what is excluded, or taken away by !', () => {
    const root = directoryWith({ 'src/a.ts': '', 'src/a.test.ts': '', 'dist/a.js': '' });
    expect(pathsOf(root, ['**', '!**/*.test.ts'], ['dist'])).toEqual(['src/a.ts']);
  });

  test('a directory stands for what is below it', () => {
    expect(pathsOf(directoryWith({ 'src/a/b.ts': '', 'c.ts': '' }), ['src'])).toEqual(['src/a/b.ts']);
  });

  test('are sorted by bytes, not by a language', () => {
    const names = ['B', 'a', 'Z', 'ä', 'é', 'z', '\uffee', '😀', '_', '10', '9'];
    const root = directoryWith(Object.fromEntries(names.map((name) => [name, name])));
    const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(pathsOf(root, ['*'])).toEqual(sorted);
    expect(sorted).not.toEqual(names.toSorted((a, b) => a.localeCompare(b)));
    expect(sorted).not.toEqual(names.toSorted());
  });

  test('keep composed and decomposed names apart', () => {
    const root = directoryWith({ 'caf\u00e9': 'composed', 'cafe\u0301': 'decomposed' });
    expect(collectInputs({ root, globs: ['*'], index: new StatIndex() })).toEqual([
      { path: 'cafe\u0301', digest: digestOf('decomposed'), executable: false },
      { path: 'caf\u00e9', digest: digestOf('composed'), executable: false },
    ]);
  });

  test('have any names: spaces, line breaks, quotes, brackets, at every depth', () => {
    const names = ['a b', 'line\nbreak', 'cr\rname', "it's", '[x]', '{y}', '(z)', '!bang', '*', '?', '\u2028', '-'];
    const root = directoryWith(
      Object.fromEntries(
        names.flatMap((name) => [
          [`${name}-d/${name}`, ''],
          [name, ''],
        ]),
      ),
    );
    expect(pathsOf(root, ['**'])).toHaveLength(2 * names.length);
    expect(pathsOf(root, ['**/*'])).toEqual(pathsOf(root, ['**']));
    expect(pathsOf(root, ['line\nbreak-d/**'])).toEqual(['line\nbreak-d/line\nbreak']);
  });

  test('that are symbolic links are their targets, never followed, even when broken', () => {
    const root = directoryWith({ 'real/a.ts': 'a', 'src/b.ts': 'b' });
    fs.symlinkSync('../real', join(root, 'src/linked'));
    fs.symlinkSync('nowhere', join(root, 'src/broken'));
    expect(collectInputs({ root, globs: ['src/**'], index: new StatIndex() })).toEqual([
      { path: 'src/b.ts', digest: digestOf('b'), executable: false },
      { path: 'src/broken', link: 'nowhere' },
      { path: 'src/linked', link: '../real' },
    ]);
    for (const glob of ['src/linked/**', 'src/linked/*.ts', './src/linked/a.ts'])
      expect(() => pathsOf(root, [glob]), glob).toThrow('"src/linked" is a symbolic link');
    expect(pathsOf(root, ['src/linked'])).toEqual(['src/linked']);
  });

  test('do not depend on the order of globs or of their listing', () => {
    const root = directoryWith(Object.fromEntries(['a/b', 'a/c', 'd', 'e/f/g'].map((path) => [path, path])));
    const globs = ['a/**', 'd', '**/g', 'a/b', 'missing'];
    const expected = pathsOf(root, globs);
    expect(expected).toEqual(['a/b', 'a/c', 'd', 'e/f/g']);
    const reversed = {
      ...fs,
      readdirSync: ((...args: Parameters<typeof fs.readdirSync>) =>
        fs.readdirSync(...args).toReversed()) as typeof fs.readdirSync,
    };
    fc.assert(
      fc.property(fc.shuffledSubarray(globs, { minLength: globs.length }), (shuffled) => {
        const inputs = collectInputs({ root, globs: shuffled, index: new StatIndex(), disk: reversed });
        expect(inputs.map(({ path }) => path)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  test.each(['../up', '/absolute', 'a/../../b', '!../up', '', 'C:/x'])('refuse the glob %j', (glob) => {
    expect(() => pathsOf(directoryWith(), [glob])).toThrow(expect.objectContaining({ code: 'bad_option' }));
  });

  test('that cannot be listed or read are an error, not an omission', () => {
    const root = directoryWith({ 'a/b.ts': '', 'a/c/d.ts': '' });
    const refused = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    const refusing = (what: 'readdirSync' | 'openSync', below: string): typeof fs => ({
      ...fs,
      [what]: (path: string, ...rest: never[]) => {
        if (path.replace(/\/$/, '').endsWith(below)) throw refused;
        return (fs[what] as (...args: unknown[]) => unknown)(path, ...rest);
      },
    });
    const listing = { root, globs: ['**'], index: new StatIndex(), disk: refusing('readdirSync', '/c') };
    const reading = { root, globs: ['**'], index: new StatIndex({ disk: refusing('openSync', 'd.ts') }) };
    const missing = { root: join(root, 'nowhere'), globs: ['**'], index: new StatIndex() };
    for (const options of [listing, reading, missing])
      expect(() => collectInputs(options)).toThrow(expect.objectContaining({ code: 'store_failed' }));
  });
});

test('10,000 unchanged inputs cost one lstat each, and no read', { timeout: 120_000 }, () => {
  const root = directoryWith();
  for (let i = 0; i < 10_000; i++) put(join(root, `d${i % 100}`, `f${i}`), '');
  const file = join(directoryWith(), 'index');
  const clock = { now: () => Date.now() + 60_000, after: () => () => {} };
  const first = new StatIndex({ file, clock });
  const inputs = collectInputs({ root, globs: ['**'], index: first });
  expect(first.save()).toBe(true);

  const { disk, counts, paths } = countedDisk();
  const index = new StatIndex({ file, disk });
  expect(collectInputs({ root, globs: ['**'], index, disk })).toEqual(inputs);
  expect(Object.fromEntries(counts)).toEqual({ readdirSync: 101, lstatSync: 10_000 });
  expect(new Set(paths).size).toBe(10_000);

  collectInputs({ root, globs: ['d1/**', 'd2/**'], index });
  expect(counts.get('lstatSync')).toBe(10_000);
});
