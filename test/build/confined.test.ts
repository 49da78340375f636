/** No path of a record leads out of its package. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Confined } from '../../src/build/confined.ts';
import { bench } from './restored-package.ts';

test.each([
  '',
  '.',
  '..',
  '../x',
  'a/../../x',
  'a/./b',
  '/etc/passwd',
  'a//b',
  'a/',
  'C:/x',
  'a\\..\\x',
  'a\0b',
  'a/.. /x',
])('%j is refused', (path) => {
  expect(() => new Confined(bench().root).place(path)).toThrow(expect.objectContaining({ code: 'bad_bytes' }));
});

test('a parent that is a link is refused wherever it leads, and so is one that is a file', () => {
  const here = bench();
  here.write('real/inside/x', 'x');
  writeFileSync(join(here.root, 'file'), '');
  symlinkSync('real', join(here.root, 'within'));
  symlinkSync(here.outside, join(here.root, 'real/without'));
  symlinkSync('nowhere', join(here.root, 'dangling'));
  const confined = new Confined(here.root);
  for (const path of ['within/x', 'within/inside/x', 'real/without/x', 'dangling/x', 'file/x', 'file/x/y'])
    expect(() => confined.place(path), path).toThrow(expect.objectContaining({ code: 'foreign_directory' }));
});

test('a link itself has a place, and so has what is not there yet', () => {
  const here = bench();
  symlinkSync(here.outside, join(here.root, 'link'));
  const confined = new Confined(here.root);
  expect(confined.place('link')).toBe(join(here.root, 'link'));
  expect(confined.place('not/there/yet')).toBe(join(here.root, 'not/there/yet'));
  expect(confined.place('..x/a..b')).toBe(join(here.root, '..x/a..b'));
});

test('a package behind a link is meant by its real path; one that is absent or a file is refused', () => {
  const here = bench();
  symlinkSync(here.root, join(here.outside, 'way'));
  expect(new Confined(join(here.outside, 'way')).root).toBe(here.root);
  here.write('file', '');
  for (const root of [join(here.root, 'absent'), join(here.root, 'file')])
    expect(() => new Confined(root)).toThrow(expect.objectContaining({ code: 'bad_option' }));
});
