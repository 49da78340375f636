/** A lockfile counts by what a package's dependencies reach: a change elsewhere in it leaves the digest as it is. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/build/digest.ts';
import { lockfileDigest } from '../../src/build/lockfile.ts';
import { directoryWith, put } from './counted-disk.ts';

type Packages = Record<string, Record<string, unknown>>;

const packages: Packages = {
  '': { name: 'root', workspaces: ['packages/*'], devDependencies: { tool: '1' } },
  'packages/a': { version: '1.0.0', dependencies: { x: '1', b: '1' }, devDependencies: { dev: '1' } },
  'packages/b': { version: '1.0.0', dependencies: { y: '1' }, devDependencies: { 'dev-of-b': '1' } },
  'packages/c': { version: '1.0.0', dependencies: { z: '1' } },
  'node_modules/a': { resolved: 'packages/a', link: true },
  'node_modules/b': { resolved: 'packages/b', link: true },
  'node_modules/c': { resolved: 'packages/c', link: true },
  'node_modules/x': { version: '1.0.0', integrity: 'sha512-x', dependencies: { y: '2' }, peerDependencies: { p: '1' } },
  'node_modules/x/node_modules/y': { version: '2.0.0', integrity: 'sha512-y2' },
  'node_modules/y': { version: '1.0.0', integrity: 'sha512-y1' },
  'node_modules/z': { version: '1.0.0', integrity: 'sha512-z', optionalDependencies: { '@s/o': '1' } },
  'node_modules/@s/o': { version: '1.0.0', integrity: 'sha512-o', dependencies: { '@s/q': '1' } },
  'node_modules/@s/q': { version: '1.0.0', integrity: 'sha512-q', dependencies: { z: '1' } },
  'node_modules/dev': { version: '1.0.0', integrity: 'sha512-dev' },
  'node_modules/dev-of-b': { version: '1.0.0', integrity: 'sha512-devb' },
  'node_modules/tool': { version: '1.0.0', integrity: 'sha512-tool' },
};

function monorepo(): string {
  return directoryWith({ 'packages/a/i.ts': '', 'packages/c/i.ts': '', 'package-lock.json': lockWith(packages) });
}

const lockWith = (of: Packages): string => JSON.stringify({ name: 'root', lockfileVersion: 3, packages: of }, null, 2);

/** Which of two packages notice that something in the lockfile changes. */
function noticedBy(change: Packages): string {
  const root = monorepo();
  const of = (name: string): unknown => lockfileDigest({ package: join(root, 'packages', name) });
  const before = ['a', 'c'].map(of);
  put(join(root, 'package-lock.json'), lockWith({ ...packages, ...change }));
  return ['a', 'c'].filter((name, i) => of(name) !== before[i]).join(' ');
}

const another = (place: string, integrity = 'sha512-other'): Packages => ({
  [place]: { ...packages[place], integrity },
});

describe('a change in an npm lockfile is noticed by', () => {
  test.each<[what: string, change: Packages, noticedBy: string]>([
    ['nobody but the package that depends on it', another('node_modules/x'), 'a'],
    ['who reaches it through others', another('node_modules/x/node_modules/y'), 'a'],
    ['who reaches it through a workspace', another('node_modules/y'), 'a'],
    ['who reaches it through optional ones, in a circle', another('node_modules/@s/q'), 'c'],
    ['the package that develops with it', another('node_modules/dev'), 'a'],
    ['nobody, where another workspace develops with it', another('node_modules/dev-of-b'), ''],
    ['everybody, where the root declares it', another('node_modules/tool'), 'a c'],
    ['whom a missing peer appears for', { 'node_modules/p': { version: '1.0.0', integrity: 'sha512-p' } }, 'a'],
    ['whom a nearer one is put before', { 'node_modules/z/node_modules/@s/o': { version: '9.0.0' } }, 'c'],
    ['nobody, where nobody needs it', { 'node_modules/new': { version: '1.0.0', integrity: 'sha512-new' } }, ''],
    ['nobody, where only the host differs', { 'node_modules/x': { ...packages['node_modules/x'], resolved: 'u' } }, ''],
    ['whom it has no integrity for', { 'node_modules/y': { version: '1.0.0', resolved: 'git+ssh://h#1' } }, 'a'],
  ])('%s', (_, change, expected) => {
    expect(noticedBy(change)).toBe(expected);
  });
});

test('the order of entries and the white space of an npm lockfile do not count', () => {
  const root = monorepo();
  const before = lockfileDigest({ package: join(root, 'packages/a') });
  const reordered = Object.fromEntries(Object.entries(packages).toReversed());
  put(join(root, 'package-lock.json'), JSON.stringify({ packages: reordered }));
  expect(lockfileDigest({ package: join(root, 'packages/a') })).toBe(before);
});

test.each([
  ['npm-shrinkwrap.json', lockWith({})],
  ['package-lock.json', '{ not JSON'],
  ['package-lock.json', 'null'],
  ['package-lock.json', '{"lockfileVersion":1,"dependencies":{}}'],
  ['package-lock.json', '{"packages":{"":null,"packages/a":{}}}'],
  ['package-lock.json', lockWith({ '': {} })],
  ['package-lock.json', lockWith({ ...packages, 'node_modules/b': { link: true, resolved: 'nowhere' } })],
  ['pnpm-lock.yaml', 'lockfileVersion: 9'],
  ['yarn.lock', '# yarn'],
  ['bun.lockb', '\0\u0001'],
])('%s with %j counts as a whole', (name, text) => {
  const root = directoryWith({ 'packages/a/i.ts': '', [name]: text });
  expect(lockfileDigest({ package: join(root, 'packages/a') })).toBe(digestOf(text));
});

test.each(['dependencies', 'peerDependencies'])('%s of a kind that nothing can be made of are no crash', (kind) => {
  for (const value of [null, 7, 'text', []]) {
    const text = lockWith({ '': {}, 'packages/a': { [kind]: value } });
    const root = directoryWith({ 'packages/a/i.ts': '', 'package-lock.json': text });
    expect(lockfileDigest({ package: join(root, 'packages/a') })).toMatch(/^[0-9a-f]{64}$/);
  }
});

test('a lockfile that cannot be read is an error', () => {
  const root = directoryWith({ 'a/i.ts': '' });
  fs.mkdirSync(join(root, 'yarn.lock'));
  expect(() => lockfileDigest({ package: join(root, 'a') })).toThrow(expect.objectContaining({ code: 'store_failed' }));
});
