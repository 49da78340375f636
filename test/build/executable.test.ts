/** A command is what it does, not where it is: the same program has one identity, another program another. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { binDirectories } from '../../src/build/bin-directories.ts';
import { executableIdentity } from '../../src/build/executable.ts';
import { StatIndex } from '../../src/build/stat-index.ts';
import { countedDisk, directoryWith, put } from './counted-disk.ts';

const major = `node ${process.versions.node.split('.')[0]}`;
const NODE_SCRIPT = '#!/usr/bin/env node\nimport "./lib.js";\n';

const identity = (command: string, cwd: string, path = process.env['PATH']!): string =>
  executableIdentity(command, { cwd, path: [...binDirectories(cwd, '/'), path].join(':'), index: new StatIndex() });

type Tool = {
  readonly version?: string;
  readonly integrity?: string;
  readonly needs?: string;
  readonly script?: string;
};

/** A repository with one installed tool, whose command is a link in `.bin`, as npm makes it. */
function repository({
  version = '1.0.0',
  integrity = 'sha512-a',
  needs = 'sha512-n',
  script = NODE_SCRIPT,
}: Tool = {}) {
  const lock = {
    packages: {
      'node_modules/tool': { version, integrity, dependencies: { needed: '1' } },
      'node_modules/needed': { version: '1.0.0', integrity: needs },
      'node_modules/unrelated': { version: '1.0.0', integrity: String(Math.random()) },
    },
  };
  const root = directoryWith({
    'node_modules/.package-lock.json': JSON.stringify(lock),
    'node_modules/tool/package.json': JSON.stringify({ name: 'tool', version }),
    'packages/a/i.ts': '',
  });
  put(join(root, 'node_modules/tool/bin/tool.js'), script, 0o755);
  fs.mkdirSync(join(root, 'node_modules/.bin'));
  fs.symlinkSync('../tool/bin/tool.js', join(root, 'node_modules/.bin/tool'));
  return root;
}

describe('the command of a package', () => {
  test('is the package, its place in it, and what runs it, wherever the repository is', () => {
    const text = identity('tool', repository());
    expect(text).toMatch(new RegExp(`^package tool@1\\.0\\.0 [0-9a-f]{64} by ${major}$`));
    expect(identity('tool', join(repository(), 'packages/a'))).toBe(text);
    expect(identity('./node_modules/.bin/tool', repository())).toBe(text);
  });

  test('is another with another version, integrity, dependency or interpreter', () => {
    const repositories = [
      repository(),
      repository({ version: '1.0.1' }),
      repository({ integrity: 'sha512-b' }),
      repository({ needs: 'sha512-m' }),
      repository({ script: '#!/bin/sh\n' }),
    ];
    const identities = repositories.map((root) => identity('tool', root));
    expect(new Set(identities).size).toBe(repositories.length);
  });

  test('is its file, where no lockfile vouches for it', () => {
    const [one, same, other] = ['a', 'a', 'b'].map((script) => {
      const root = repository({ script });
      fs.rmSync(join(root, 'node_modules/.package-lock.json'));
      return identity('tool', root);
    });
    expect(one).toBe(same);
    expect(one).not.toBe(other);
  });

  test('is found through the small scripts that stand in for links', () => {
    const root = repository();
    const linked = identity('tool', root);
    fs.rmSync(join(root, 'node_modules/.bin/tool'));
    const shim = '#!/bin/sh\nbasedir=$(dirname "$0")\nexec node  "$basedir/../tool/bin/tool.js" "$@"\n';
    put(join(root, 'node_modules/.bin/tool'), shim, 0o755);
    expect(identity('tool', root)).toBe(linked);
  });

  test('goes before PATH, the nearest first', () => {
    const root = repository();
    put(join(root, 'bin/tool'), 'other', 0o755);
    put(join(root, 'packages/a/node_modules/.bin/tool'), 'nearest', 0o755);
    const path = join(root, 'bin');
    expect(identity('tool', join(root, 'packages'), path + ':' + process.env['PATH'])).toContain('package tool@1.0.0');
    expect(identity('tool', join(root, 'packages/a'), path)).toMatch(/^content [0-9a-f]{64}$/);
  });
});

describe('any other command', () => {
  const scriptOf = (text: string): string => {
    const root = directoryWith();
    put(join(root, 'run'), text, 0o755);
    return root;
  };

  test('is its content', () => {
    expect(identity('./run', scriptOf('a'))).toBe(identity('run', directoryWith(), scriptOf('a')));
    expect(identity('./run', scriptOf('a'))).not.toBe(identity('./run', scriptOf('b')));
  });

  test('is named with its interpreter', () => {
    const sh = identity('/bin/sh', directoryWith());
    expect(sh).toMatch(/^content [0-9a-f]{64}$/);
    expect(identity('./run', scriptOf('#!/bin/sh -e\ntrue\n'))).toMatch(new RegExp(`^content .* by ${sh}$`));
    for (const line of ['#!/usr/bin/env node', '#! /usr/bin/env -S node --flag', `#!${process.execPath}`])
      expect(identity('./run', scriptOf(`${line}\n`)), line).toMatch(new RegExp(`^content .* by ${major}$`));
  });

  test('that interprets itself ends somewhere', () => {
    const root = directoryWith();
    put(join(root, 'run'), `#!${join(root, 'run')}\n`, 0o755);
    expect(identity('./run', root)).toMatch(/^content .* by content/);
  });

  test('that is node is its version, as exactly as asked', () => {
    const options = { cwd: directoryWith(), index: new StatIndex() };
    expect(executableIdentity(process.execPath, options)).toBe(major);
    const exact = executableIdentity(process.execPath, { ...options, node: 'exact' });
    expect(exact).toBe(`node ${process.versions.node}`);
  });

  test('that is not there, or not a file to run, is refused', () => {
    const root = directoryWith({ plain: 'not executable', 'directory/x': '' });
    for (const command of ['missing', './plain', './directory', ''])
      expect(() => identity(command, root)).toThrow(expect.objectContaining({ code: 'bad_option' }));
  });
});

test('a program that is known by its state is not hashed again', () => {
  const root = directoryWith();
  put(join(root, 'run'), 'x'.repeat(1000), 0o755);
  const { disk, counts } = countedDisk();
  const index = new StatIndex({ disk, clock: { now: () => Date.now() + 60_000, after: () => () => {} } });
  const first = executableIdentity('./run', { cwd: root, index });
  expect(counts.get('openSync')).toBe(1);
  index.nextRun();
  expect(executableIdentity('./run', { cwd: root, index })).toBe(first);
  expect(counts.get('openSync')).toBe(1);
});
