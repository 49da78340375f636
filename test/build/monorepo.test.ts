/** The workspace that real builds are tried on is what it says. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeMonorepo } from './monorepo.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tidemark-monorepo-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function filesOf(directory: string): Readonly<Record<string, string>> {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = found.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  return Object.fromEntries(paths.toSorted().map((path) => [path, readFileSync(join(directory, path), 'utf8')]));
}

test('it has the same bytes wherever it is made, in layers that rest on lower ones only', () => {
  const [one, other] = [makeMonorepo(folder(), { packages: 30 }), makeMonorepo(folder(), { packages: 30 })];
  expect(filesOf(one.directory)).toEqual(filesOf(other.directory));
  const layerOf = new Map(one.packages.map(({ name, layer }) => [name, layer]));
  expect(new Set(layerOf.values())).toEqual(new Set([0, 1, 2, 3, 4]));
  for (const { layer, dependencies } of one.packages) {
    expect(dependencies.length).toBeGreaterThanOrEqual(layer === 0 ? 0 : 1);
    for (const dependency of dependencies) expect(layerOf.get(dependency)).toBeLessThan(layer);
  }
});

test('its packages build from the bottom up, and tell what they came to', () => {
  const { directory, packages } = makeMonorepo(folder(), { packages: 5 });
  const log = join(directory, 'log');
  const said = (script: string) =>
    packages.map((one) =>
      execFileSync(process.execPath, [join(directory, 'scripts', script)], {
        cwd: one.directory,
        encoding: 'utf8',
        env: { MONOREPO_LOG: log },
      }).trim(),
    );
  expect(said('compile.mjs')[0]).toBe('@mono/p00: 4 files compiled');
  expect(said('check.mjs')[0]).toBe('@mono/p00: value 3');
  const names = packages.map(({ name }) => name);
  expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual(
    ['build', 'test'].flatMap((task) => names.map((name) => `${name}#${task}`)),
  );
});
