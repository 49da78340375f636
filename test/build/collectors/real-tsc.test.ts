/** Everything that the real compiler writes is told beforehand, and no source is. */
import { expect, test, vi } from 'vitest';
import { type Files, project } from './project.ts';

// Each test starts a compiler.
vi.setConfig({ testTimeout: 60_000 });

const strict = { module: 'nodenext', types: [], lib: ['es5'], skipLibCheck: true };
const sources: Files = {
  'package.json': { name: 'p', type: 'module' },
  'src/index.ts': 'export { deep } from "./deep/er.js";',
  'src/deep/er.ts': 'export const deep: number = 1;',
  'src/module.mts': 'export const m: number = 1;',
  'src/common.cts': 'export const c: number = 1;',
  'src/written.js': 'export const by = "hand";',
  'src/declared.d.ts': 'declare const byHand: number;',
};

function compiled(options: Files, line = 'tsc', more: Files = {}) {
  const here = project({
    ...sources,
    'tsconfig.json': { compilerOptions: { ...strict, ...options }, include: ['src'] },
    ...more,
  });
  return here.run(line);
}

test('into a directory: code, modules of both kinds, declarations, maps', () => {
  const ran = compiled({ outDir: 'dist', rootDir: 'src', declaration: true, declarationMap: true, sourceMap: true });
  expect(ran.collected.complete).toBe(true);
  expect(ran.written).toContain('dist/common.d.cts.map');
  expect(ran.told).toEqual(ran.written);
  expect(ran.swallowed).toEqual([]);
});

test('scripts, JSX that is kept, and data', () => {
  const options = { outDir: 'dist', rootDir: 'src', allowJs: true, resolveJsonModule: true, jsx: 'preserve' };
  const ran = compiled(options, 'tsc', {
    'src/view.tsx': 'export const view = 1;',
    'src/data.json': '{}',
    'src/reads.js': 'import data from "./data.json" with { type: "json" }; export default data;',
  });
  expect(ran.collected.complete).toBe(true);
  expect(ran.written).toEqual(expect.arrayContaining(['dist/view.jsx', 'dist/data.json', 'dist/written.js']));
  expect(ran.told).toEqual(ran.written);
});

test('declarations in a directory of their own', () => {
  const ran = compiled({ outDir: 'out/code', declarationDir: 'out/types', declaration: true, rootDir: 'src' });
  expect(ran.collected.complete).toBe(true);
  expect(ran.written).toContain('out/types/deep/er.d.ts');
  expect(ran.told).toEqual(ran.written);
});

test('nothing where nothing is emitted', () => {
  const ran = compiled({ noEmit: true, outDir: 'dist', rootDir: 'src' });
  expect(ran.collected).toMatchObject({ outputs: [], complete: true });
  expect(ran.written).toEqual([]);
});

test('only its state where nothing else is emitted', () => {
  const ran = compiled({ noEmit: true, incremental: true, rootDir: 'src' });
  expect(ran.collected).toMatchObject({ complete: true, mutable: ['tsconfig.tsbuildinfo'] });
  expect(ran.told).toEqual(ran.written);
});

test('with -b there is a state, asked for or not', () => {
  const ran = compiled({ noEmit: true, rootDir: 'src' }, 'tsc -b');
  expect(ran.written).toEqual(['tsconfig.tsbuildinfo']);
  expect(ran.told).toEqual(ran.written);
});

test('flags on the command line come first', () => {
  const ran = compiled(
    { outDir: 'dist', rootDir: 'src', sourceMap: true },
    'tsc -p tsconfig.json --OUTDIR other --declaration --emitDeclarationOnly',
  );
  expect(ran.written).toContain('other/index.d.ts');
  expect(ran.told).toEqual(ran.written);
});

test.each([
  ['with a root directory below', { outDir: 'dist', rootDir: 'src' }],
  ['with a root directory here', { outDir: 'dist', rootDir: '.' }],
  ['by its own name', { outDir: 'dist', rootDir: 'src', tsBuildInfoFile: 'cache/state' }],
])('the state of an incremental compilation is found, %s', (_, options) => {
  const ran = compiled({ ...options, incremental: true });
  expect(ran.collected.mutable).toHaveLength(1);
  expect(ran.written).toEqual(expect.arrayContaining([...ran.collected.mutable]));
  expect(ran.told).toEqual(ran.written);
  expect(ran.collected.complete).toBe(true);
});

test('the state of an incremental compilation is found, without a root directory', () => {
  const compilerOptions = { ...strict, outDir: 'dist', incremental: true };
  const ran = compiled({}, 'tsc -p flat/tsconfig.lib.json', {
    'flat/a.ts': 'export const a = 1;',
    'flat/tsconfig.lib.json': { compilerOptions },
  });
  expect(ran.collected).toMatchObject({ complete: true, mutable: ['flat/dist/tsconfig.lib.tsbuildinfo'] });
  expect(ran.told).toEqual(ran.written);
});

test('beside the sources, what has the name of a source is told, and nothing that is written by hand', () => {
  const ran = compiled({ declaration: true, sourceMap: true });
  expect(ran.collected.complete).toBe(false);
  expect(ran.written).toContain('src/module.d.mts');
  expect(ran.told).toEqual(ran.written);
  expect(ran.swallowed).toEqual([]);
});

test('in a directory that holds the sources, too', () => {
  const compilerOptions = { ...strict, outDir: '.', rootDir: 'src', declaration: true };
  const ran = compiled({}, 'tsc', { 'tsconfig.json': { compilerOptions, include: ['src'], exclude: [] } });
  expect(ran.collected.complete).toBe(false);
  expect(ran.written).toContain('deep/er.js');
  expect(ran.told).toEqual(ran.written);
  expect(ran.swallowed).toEqual([]);
});

test('what an extended configuration says counts from where it says it', () => {
  const ran = compiled({}, 'tsc', {
    'tsconfig.json': { extends: ['./config/base.json', './config/more.json'], include: ['src'] },
    'config/base.json': { compilerOptions: { ...strict, outDir: '../built', rootDir: '../src', composite: true } },
    'config/more.json': '{ /* a comment, */ "compilerOptions": { "tsBuildInfoFile": "../state/.tsbuildinfo", }, }',
  });
  expect(ran.collected.mutable).toEqual(['state/.tsbuildinfo']);
  expect(ran.collected.configs).toEqual(
    expect.arrayContaining(['tsconfig.json', 'config/base.json', 'config/more.json', 'package.json']),
  );
  expect(ran.written).toContain('built/index.d.ts');
  expect(ran.told).toEqual(ran.written);
});

test('projects that refer to each other are built together, each told once', () => {
  const composite = { ...strict, composite: true, outDir: 'dist', rootDir: 'src' };
  const here = project({
    'package.json': { type: 'module' },
    'a/src/a.ts': 'export const a: number = 1;',
    'a/tsconfig.json': { compilerOptions: composite, include: ['src'] },
    'b/src/b.ts': 'import { a } from "../../a/src/a.js"; export const b: number = a;',
    'b/src/data.mts': 'export const d: number = 1;',
    'b/tsconfig.lib.json': { compilerOptions: composite, include: ['src'], references: [{ path: '../a' }] },
    'tsconfig.json': { files: [], references: [{ path: 'b/tsconfig.lib.json' }, { path: 'a' }] },
  });
  const ran = here.run('tsc -b');
  expect(ran.collected.complete).toBe(true);
  expect(ran.written).toContain('b/dist/data.d.mts');
  expect(ran.told).toEqual(ran.written);
  expect(ran.collected.mutable).toEqual(expect.arrayContaining(['a/tsconfig.tsbuildinfo']));
  // Nothing is written any more, and everything is still told.
  const again = here.run('tsc -b');
  expect(again.written).toEqual([]);
  expect(again.told).toEqual(ran.told);
});

test('references are built only by -b, but read always', () => {
  const here = project({
    ...sources,
    'tsconfig.json': {
      compilerOptions: { ...strict, outDir: 'dist' },
      include: ['src'],
      references: [{ path: 'lib' }],
    },
    'lib/tsconfig.json': {
      compilerOptions: { ...strict, composite: true, outDir: 'out' },
      references: [{ path: '..' }],
    },
  });
  const collected = here.collect('tsc -p .');
  expect(collected?.outputs.filter((glob) => glob.startsWith('lib/'))).toEqual([]);
  expect(collected?.configs).toContain('lib/tsconfig.json');
});

test('names with signs that mean something in globs', () => {
  const ran = compiled({ outDir: 'out (1) [x]', rootDir: 'src' });
  expect(ran.written.length).toBeGreaterThan(3);
  expect(ran.told).toEqual(ran.written);
});

test('files on the command line', () => {
  const ran = compiled(
    {},
    'tsc --ignoreConfig src/index.ts src/module.mts --outDir dist --module nodenext --lib es5 --types ',
  );
  expect(ran.written).toContain('dist/deep/er.js');
  expect(ran.told).toEqual(ran.written);
});
