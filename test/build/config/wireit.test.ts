/** Blocks of wireit mean here what they mean there; what can't be carried over is told. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { select } from '../../../src/build/config/select.ts';
import { readWorkspace } from '../../../src/build/config/workspace.ts';
import { directoryOf, planned, said, workspaceOf } from './workspaces.ts';

const one = (wireit: object, others: object = {}): Readonly<Record<string, unknown>> => ({
  'package.json': { name: 'one', wireit, ...others },
});

test('a block has the command of the script that only says wireit', () => {
  const workspace = workspaceOf(
    one(
      { build: { command: 'tsc', files: ['src/**', '!src/*.md', '/tsconfig.json'], output: ['lib/**'] } },
      { scripts: { build: 'wireit', prebuild: 'not run' } },
    ),
  );
  expect(said(workspace, 'one#build')).toEqual({
    command: 'tsc',
    inputs: ['src/**', '!src/*.md', 'tsconfig.json'],
    outputs: ['lib/**'],
    exclude: ['**/.hg/**', '**/.svn/**', '**/.wireit/**', '**/.yarn/**', '**/CVS/**'],
    clean: 'always',
  });
  expect(planned(workspace, 'one#build').cache).toBe(true);
  expect(workspace.notes).toEqual([]);
});

test.each([
  ['files', { output: [] }],
  ['output', { files: [] }],
])('a script without %s runs each time, since nobody says that it needn’t', (_, block) => {
  const workspace = workspaceOf(one({ deploy: { command: 'x', ...block } }));
  expect(planned(workspace, 'one#deploy').cache).toBe(false);
  // What is declared by half would be refused by the cache.
  expect(said(workspace, 'one#deploy').inputs).toBeUndefined();
});

test.each([
  [undefined, 'always'],
  [true, 'always'],
  [false, 'never'],
  ['if-file-deleted', 'stale'],
])('clean: %s', (clean, expected) => {
  const workspace = workspaceOf(one({ build: { command: 'x', output: ['lib'], clean } }));
  expect(said(workspace, 'one#build').clean).toBe(expected);
});

test('variables are set, or come from outside, with a default where nobody sets them', () => {
  const env = {
    SET: 'a',
    EMPTY: '',
    OUTSIDE: { external: true },
    GIVEN: { external: true, default: 'b' },
    MISSING: { external: true, default: 'c' },
  };
  const root = directoryOf(one({ build: { command: 'x', env } }));
  const { env: names, set } = said(readWorkspace(root, { environment: { GIVEN: 'g' } }), 'one#build');
  expect(names).toEqual(['OUTSIDE', 'GIVEN', 'MISSING']);
  expect(set).toEqual({ SET: 'a', EMPTY: '', MISSING: 'c' });
});

describe('dependencies', () => {
  test('are scripts of the package or of one at a path, though no workspace names it', () => {
    const workspace = workspaceOf({
      ...one({
        a: { command: 'a', dependencies: ['b', './sub/two:c:d', { script: 'e', cascade: false }] },
        b: { command: 'b' },
        e: { command: 'e' },
      }),
      'sub/two/package.json': { name: 'two', wireit: { 'c:d': { command: 'c' } } },
    });
    expect(planned(workspace, 'one#a')).toMatchObject({
      dependsOn: ['one#b', 'one#e', 'two#c:d'],

      counted: ['one#b', 'two#c:d'],
    });
  });

  test('may be plain scripts, which run each time', () => {
    const workspace = workspaceOf({
      ...one({ a: { command: 'a', dependencies: ['plain', './sub:far'] } }, { scripts: { plain: 'echo plain' } }),
      'sub/package.json': { name: 'sub', scripts: { far: 'echo far' } },
    });
    expect(planned(workspace, 'one#plain')).toMatchObject({ cache: false, task: { command: 'echo plain' } });
    expect(planned(workspace, 'sub#far').cache).toBe(false);
  });

  test('on plain scripts of which something is said elsewhere are as that says', () => {
    const files = one({ a: { command: 'a', dependencies: ['plain'] } }, { scripts: { plain: 'echo plain' } });
    const workspace = workspaceOf({ ...files, 'tidemark.build.json': { tasks: { plain: {} } } });
    expect(planned(workspace, 'one#plain').cache).toBe(true);
  });

  test('of a script without a command are what it stands for', () => {
    const root = directoryOf(one({ all: { dependencies: ['a', 'b'] }, a: { command: 'a' }, b: { command: 'b' } }));
    expect(select(readWorkspace(root), ['all'], { from: root }).wanted).toEqual(['one#a', 'one#b']);
  });

  test('through a script without a command in another package add no inputs', () => {
    const workspace = workspaceOf({
      ...one({ a: { command: 'a', files: ['src/**'], output: [], dependencies: ['./sub:all'] } }),
      'sub/package.json': { name: 'sub', wireit: { all: { dependencies: ['b'] }, b: { command: 'b' } } },
    });
    expect(planned(workspace, 'one#a')).toMatchObject({ dependsOn: ['sub#b'], task: { inputs: ['src/**'] } });
  });

  test('that nobody describes are an error with the nearest name', () => {
    expect(() => workspaceOf(one({ build: { command: 'x' }, a: { command: 'a', dependencies: ['bulid'] } }))).toThrow(
      /package\.json:\d+: there is no task "bulid"; did you mean "build"\?/,
    );
  });
});

test('other names of lockfiles count, in the package and above', () => {
  const workspace = workspaceOf({
    'package.json': { name: 'root', workspaces: ['a/b'] },
    'a/b/package.json': { name: 'one', wireit: { build: { command: 'x', packageLocks: ['other.lock'] } } },
  });
  expect(said(workspace, 'one#build').configs).toEqual(['other.lock', '../other.lock', '../../other.lock']);
});

test.each([true, { readyWhen: { lineMatches: 'listening' } }])('a service (%j) is known but not run', (service) => {
  const root = directoryOf(one({ serve: { command: 'x', service }, test: { command: 'y', dependencies: ['serve'] } }));
  const workspace = readWorkspace(root);
  expect(planned(workspace, 'one#serve')).toMatchObject({ persistent: true, cache: false });
  expect(() => select(workspace, ['serve'], { from: root })).toThrow(/one#serve goes on until it is stopped/);
  expect(() => select(workspace, ['test'], { from: root })).toThrow(/one#serve .* one#test rests on it/);
});

describe('what depends on the order of patterns', () => {
  test('is kept where the later ones can’t add what was taken away', () => {
    const files = ['src/**', '!src/gen/**', '!src/*.md', 'test/**'];
    const workspace = workspaceOf(one({ build: { command: 'x', files, output: [] } }));
    expect(said(workspace, 'one#build').inputs).toEqual(files);
    expect(workspace.notes).toEqual([]);
  });

  test('counts too much rather than too little as an input, and is noted', () => {
    const files = ['src/**', '!src/gen/**', 'src/gen/kept.ts', '!src/*.md'];
    const workspace = workspaceOf(one({ build: { command: 'x', files, output: [] } }));
    expect(said(workspace, 'one#build').inputs).toEqual(['src/**', 'src/gen/kept.ts', '!src/*.md']);
    expect(workspace.notes).toEqual([
      expect.stringMatching(/package\.json:4: wireit\.build: files: .*!src\/gen\/\*\*/),
    ]);
  });

  test('is neither kept nor removed as an output, and is noted', () => {
    const workspace = workspaceOf(
      one({ build: { command: 'x', files: [], output: ['lib/**', '!lib/a/**', '**/*.js'] } }),
    );
    expect(planned(workspace, 'one#build')).toMatchObject({ cache: false, task: { clean: 'never' } });
    expect(workspace.notes).toEqual([expect.stringContaining('wireit.build: output:')]);
  });
});

test('that the lockfile is said not to count is noted: it does', () => {
  expect(workspaceOf(one({ build: { command: 'x', packageLocks: [] } })).notes).toEqual([
    expect.stringContaining('packageLocks'),
  ]);
});

test('an option that wireit doesn’t have is an error with its line', () => {
  expect(() => workspaceOf(one({ build: { command: 'x', outputs: [] } }))).toThrow(
    /package\.json:6: wireit\.build has no option "outputs"; did you mean "output"\?/,
  );
});

test('tidemark.build.json is laid over it, and may leave it out', () => {
  const files = one({ build: { command: 'x' } });
  const over = workspaceOf({
    ...files,
    'tidemark.build.json': { tasks: { build: { outputs: ['lib'], cache: true } } },
  });
  expect(planned(over, 'one#build')).toMatchObject({ cache: true, task: { command: 'x', outputs: ['lib'] } });
  expect(workspaceOf({ ...files, 'tidemark.build.json': { formats: ['turbo'] } }).tasks.size).toBe(0);
});

test('packages outside of the workspace are none of it', () => {
  const root = directoryOf({
    'in/package.json': { name: 'one', wireit: { a: { command: 'a', dependencies: ['../out:b'] } } },
    'out/package.json': { name: 'two', wireit: { b: { command: 'b' } } },
  });
  expect(() => readWorkspace(join(root, 'in'))).toThrow(/out is no package of the workspace/);
});
