/** Places, names, modes and times: what is restored is exact whatever the process's habits and the names are. */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { OutputEntry } from '../../src/build/record.ts';
import { planRestore } from '../../src/build/restore-plan.ts';
import { restore, type RestoreOptions } from '../../src/build/restore.ts';
import { type Bench, bench } from './restored-package.ts';

function run(here: Bench, outputs: readonly OutputEntry[], more: Partial<RestoreOptions> = {}): void {
  restore(planRestore({ root: here.root, outputs, blobs: here.blobs }), { ...here.asOptions(), ...more });
}

test('modes are those of the record, whatever the umask', () => {
  const here = bench();
  const outputs: OutputEntry[] = [
    here.file('dist/all', 'a', 0o777),
    here.file('dist/group', 'b', 0o664),
    here.file('dist/none', 'c', 0o400),
    { kind: 'directory', path: 'dist/open', mode: 0o777 },
  ];
  const umask = process.umask(0o077);
  onTestFinished(() => void process.umask(umask));
  run(here, outputs);
  expect(here.tree()).toEqual({
    'dist/all': '777 a',
    'dist/group': '664 b',
    'dist/none': '400 c',
    'dist/open': '777 empty',
  });
});

test('files say that they were changed now, or when one says', () => {
  const here = bench();
  const before = Date.now() - 1000; // times of files are taken from a clock that ticks
  run(here, [here.file('dist/a', 'a')]);
  expect(statSync(join(here.root, 'dist/a')).mtimeMs).toBeGreaterThan(before);
  const recorded = Date.parse('2020-02-03T04:05:06.000Z');
  run(here, [here.file('dist/a', 'a'), here.file('dist/b', 'b')], { mtimes: recorded });
  expect(statSync(join(here.root, 'dist/b')).mtimeMs).toBe(recorded);
  expect(statSync(join(here.root, 'dist/a')).mtimeMs).toBeGreaterThan(before);
  for (const mtimes of [NaN, Infinity])
    expect(() => run(here, [], { mtimes })).toThrow(expect.objectContaining({ code: 'bad_option' }));
});

test('names of 255 bytes and paths of more than 1,000', () => {
  const here = bench();
  const long = 'ü'.repeat(127) + 'x';
  expect(Buffer.byteLength(long)).toBe(255);
  const path = [...Array.from({ length: 6 }, () => 'd'.repeat(200)), long].join('/');
  const outputs: OutputEntry[] = [here.file(long, 'top'), here.file(path, 'deep')];
  run(here, outputs);
  run(here, [outputs[0], here.file(path, 'changed')]);
  expect(here.tree()).toEqual({ [long]: '644 top', [path]: '644 changed' });
});

test('a name that is too long is refused, and the package is as it was', () => {
  const here = bench();
  here.write('dist/mine', 'mine');
  expect(() => run(here, [here.file('dist/a', 'a'), here.file(`dist/new/${'x'.repeat(256)}`, 'x')])).toThrow(
    expect.objectContaining({ code: 'store_failed' }),
  );
  expect(here.tree()).toEqual({ 'dist/mine': '644 mine' });
});

test.each(['../x', '/etc/x', 'a/../../x', 'a\\..\\x', 'C:/x'])('a record with %j changes nothing', (path) => {
  const here = bench();
  expect(() => run(here, [here.file('a', 'a'), { ...here.file('x', 'x'), path }])).toThrow(
    expect.objectContaining({ code: 'bad_bytes' }),
  );
  expect(here.tree()).toEqual({});
});

test('a parent that becomes a link after the plan was made is not passed through', () => {
  const here = bench();
  here.write('dist/old', 'old');
  const plan = planRestore({
    root: here.root,
    outputs: [here.file('dist/a', 'a'), here.file('new/b', 'b')],
    blobs: here.blobs,
  });
  rmSync(join(here.root, 'dist'), { recursive: true });
  symlinkSync(here.outside, join(here.root, 'dist'));
  expect(() => restore(plan, here.asOptions())).toThrow(expect.objectContaining({ code: 'foreign_directory' }));
  expect(here.tree()).toEqual({ dist: `-> ${here.outside}` });
  rmSync(join(here.root, 'dist'));
  mkdirSync(join(here.root, 'dist'));
  symlinkSync(here.outside, join(here.root, 'new'));
  expect(() => restore(plan, here.asOptions())).toThrow(expect.objectContaining({ code: 'in_use' }));
  rmSync(join(here.root, 'new'));
  rmSync(join(here.root, 'dist'), { recursive: true });
  expect(() => restore(plan, here.asOptions())).toThrow(expect.objectContaining({ code: 'in_use' }));
  expect([here.tree(), readdirSync(here.outside)]).toEqual([{}, []]);
});

test('a directory that somebody made after the plan was made is not replaced', () => {
  const here = bench();
  const plan = planRestore({ root: here.root, outputs: [here.file('dist/a', 'a')], blobs: here.blobs });
  here.write('dist/mine', 'mine');
  expect(() => restore(plan, here.asOptions())).toThrow(expect.objectContaining({ code: 'in_use' }));
  expect(here.tree()).toEqual({ 'dist/mine': '644 mine' });
});

test('names that differ in case are one output where the file system says so, and two elsewhere', () => {
  const here = bench();
  writeFileSync(join(here.outside, 'a'), '');
  const folds = existsSync(join(here.outside, 'A'));
  const one = here.file('dist/Name', 'one');
  run(here, [one]);
  restore(
    planRestore({ root: here.root, outputs: [here.file('dist/name', 'two')], earlier: [one], blobs: here.blobs }),
    here.asOptions(),
  );
  expect(Object.values(here.tree())).toEqual(['644 two']);
  const both = () => run(here, [here.file('Foo', '1'), here.file('foo', '2')]);
  if (folds) expect(both).toThrow(expect.objectContaining({ code: 'bad_bytes' }));
  else both();
  expect(readdirSync(here.root).filter((name) => /foo/i.test(name))).toHaveLength(folds ? 0 : 2);
});
