/** What the command lines of well-known tools say of what they make, read, and must not be cached for. */
import fc from 'fast-check';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Files, project } from './project.ts';

interface Told {
  readonly outputs: readonly string[];
  readonly complete?: boolean;
  readonly mutable?: readonly string[];
}

function expectTold(line: string, told: Told, files: Files = {}): void {
  const collected = project(files).collect(line);
  expect(collected).toMatchObject({ complete: true, ...told });
  expect(collected?.refuse).toBeUndefined();
}

const COMMON = 'coverage/**';
const style = (name: string): readonly string[] =>
  [`${name}.js`, `${name}.css`].flatMap((made) => [made, `${made}.map`, `${made}.LEGAL.txt`]);

test.each<[string, Told]>([
  ['eslint .', { outputs: [] }],
  ['eslint -f json -o out/report.json src', { outputs: ['out/report.json'] }],
  ['eslint --cache .', { outputs: ['.eslintcache'], mutable: ['.eslintcache'] }],
  ['eslint --cache --cache-location tmp/ .', { outputs: ['tmp/.cache_*'], mutable: ['tmp/.cache_*'] }],
  ['eslint --fix-dry-run .', { outputs: [] }],
  ['oxlint --type-aware', { outputs: [] }],
  ['oxfmt --check', { outputs: [] }],
  ['prettier -c src', { outputs: [] }],
  ['prettier --check . --cache --cache-location=.p', { outputs: ['.p'], mutable: ['.p'] }],
  ['webpack', { outputs: ['dist/**'] }],
  ['webpack build --output-path=a/b -j stats.json', { outputs: ['a/b/**', 'stats.json'] }],
  ['vite build', { outputs: ['dist/**'] }],
  ['vite build web --outDir out', { outputs: ['web/out/**'] }],
  ['rollup src/a.js -o out.js', { outputs: ['out.js', 'out.js.map'] }],
  ['rollup src/a.js -d out -p terser', { outputs: ['out/**'], complete: false }],
  ['rollup src/a.js', { outputs: [] }],
  ['rollup -c', { outputs: [], complete: false }],
  ['rolldown src/a.js --dir out', { outputs: ['out/**'] }],
  ['esbuild src/a.ts --bundle', { outputs: [] }],
  ['esbuild src/a.ts --bundle --outdir=out --metafile=meta.json', { outputs: ['meta.json', 'out/**'] }],
  ['esbuild src/a.ts --outfile=out/b.js', { outputs: style('out/b') }],
  ['esbuild src/a.ts --outfile=out/b.js --loader:.png=file', { outputs: style('out/b'), complete: false }],
  ['swc src -d lib', { outputs: ['lib/**'] }],
  ['swc src -d src', { outputs: [], complete: false }],
  ['babel src --out-dir lib --source-maps', { outputs: ['lib/**'] }],
  ['babel src/a.js -o a.js', { outputs: ['a.js', 'a.js.map'] }],
  ['jest --coverage', { outputs: [COMMON], complete: false }],
  ['jest --coverage --coverage-directory=cov', { outputs: ['cov/**'], complete: false }],
  ['jest --json --outputFile=r.json', { outputs: ['r.json'], complete: false }],
  ['vitest run --coverage', { outputs: [COMMON], complete: false }],
  ['vitest --run --coverage.enabled --coverage.reportsDirectory cov', { outputs: ['cov/**'], complete: false }],
  ['vitest run --outputFile.junit r.xml', { outputs: ['r.xml'], complete: false }],
  ['c8 -o cov prettier --check .', { outputs: ['cov/**'] }],
  ['c8 node test.js', { outputs: [COMMON], complete: false }],
])('%s', (line, told) => {
  expectTold(line, told);
});

test.each([
  ['tsc --watch'],
  ['tsc -w'],
  ['tsc --init'],
  ['tsc -v'],
  ['tsc -b --clean'],
  ['tsc --generateTrace t'],
  ['eslint --fix .'],
  ['eslint --stdin'],
  ['eslint --suppress-all'],
  ['oxlint --fix-suggestions'],
  ['oxfmt'],
  ['oxfmt --write'],
  ['prettier -w .'],
  ['prettier --write .'],
  ['webpack serve'],
  ['webpack --watch'],
  ['webpack --version'],
  ['vite'],
  ['vite dev'],
  ['vite preview'],
  ['vite build -w'],
  ['rollup -cw'],
  ['esbuild a.js --serve'],
  ['esbuild a.js --watch=forever'],
  ['esbuild a.js --outfile=a.js --allow-overwrite'],
  ['swc src -d lib -w'],
  ['babel --help'],
  ['jest --watchAll'],
  ['jest -u'],
  ['jest -o'],
  ['vitest'],
  ['vitest run --watch'],
  ['vitest run -u'],
  ['vitest bench'],
  ['c8 vitest'],
  ['c8 report'],
])('%s is refused, and told why', (line) => {
  expect(project({ 'tsconfig.json': {} }).collect(line)?.refuse).toMatch(/^(?:it|what it) \w+/);
});

test('a configuration may say otherwise: then nothing is taken for granted', () => {
  for (const [line, name] of [
    ['webpack', 'webpack.config.ts'],
    ['vite build', 'vite.config.mts'],
    ['vitest run --coverage', 'vite.config.js'],
    ['jest --coverage', 'jest.config.cjs'],
    ['c8 prettier -c .', '.c8rc.json'],
  ])
    expectTold(line, { outputs: [], complete: false }, { [name]: '' });
  expectTold('jest --coverage', { outputs: [], complete: false }, { 'package.json': { jest: {} } });
  expectTold('jest --coverage', { outputs: [COMMON], complete: false }, { 'package.json': {} });
});

test('configurations are those that are read, and those that would be read before them', () => {
  const { configs } = project({ 'vite.config.ts': '' }).collect('vite build')!;
  expect(configs.slice(0, 3)).toEqual(['vite.config.js', 'vite.config.mjs', 'vite.config.ts']);
  expect(configs).toEqual(expect.arrayContaining(['.env', '.env.production.local', 'package.json']));
  expect(configs).not.toContain('vite.config.mts');
});

test('configurations are looked for up to the workspace, and not above', () => {
  const here = project({ 'packages/a/package.json': {}, 'tsconfig.json': { files: ['a.ts'] } });
  const at = { cwd: 'packages/a', root: 'packages/a' };
  const { configs } = here.collect('eslint .', at)!;
  expect(configs).toEqual(
    expect.arrayContaining(['packages/a/eslint.config.js', 'packages/.eslintrc', 'eslint.config.js']),
  );
  expect(configs.every((path) => !path.startsWith('..'))).toBe(true);
  expect(here.collect('tsc --noEmit', at)?.configs.slice(0, 3)).toEqual([
    'packages/a/tsconfig.json',
    'packages/tsconfig.json',
    'tsconfig.json',
  ]);
});

test('outputs are named from the package, wherever the command runs', () => {
  const here = project({ 'packages/a/src/a.js': '' });
  expect(here.collect('esbuild a.js --outdir=../out', { cwd: 'packages/a/src', root: 'packages/a' })?.outputs).toEqual([
    'out/**',
  ]);
});

test('what would be written outside of the package is refused', () => {
  const here = project({ 'a/tsconfig.json': { compilerOptions: { outDir: '../dist' } } });
  expect(here.collect('tsc', { cwd: 'a', root: 'a' })?.refuse).toContain('outside of the package');
  expect(here.collect('webpack -o ../../x')?.refuse).toContain('outside of the package');
});

test('what is read outside of the workspace is refused, unless it is installed', () => {
  const outside = project({ 'base.json': {} });
  const base = join(outside.root, 'base.json');
  const here = project({ 'tsconfig.json': { extends: base }, 'node.json': { extends: 'vite/package.json' } });
  expect(here.collect(`prettier --check --config ${base} .`)?.refuse).toContain('outside of the workspace');
  expect(here.collect('tsc --noEmit')?.refuse).toContain('outside of the workspace');
  expect(here.collect('tsc --noEmit -p node.json')?.refuse).toBeUndefined();
});

test('what would be written behind a link is refused, but not for a cache that can be missed', () => {
  const here = project({
    'tsconfig.json': { compilerOptions: { incremental: true, outDir: 'out', tsBuildInfoFile: 'link/state' } },
  });
  symlinkSync(mkdtempSync(join(here.root, 'real')), join(here.root, 'link'));
  expect(here.collect('webpack -o link')?.refuse).toContain('behind a symbolic link');
  expect(here.collect('tsc')?.refuse).toContain('behind a symbolic link');
  for (const line of ['tsc --noEmit', 'eslint --cache --cache-location link/cache .']) {
    expect(here.collect(line)).toMatchObject({ outputs: [], mutable: [] });
    expect(here.collect(line)?.refuse).toBeUndefined();
  }
});

test('a configuration that is broken, absent or goes round in circles makes an answer that is not complete', () => {
  for (const files of [
    { 'tsconfig.json': { extends: './tsconfig.json' } },
    { 'tsconfig.json': { extends: './absent.json' } },
    { 'tsconfig.json': '"text"' },
    {},
  ])
    expectTold('tsc', { outputs: [], complete: false }, files);
});

test('whatever stands on a command line, nothing throws', () => {
  const here = project({ 'tsconfig.json': { compilerOptions: { outDir: 'dist' } }, 'package.json': {} });
  const tool = fc.constantFrom(
    ...'tsc vue-tsc eslint oxlint prettier oxfmt webpack vite rollup rolldown esbuild swc babel jest vitest c8 npx node yarn'.split(
      ' ',
    ),
  );
  const flag = fc.constantFrom(
    ...'-p --project -b --outDir --out-dir -o -d --dir -c --config --cache --coverage --root -r --file = - -- --outfile= --no-x . .. / src'.split(
      ' ',
    ),
  );
  const word = fc.oneof(flag, fc.string());
  fc.assert(
    fc.property(tool, fc.array(word, { maxLength: 6 }), (name, words) => {
      const collected = here.collect([name, ...words.map((text) => text.replaceAll(/[ \0]/g, ''))].join(' '));
      for (const glob of collected?.outputs ?? []) expect(glob).not.toMatch(/^$|^\/|(?:^|\/)\.\.(?:\/|$)/);
    }),
    { numRuns: 200 },
  );
});
