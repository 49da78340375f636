/** Flags are read as the tools read them. */
import { expect, test } from 'vitest';
import { type FlagSpec, flagsOf } from '../../../src/build/collectors/flags.ts';
import { tscFlags } from '../../../src/build/collectors/tsc-flags.ts';

const spec: FlagSpec = { valued: 'outDir mode', optional: 'sourceMaps', letters: 'd=outDir s=sourceMaps w=watch' };

test.each([
  ['--out-dir lib', 'lib'],
  ['--outDir lib', 'lib'],
  ['--out-dir=lib', 'lib'],
  ['-d lib', 'lib'],
  ['-dlib', 'lib'],
  ['-d=lib', 'lib'],
  ['-wd lib', 'lib'],
  ['-d other --outDir=lib', 'lib'],
  ['--outDir.of.one lib', undefined],
  ['-- -d lib', undefined],
])('%s', (line, value) => {
  expect(flagsOf(line.split(' '), spec).value('outDir')).toBe(value);
});

test('a value is not taken for a word of its own, and a word not for a value', () => {
  const flags = flagsOf(['src', '--mode', 'x', '--colors', 'more', '-s', '-w', '--', '-d'], spec);
  expect(flags.rest).toEqual(['src', 'more', '-d']);
  expect(flags.value('sourceMaps')).toBeUndefined();
  expect(flags.has('sourceMaps') && flags.has('watch') && flags.has('colors')).toBe(true);
});

test('a flag that is switched off was not given', () => {
  const flags = flagsOf(['--no-watch', '--colors=false', '--watchAll'], spec);
  expect(['watch', 'colors', 'watchAll'].map((name) => flags.has(name))).toEqual([false, false, true]);
});

test('the compiler reads names in any case, after one dash or two, with values of booleans', () => {
  const { options, rest } = tscFlags(
    ['a.ts', '-OutDir', 'dist', '-d', 'false', '--noEmit', 'b.ts', '--rootDir', 'null'],
    '/r',
  );
  expect(Object.fromEntries(options)).toEqual({
    outdir: '/r/dist',
    declaration: false,
    noemit: true,
    rootdir: undefined,
  });
  expect(rest).toEqual(['a.ts', 'b.ts']);
});
