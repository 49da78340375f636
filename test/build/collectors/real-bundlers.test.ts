/** Everything that real bundlers write is told, or said to be incomplete. */
import { expect, test, vi } from 'vitest';
import { type Files, project } from './project.ts';

// Each test starts a process that loads a whole bundler.
vi.setConfig({ testTimeout: 60_000 });

const sources: Files = {
  'package.json': { name: 'p', type: 'module' },
  'index.html': '<!doctype html><script type="module" src="/src/index.js"></script>',
  'src/index.js': 'import { a } from "./a.js"; import("./lazy.js"); console.log(a, import.meta.url);',
  'src/a.js': 'export const a = 1;',
  'src/lazy.js': 'export const lazy = 2;',
  'public/robots.txt': 'all',
};

test.each([
  ['webpack --mode none', 'dist/main.js'],
  ['webpack build --mode=development -o out --devtool source-map', 'out/main.js.map'],
  ['vite build', 'dist/robots.txt'],
  ['vite build --outDir=made --manifest --logLevel error', 'made/.vite/manifest.json'],
  ['rolldown src/index.js -d lib', 'lib/index.js'],
])('%s', (line, file) => {
  const ran = project(sources).run(line);
  expect(ran.collected).toMatchObject({ complete: true });
  expect(ran.collected.refuse).toBeUndefined();
  expect(ran.written).toContain(file);
  expect(ran.told).toEqual(ran.written);
  expect(ran.swallowed).toEqual([]);
});

test('where a configuration decides, nothing is taken for granted', () => {
  const config = 'export default { mode: "none", output: { path: import.meta.dirname + "/elsewhere" } };';
  const ran = project({ ...sources, 'webpack.config.mjs': config }).run('webpack');
  expect(ran.collected).toMatchObject({ outputs: [], complete: false });
  expect(ran.collected.configs).toContain('webpack.config.mjs');
  expect(ran.written.some((path) => path.startsWith('elsewhere/'))).toBe(true);
});

test('what a command line says of the place holds against a configuration, which may write more', () => {
  const config = 'export default { build: { outDir: "elsewhere" } };';
  const ran = project({ ...sources, 'vite.config.js': config }).run('vite build --outDir here');
  expect(ran.collected).toMatchObject({ outputs: ['here/**'], complete: false });
  expect(ran.told).toEqual(ran.written);
});
