/** What real tools make, run through the cache, is what they make without it; and they run only when it could differ. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { BuildTask } from 'tidemark/build';
import { whyNoTrace } from '../../../src/build/trace/trace.ts';
import { cloned, type Files, run, write } from './projects.ts';
import { temporary } from './temporary.ts';
import { treeOf } from './trees.ts';

// Each test starts processes that load a whole tool.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { folder, remove } = temporary();
afterAll(remove);

const modules: Files = {
  'package.json': { name: 'p', type: 'module' },
  'src/index.js': 'import { a } from "./a.js"; import("./lazy.js"); console.log(a);',
  'src/a.js': 'export const a = 1;',
  'src/lazy.js': 'export const lazy = 2;',
};
const composite = {
  compilerOptions: { composite: true, outDir: 'dist', rootDir: 'src', module: 'nodenext', types: [], lib: ['es5'] },
  include: ['src'],
};

interface Tool {
  readonly command: readonly string[];
  readonly files: Files;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly changed: Files;
}

const TOOLS: Readonly<Record<string, Tool>> = {
  webpack: {
    command: ['webpack'],
    files: { ...modules, 'webpack.config.mjs': 'export default { mode: "none", devtool: "source-map" };' },
    inputs: ['src/**', 'webpack.config.mjs'],
    outputs: ['dist/**'],
    changed: { 'src/a.js': 'export const a = 7;' },
  },
  vite: {
    command: ['vite', 'build'],
    files: {
      ...modules,
      'index.html': '<!doctype html><script type="module" src="/src/index.js"></script>',
      'vite.config.js': 'export default { build: { manifest: true } };',
      'public/robots.txt': 'all',
    },
    inputs: ['src/**', 'public/**', 'index.html', 'vite.config.js'],
    outputs: ['dist/**'],
    changed: { 'public/robots.txt': 'none' },
  },
  'tsc -b': {
    command: ['tsc', '-b'],
    files: {
      'package.json': { type: 'module' },
      'a/src/a.mts': 'export const a: number = 1;',
      'a/tsconfig.json': composite,
      'b/src/b.ts': 'import { a } from "../../a/src/a.mjs"; export const b: number = a;',
      'b/tsconfig.json': { ...composite, references: [{ path: '../a' }] },
      'tsconfig.json': { files: [], references: [{ path: 'b' }] },
    },
    inputs: ['*/src/**', '**/tsconfig.json'],
    outputs: ['*/dist/**', '**/*.tsbuildinfo'],
    changed: { 'a/src/a.mts': 'export const a: number = 7; export const more: string = "";' },
  },
};

const NOTES = 'notes/today.md';
const why = whyNoTrace();
const canWatch = why === undefined || process.env['REQUIRE_ALL'] === '1';

describe.each(Object.entries(TOOLS))('%s', (_, tool) => {
  const plain = { before: '', after: '' };
  const withoutCache = (directory: string): void => {
    const path = `${directory}/node_modules/.bin:${process.env['PATH']}`;
    const [program, ...words] = tool.command;
    const { status, stdout, stderr } = spawnSync(program, words, {
      cwd: directory,
      env: { ...process.env, PATH: path, NODE_ENV: undefined },
    });
    if (status !== 0) throw new Error(`${program}: ${String(stdout)}${String(stderr)}`);
  };

  /** Clones that are built without the cache: before the change, and after it, from nothing. */
  beforeAll(() => {
    plain.before = cloned(folder(), { ...tool.files, [NOTES]: '' });
    plain.after = cloned(folder(), { ...tool.files, [NOTES]: '', ...tool.changed });
    for (const directory of Object.values(plain)) withoutCache(directory);
  });

  describe.each([
    { how: 'declared', sees: 'declared' },
    { how: 'everything', sees: 'everything' },
    { how: 'observed', sees: 'observed' },
  ] as const)('inputs $how', ({ how }) => {
    test.skipIf(how === 'observed' && !canWatch)(
      `runs once, comes back in another clone, and runs again when a source changes${why === undefined ? '' : ` (${why})`}`,
      async () => {
        const home = folder();
        const find = how === 'observed' ? 'observed' : 'everything';
        const options = { directory: `${home}/cache`, state: `${home}/state`, find } as const;
        const { command, inputs, outputs } = tool;
        const task: Omit<BuildTask, 'workspace'> = how === 'declared' ? { command, inputs, outputs } : { command };
        const here = cloned(folder(), { ...tool.files, [NOTES]: '' });

        const first = await run(here, task, options);
        expect(first).toMatchObject({ outcome: 'ran', exitCode: 0, stored: 'new', inputs: { found: how } });
        expect(first.notes).toEqual([]);
        expect(treeOf(here)).toEqual(treeOf(plain.before));

        const second = await run(here, task, options);
        expect(second).toMatchObject({ outcome: 'hit', restored: { written: 0, removed: 0 } });
        expect(second.printed).toBe(first.printed);

        const clone = cloned(folder(), { ...tool.files, [NOTES]: '' });
        expect(await run(clone, task, options)).toMatchObject({ outcome: 'hit', restored: { kept: 0 } });
        expect(treeOf(clone)).toEqual(treeOf(plain.before));

        write(clone, { [NOTES]: 'nothing that matters' });
        const unrelated = await run(clone, task, options, 'look');
        expect(unrelated).toMatchObject({ outcome: how === 'everything' ? 'would run' : 'hit' });

        const changed = cloned(folder(), { ...tool.files, [NOTES]: '', ...tool.changed });
        expect(await run(changed, task, options, 'look')).toMatchObject({ outcome: 'would run' });
        if (how !== 'observed') return; // what it makes of the change is compared once
        expect(await run(changed, task, options)).toMatchObject({ outcome: 'ran', exitCode: 0, stored: 'new' });
        expect(treeOf(changed)).toEqual(treeOf(plain.after));
        write(here, tool.changed);
        expect(await run(here, task, options)).toMatchObject({ outcome: 'hit' });
        expect(treeOf(here)).toEqual(treeOf(plain.after));
      },
    );
  });
});
