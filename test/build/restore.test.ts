/** Outputs come back as they were made, and nothing else is touched. */
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { knownBy } from '../../src/build/known-digests.ts';
import type { OutputEntry } from '../../src/build/record.ts';
import { type PlanOptions, planRestore } from '../../src/build/restore-plan.ts';
import { breakLinks, restore, type Restored } from '../../src/build/restore.ts';
import { machineDisk } from '../../src/build/disk.ts';
import { StatIndex } from '../../src/build/stat-index.ts';
import type { Clock } from '../../src/engine/clock.ts';
import { type Bench, bench, watchedDisk } from './restored-package.ts';

function run(here: Bench, outputs: readonly OutputEntry[], more: Partial<PlanOptions> = {}): Restored {
  const { root, state, blobs } = here;
  return restore(planRestore({ root, outputs, blobs, ...more }), {
    blobs,
    state,
    ...(more.known && { known: more.known }),
    ...(more.disk && { disk: more.disk }),
  });
}

test('files, modes, links, empty directories and dotfiles come back', () => {
  const here = bench();
  const outputs: OutputEntry[] = [
    here.file('dist/a.js', 'a'),
    here.file('dist/deep/er/.b', 'b', 0o755),
    here.file('dist/secret', 's', 0o600),
    { kind: 'link', path: 'dist/l', target: 'a.js' },
    { kind: 'link', path: 'dist/out', target: '../../outside' },
    { kind: 'directory', path: 'dist/empty', mode: 0o750 },
  ];
  run(here, outputs);
  expect(here.tree()).toEqual({
    'dist/a.js': '644 a',
    'dist/deep/er/.b': '755 b',
    'dist/secret': '600 s',
    'dist/l': '-> a.js',
    'dist/out': '-> ../../outside',
    'dist/empty': '750 empty',
  });
});

test('what differs only in bytes, mode or target is put right, though size and mtime are the same', () => {
  const here = bench();
  const outputs: OutputEntry[] = [
    here.file('a', 'one'),
    here.file('b', 'two', 0o755),
    { kind: 'link', path: 'l', target: 'a' },
  ];
  run(here, outputs);
  const { mtime } = lstatSync(join(here.root, 'a'));
  writeFileSync(join(here.root, 'a'), 'ONE');
  utimesSync(join(here.root, 'a'), mtime, mtime);
  chmodSync(join(here.root, 'b'), 0o644);
  unlinkSync(join(here.root, 'l'));
  symlinkSync('b', join(here.root, 'l'));
  run(here, outputs);
  expect(here.tree()).toEqual({ a: '644 one', b: '755 two', l: '-> a' });
});

test('a tree that is right already is not written to, and each file is looked at once', () => {
  const here = bench();
  const outputs = Array.from({ length: 400 }, (_, i) => here.file(`dist/d${i % 20}/f${i}.js`, `text ${i % 50}`));
  const known = knownBy(new StatIndex({ clock: clockAt(() => 60_000) }));
  expect(run(here, outputs, { known }).written).toBe(400);
  expect(run(here, outputs, { known }).kept).toBe(400); // reads them, and remembers
  const of = (path: string) => lstatSync(join(here.root, path), { bigint: true });
  const before = outputs.map(({ path }) => [of(path).ino, of(path).mtimeNs, of(path).ctimeNs].join());
  const { disk, calls } = watchedDisk();
  expect(run(here, outputs, { known, disk })).toEqual({ kept: 400, written: 0, removed: 0 });
  expect(outputs.map(({ path }) => [of(path).ino, of(path).mtimeNs, of(path).ctimeNs].join())).toEqual(before);
  expect([...calls.keys()].toSorted()).toEqual(['lstatSync', 'realpathSync']);
  expect(calls.get('lstatSync')).toBeLessThan(400 + 21 + 10); // files, directories, and the package itself
});

test('what was restored a moment ago is read until it is old enough: a change at the same instant would look like none', () => {
  const here = bench();
  const outputs = [here.file('a', 'right')];
  let ahead = 0;
  const known = knownBy(new StatIndex({ clock: clockAt(() => ahead) }));
  const reads = () => {
    const { disk, calls } = watchedDisk();
    run(here, outputs, { known, disk });
    return calls.get('openSync') ?? 0;
  };
  run(here, outputs, { known });
  expect([reads(), reads()]).toEqual([1, 1]);
  ahead = 60_000;
  expect([reads(), reads()]).toEqual([1, 0]);
  here.write('a', 'wrong');
  run(here, outputs, { known });
  expect(here.tree()).toEqual({ a: '644 right' });
});

/** The machine's clock, ahead by so many milliseconds. */
function clockAt(ahead: () => number): Clock {
  return { now: () => Date.now() + ahead(), after: () => () => {} };
}

describe('what the earlier run made', () => {
  test('is removed when it is no output any more, and directories with it; foreign files stay', () => {
    const here = bench();
    const earlier: OutputEntry[] = [
      here.file('dist/old/x.js', 'x'),
      here.file('dist/b.js', 'b'),
      here.file('dist/mixed/y.js', 'y'),
      { kind: 'link', path: 'dist/l', target: 'b.js' },
      { kind: 'directory', path: 'dist/none', mode: 0o755 },
    ];
    run(here, earlier);
    here.write('dist/mixed/mine.txt', 'mine');
    here.write('dist/foreign.js', 'foreign');
    expect(run(here, [here.file('dist/a.js', 'a')], { earlier }).removed).toBe(6);
    expect(here.tree()).toEqual({
      'dist/a.js': '644 a',
      'dist/foreign.js': '644 foreign',
      'dist/mixed/mine.txt': '644 mine',
    });
  });

  test('stays when somebody has changed it since', () => {
    const here = bench();
    const earlier = [here.file('x', 'made'), here.file('y', 'made, too')];
    run(here, earlier);
    here.write('x', 'edit');
    const plan = planRestore({ root: here.root, outputs: [], earlier, blobs: here.blobs });
    expect(plan.left).toEqual(['x']);
    here.write('y', 'edited after the plan was made');
    restore(plan, here.asOptions());
    expect(here.tree()).toEqual({ x: '644 edit', y: '644 edited after the plan was made' });
  });

  test('gives way when a file becomes a directory, a directory a file, or a link a directory', () => {
    const here = bench();
    const earlier: OutputEntry[] = [
      here.file('a', 'a'),
      here.file('b/c/d', 'd'),
      { kind: 'link', path: 'l', target: here.outside },
    ];
    run(here, earlier);
    run(here, [here.file('a/x', 'x'), here.file('b', 'b'), here.file('l/y', 'y')], { earlier });
    expect(here.tree()).toEqual({ 'a/x': '644 x', b: '644 b', 'l/y': '644 y' });
    expect(existsSync(join(here.outside, 'y'))).toBe(false);
  });
});

describe('refused before anything is touched', () => {
  test('a foreign directory in the place of a file, and a foreign file in the place of a directory', () => {
    const here = bench();
    here.write('a/mine', 'mine');
    here.write('b', 'mine');
    const before = here.tree();
    for (const path of ['a', 'b/x'])
      expect(() => run(here, [here.file('z', 'z'), here.file(path, 'x')])).toThrow(
        expect.objectContaining({ code: 'foreign_directory' }),
      );
    expect(here.tree()).toEqual(before);
  });

  test('outputs through a link, that was there before or would be an output itself', () => {
    const here = bench();
    symlinkSync(here.outside, join(here.root, 'dist'));
    expect(() => run(here, [here.file('dist/x', 'x')])).toThrow(expect.objectContaining({ code: 'foreign_directory' }));
    const link: OutputEntry = { kind: 'link', path: 'way', target: here.outside };
    expect(() => run(here, [link, here.file('way/x', 'x')])).toThrow(expect.objectContaining({ code: 'bad_bytes' }));
    expect(existsSync(join(here.outside, 'x'))).toBe(false);
  });

  test('names that differ in case only, where that means one file', () => {
    const here = bench();
    const folding = {
      ...machineDisk,
      lstatSync: ((path: string, options: object) => {
        return machineDisk.lstatSync(path.endsWith('/PACKAGE') ? here.root : path, options);
      }) as typeof machineDisk.lstatSync,
    };
    const outputs = [here.file('Foo', '1'), here.file('foo', '2')];
    expect(() => planRestore({ root: here.root, outputs, blobs: here.blobs, disk: folding })).toThrow(
      expect.objectContaining({ code: 'bad_bytes' }),
    );
    run(here, outputs);
    expect(here.tree()).toEqual({ Foo: '644 1', foo: '644 2' });
  });

  test('a blob that is damaged or of another size', () => {
    const here = bench();
    const outputs = [here.file('a', 'a'), here.file('b', 'bb')];
    const plan = planRestore({ root: here.root, outputs, blobs: here.blobs });
    const blob = here.blobs.path(outputs[1].digest);
    chmodSync(blob, 0o644);
    for (const text of ['B!', 'b', 'bbb', '']) {
      writeFileSync(blob, text);
      const told: string[] = [];
      const blobs = { ...here.blobs, checkBlob: (digest: string) => told.push(digest) };
      expect(() => restore(plan, { ...here.asOptions(), blobs })).toThrow(
        expect.objectContaining({ code: 'bad_bytes' }),
      );
      expect(told).toEqual([outputs[1].digest]);
    }
    unlinkSync(blob);
    expect(() => restore(plan, here.asOptions())).toThrow(expect.objectContaining({ code: 'bad_bytes' }));
    expect(here.tree()).toEqual({});
  });
});

test('a link or a shared file in the place of an output is replaced, and what it leads to stays', () => {
  const here = bench();
  const [target, shared] = ['target', 'shared'].map((name) => join(here.outside, name));
  writeFileSync(target, 'precious');
  writeFileSync(shared, 'precious');
  symlinkSync(target, join(here.root, 'a'));
  linkSync(shared, join(here.root, 'b'));
  run(here, [here.file('a', 'new'), here.file('b', 'precious', 0o600)]);
  expect(here.tree()).toEqual({ a: '644 new', b: '600 precious' });
  expect([target, shared].map((path) => [readFileSync(path, 'utf8'), lstatSync(path).mode & 0o777])).toEqual([
    ['precious', 0o644],
    ['precious', 0o644],
  ]);
});

describe('hard links', () => {
  test('are kept, not for programs and what is written in place, and are a mere file to a copying restore', () => {
    const here = bench();
    const outputs = [here.file('a', 'a'), here.file('x', 'x', 0o755), here.file('t.tsbuildinfo', 't')];
    run(here, outputs, { links: 'hard' });
    const shares = () => outputs.map(({ path }) => lstatSync(join(here.root, path)).nlink);
    expect(shares()).toEqual([2, 1, 1]);
    expect(run(here, outputs, { links: 'hard' })).toEqual({ kept: 3, written: 0, removed: 0 });
    expect(run(here, outputs).written).toBe(1);
    expect(shares()).toEqual([1, 1, 1]);
  });

  test('are broken before the task runs again, so that a writer in place leaves the blob as it is', () => {
    const here = bench();
    const outputs = [here.file('dist/a', 'a')];
    run(here, outputs, { links: 'hard' });
    breakLinks(outputs, { root: here.root, state: here.state });
    expect(here.tree()).toEqual({ 'dist/a': '644 a' });
    writeFileSync(join(here.root, 'dist/a'), 'overwritten in place', { flag: 'w' });
    expect(readFileSync(here.blobs.path(outputs[0].digest), 'utf8')).toBe('a');
  });
});

test('an empty directory that is an output keeps foreign files, and gets its mode', () => {
  const here = bench();
  mkdirSync(join(here.root, 'e'));
  here.write('e/mine', 'mine');
  run(here, [{ kind: 'directory', path: 'e', mode: 0o700 }]);
  expect(here.tree()).toEqual({ 'e/mine': '644 mine' });
  expect(lstatSync(join(here.root, 'e')).mode & 0o777).toBe(0o700);
});
