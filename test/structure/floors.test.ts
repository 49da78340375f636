/** Imports only look down: every import in src is read and compared with the floors. */
import { expect, test } from 'vitest';
import { filesBelow, importsOf, manifest, resolveFrom } from '../support/repository.ts';

const contracts = ['engine'];
const implementations = ['stores', 'logs', 'backends', 'policies', 'codecs'];
const products = ['documents', 'content', 'build', 'embedded', 'graph'];
const lower = [...contracts, ...implementations];

/** What each place may import besides itself; the main door `src/index.ts` is the place with the empty name. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  engine: [],
  ...Object.fromEntries(implementations.map((name) => [name, contracts])),
  stores: ['engine', 'policies', 'codecs', 'logs'], // one of them is a backend
  backends: ['engine', 'codecs', 'logs'],
  ...Object.fromEntries(products.map((name) => [name, lower])),
  dashboard: [...lower, ...products],
  cli: [...lower, ...products, 'dashboard'],
  testing: [...lower, 'documents', 'build'], // what is built on needs a conformance suite, too
  '': lower,
};

const runtime = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });

const files = filesBelow('src', '.ts');

test('src has files, and each stands on a known floor', () => {
  expect(files.length).toBeGreaterThan(0);
  expect(files.filter((path) => !(placeOf(path) in allowed))).toEqual([]);
  expect(files.filter((path) => placeOf(path) === '')).toEqual(['src/index.ts']);
});

test('imports only look down', () => {
  const upward = relativeImports().filter(([importer, , target]) => {
    const [from, to] = [placeOf(importer), placeOf(target)];
    return from === to ? from === '' : !allowed[from]?.includes(to);
  });
  expect(upward.map(([importer, specifier]) => `${importer} imports ${specifier}`)).toEqual([]);
});

test('imports stay inside src', () => {
  const outside = relativeImports().filter(([, , target]) => !target.startsWith('src/'));
  expect(outside.map(([importer, specifier]) => `${importer} imports ${specifier}`)).toEqual([]);
});

test('a bare import is a declared runtime dependency or part of Node', () => {
  const undeclared = allImports().filter(([, specifier]) => !isRelative(specifier) && !isDeclared(specifier));
  expect(undeclared.map(([importer, specifier]) => `${importer} imports ${specifier}`)).toEqual([]);
});

/** `src/stores/memory.ts` stands in `stores`, `src/index.ts` in the place with the empty name. */
function placeOf(path: string): string {
  return path.split('/').slice(1, -1)[0] ?? '';
}

function allImports(): readonly (readonly [importer: string, specifier: string])[] {
  return files.flatMap((importer) => importsOf(importer).map((specifier) => [importer, specifier] as const));
}

function relativeImports(): readonly (readonly [importer: string, specifier: string, target: string])[] {
  return allImports()
    .filter(([, specifier]) => isRelative(specifier))
    .map(([importer, specifier]) => [importer, specifier, resolveFrom(importer, specifier)]);
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('./') || specifier.startsWith('../');
}

/** `node:` is let through here: where it may stand is decided by the portable doors, which must bundle without it. */
function isDeclared(specifier: string): boolean {
  return (
    specifier.startsWith('node:') || runtime.some((name) => specifier === name || specifier.startsWith(`${name}/`))
  );
}
