/** Tidemark's own configuration: what it may say, where, and how mistakes in it are told. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../../src/build/config/root.ts';
import { readWorkspace } from '../../../src/build/config/workspace.ts';
import { directoryOf, planned, said, three, workspaceOf } from './workspaces.ts';

const SCRIPTS = three({ app: ['build', 'test'], lib: ['build', 'test'], base: ['build'] });

describe('tasks', () => {
  test('without a command stand for the script of every package that has one', () => {
    const workspace = workspaceOf({
      ...SCRIPTS,
      'tidemark.build.json': { tasks: { build: {}, test: { outputs: [] } } },
    });
    expect([...workspace.tasks.keys()].toSorted()).toEqual([
      'app#build',
      'app#test',
      'base#build',
      'lib#build',
      'lib#test',
    ]);
    expect(said(workspace, 'app#test')).toEqual({
      command: 'echo test',
      outputs: [],
      set: { npm_lifecycle_event: 'test', npm_package_name: 'app' },
    });
  });

  test('with a command are of the package of the file', () => {
    const workspace = workspaceOf({
      ...SCRIPTS,
      'tidemark.build.json': { tasks: { lint: { command: ['eslint', '', '.'] } } },
    });
    expect([...workspace.tasks.keys()]).toEqual(['root#lint']);
    expect(said(workspace, 'root#lint')).toEqual({ command: ['eslint', '', '.'] });
  });

  test('without a command are the script of the root only where no other package has it', () => {
    const workspace = workspaceOf({
      ...SCRIPTS,
      'package.json': {
        name: 'root',
        workspaces: ['packages/*'],
        scripts: { build: 'npm run build -ws', lint: 'eslint .' },
      },
      'tidemark.build.json': { tasks: { build: {}, lint: {} } },
    });
    expect([...workspace.tasks.keys()].toSorted()).toEqual(['app#build', 'base#build', 'lib#build', 'root#lint']);
  });

  test("of a package's own file add to those of the root, and override them option by option", () => {
    const workspace = workspaceOf({
      ...SCRIPTS,
      'tidemark.build.json': { tasks: { build: { inputs: ['src'], outputs: ['dist'] } } },
      'packages/app/tidemark.build.json': { tasks: { build: { outputs: ['out'] }, docs: { command: 'typedoc' } } },
    });
    expect(said(workspace, 'app#build')).toMatchObject({ inputs: ['src'], outputs: ['out'] });
    expect(said(workspace, 'lib#build')).toMatchObject({ inputs: ['src'], outputs: ['dist'] });
    expect(said(workspace, 'app#docs')).toEqual({ command: 'typedoc' });
  });

  test('run the scripts before and after theirs', () => {
    const scripts = { prebuild: 'a; b', build: 'tsc', postbuild: 'c' };
    const workspace = workspaceOf({
      'package.json': { name: 'one', scripts, tidemark: { build: { tasks: { build: {} } } } },
    });
    expect(said(workspace, 'one#build').command).toBe('(a; b) && (tsc) && (c)');
  });

  test('get the variables of the whole workspace and their own', () => {
    const workspace = workspaceOf({
      'package.json': { name: 'one' },
      'tidemark.build.json': {
        env: ['A'],
        passEnv: ['P'],
        tasks: {
          build: {
            command: 'x',
            env: ['B_*'],
            passEnv: ['Q'],
            configs: ['c.json'],
            clean: 'stale',
            node: 'exact',
            exclude: ['tmp'],
          },
        },
      },
    });
    expect(said(workspace, 'one#build')).toEqual({
      command: 'x',
      env: ['A', 'B_*'],
      passEnv: ['P', 'Q'],
      configs: ['c.json'],
      clean: 'stale',
      node: 'exact',
      exclude: ['tmp'],
    });
  });

  test('of excluded packages, and those that say so, are not cached', () => {
    const workspace = workspaceOf({
      ...SCRIPTS,
      'tidemark.build.json': { exclude: ['a*', 'zz'], tasks: { build: {}, test: { cache: false } } },
    });
    const cached = [...workspace.tasks.values()].filter(({ cache }) => cache).map(({ id }) => id);
    expect(cached.toSorted()).toEqual(['base#build', 'lib#build']);
  });

  test('whose script starts tidemark again are not run, and that is noted', () => {
    const scripts = { build: 'tidemark run build', lint: 'npx tidemark run --env CI -- eslint .' };
    const workspace = workspaceOf({
      'package.json': { name: 'one', scripts },
      'tidemark.build.json': { tasks: { build: {}, lint: {} } },
    });
    expect([...workspace.tasks.keys()]).toEqual(['one#lint']);
    expect(workspace.notes).toEqual([expect.stringContaining('one#build')]);
  });
});

describe('dependencies', () => {
  test('upstream are those of the packages that a package depends on, past those without the script', () => {
    const files = three({ app: ['build'], lib: [], base: ['build'] });
    const workspace = workspaceOf({ ...files, 'tidemark.build.json': { tasks: { build: { dependsOn: ['^build'] } } } });
    expect(planned(workspace, 'app#build').dependsOn).toEqual(['base#build']);
  });

  test('upstream are found past packages of which nobody says anything', () => {
    const workspace = workspaceOf({
      ...SCRIPTS,
      'packages/app/tidemark.build.json': { tasks: { build: { dependsOn: ['^gen'] } } },
      'packages/base/tidemark.build.json': { tasks: { gen: { command: 'gen' } } },
    });
    expect(planned(workspace, 'app#build').dependsOn).toEqual(['base#gen']);
  });

  test('are in the same package, in one by its name, or in one by its directory', () => {
    const workspace = workspaceOf({
      ...SCRIPTS,
      'tidemark.build.json': { tasks: { build: {}, test: { dependsOn: ['build'] } } },
      'packages/app/tidemark.build.json': { tasks: { test: { dependsOn: ['build', 'lib#test', '../base#build'] } } },
    });
    expect(planned(workspace, 'app#test').dependsOn).toEqual(['app#build', 'base#build', 'lib#test']);
    expect(planned(workspace, 'lib#test').dependsOn).toEqual(['lib#build']);
  });

  test('count with all that they rest on', () => {
    const workspace = workspaceOf({
      ...SCRIPTS,
      'tidemark.build.json': { tasks: { build: { dependsOn: ['^build'] } } },
    });
    expect(planned(workspace, 'app#build')).toMatchObject({
      dependsOn: ['lib#build'],
      counted: ['base#build', 'lib#build'],
    });
  });

  test('lead through tasks that only stand for others', () => {
    const workspace = workspaceOf({
      'package.json': { name: 'one' },
      'tidemark.build.json': {
        tasks: {
          all: { dependsOn: ['a', 'b'] },
          a: { command: 'a' },
          b: { command: 'b' },
          c: { command: 'c', dependsOn: ['all'] },
        },
      },
    });
    expect(planned(workspace, 'one#c').dependsOn).toEqual(['one#a', 'one#b']);
    expect(workspace.groups.get('one#all')).toEqual(['one#a', 'one#b']);
  });

  test('on a package that is used unbuilt make its sources inputs of a task that declares inputs', () => {
    const files = three({ app: ['build'], lib: [], base: ['build'] });
    const workspace = workspaceOf({
      ...files,
      'tidemark.build.json': { tasks: { build: { dependsOn: ['^build'], inputs: ['src/**', '!src/*.md'] } } },
    });
    expect(said(workspace, 'app#build').inputs).toEqual(['src/**', '!src/*.md', '../lib/src/**', '!../lib/src/*.md']);
    expect(said(workspace, 'base#build').inputs).toEqual(['src/**', '!src/*.md']);
  });
});

describe('settings', () => {
  test('are read with units of any case, and with paths from the file', () => {
    const root = directoryOf({
      '.git/HEAD': '',
      'tidemark.build.json': `{
        // comments, and a comma too many
        "cacheDir": "../cache", "maxSize": "10GB", "maxAge": "30D", "verify": true, "links": "hard", "compress": false,
        "concurrency": 3, "remote": { "url": "https://cache.example/x", "readOnly": true, "token": "CACHE_TOKEN" },
      }`,
      'packages/a/x': '',
    });
    expect(readSettings(join(root, 'packages', 'a'))).toEqual({
      directory: root,
      settings: {
        cacheDir: join(root, '..', 'cache'),
        maxSize: 10 * 1024 ** 3,
        maxAge: 30 * 24 * 3_600_000,
        verify: true,
        links: 'hard',
        compress: false,
        concurrency: 3,
        remote: [{ url: 'https://cache.example/x', readOnly: true, token: 'CACHE_TOKEN' }],
      },
    });
  });

  test('may name several remotes', () => {
    const root = directoryOf({
      'tidemark.build.json': { remote: [{ directory: 'near' }, { url: 'http://far.example' }] },
    });
    expect(readSettings(root).settings.remote).toEqual([
      { directory: join(root, 'near') },
      { url: 'http://far.example' },
    ]);
  });

  test('are the same in package.json, where other parts of its block are left alone', () => {
    const root = directoryOf({
      'package.json': { name: 'one', tidemark: { build: { verify: true }, documents: { any: 1 } } },
    });
    expect(readSettings(root).settings).toEqual({ verify: true });
  });
});

describe('the root is', () => {
  const at = (files: Readonly<Record<string, unknown>>, from: string): string => {
    const root = directoryOf(files);
    return readSettings(join(root, from)).directory.slice(root.length);
  };
  test('the nearest directory with workspaces', () => {
    expect(at({ ...SCRIPTS, '.git/HEAD': '' }, 'packages/app')).toBe('');
    expect(at({ '.git/HEAD': '', 'a/tidemark.build.json': { workspaces: ['b'] }, 'a/b/package.json': {} }, 'a/b')).toBe(
      '/a',
    );
    expect(
      at({ '.git/HEAD': '', 'a/package.json': { tidemark: { build: { workspaces: [] } } }, 'a/b/c': '' }, 'a/b'),
    ).toBe('/a');
    expect(at({ '.git/HEAD': '', 'a/package.json': { workspaces: { packages: ['b'] } }, 'a/b/c': '' }, 'a/b')).toBe(
      '/a',
    );
  });
  test('else that with .git', () => expect(at({ '.git/HEAD': '', 'a/package.json': {} }, 'a')).toBe(''));
  test('else that of the package', () => expect(at({ 'a/package.json': {}, 'a/b/c': '' }, 'a/b')).toBe('/a'));
  test('else the directory itself', () => expect(at({ 'a/b/c': '' }, 'a/b')).toBe('/a/b'));
});

test('a package that no glob names is part of the workspace while we are in it', () => {
  const root = directoryOf({ ...SCRIPTS, 'examples/one/package.json': { name: 'one' } });
  expect(readWorkspace(root).packages.map(({ name }) => name)).toEqual(['root', 'app', 'base', 'lib']);
  expect(readWorkspace(join(root, 'examples', 'one')).packages.map(({ name }) => name)).toContain('one');
});

test('packages depend on each other by what package.json says of them', () => {
  const workspace = workspaceOf({
    ...SCRIPTS,
    'packages/lib/package.json': {
      name: 'lib',
      devDependencies: { base: '*', app: 'npm:other@1' },
      optionalDependencies: { elsewhere: '1' },
    },
  });
  expect(Object.fromEntries(workspace.packages.map(({ name, dependencies }) => [name, dependencies]))).toEqual({
    root: [],
    app: ['lib'],
    base: [],
    lib: ['base'],
  });
});

test('workspaces of pnpm alone are asked for, but settings of pnpm make no workspace', () => {
  const yaml = { 'package.json': { name: 'one' }, 'pnpm-workspace.yaml': "packages:\n  - 'packages/*'\n" };
  expect(() => workspaceOf(yaml)).toThrow(/pnpm-workspace\.yaml isn't read.*"workspaces": \["packages\/\*"\]/);
  expect(workspaceOf({ ...yaml, 'tidemark.build.json': { workspaces: ['packages/*'] } }).packages).toHaveLength(1);
  expect(
    workspaceOf({ ...yaml, 'pnpm-workspace.yaml': 'onlyBuiltDependencies:\n  - esbuild\n' }).packages,
  ).toHaveLength(1);
});

describe('a mistake is told with its file, its line and its name', () => {
  const own = (value: object): Readonly<Record<string, unknown>> => ({
    'package.json': { name: 'one' },
    'tidemark.build.json': value,
  });
  test.each<[what: string, files: Readonly<Record<string, unknown>>, message: string]>([
    [
      'an unknown option',
      own({ maxsize: 1 }),
      'tidemark.build.json:2: the file has no option "maxsize"; did you mean "maxSize"?',
    ],
    [
      'an unknown option of a task',
      own({ tasks: { build: { command: 'x', input: [] } } }),
      'tidemark.build.json:5: tasks.build has no option "input"; did you mean "inputs"?',
    ],
    [
      'a word for a list',
      own({ tasks: { build: { inputs: 'src' } } }),
      'tidemark.build.json:4: tasks.build.inputs must be a list, not "src"',
    ],
    [
      'an empty glob',
      own({ tasks: { build: { inputs: ['a', ''] } } }),
      'tidemark.build.json:6: tasks.build.inputs.1 must be non-empty text, not ""',
    ],
    [
      'a word that none may be',
      own({ links: 'soft' }),
      'tidemark.build.json:2: links must be one of "none", "hard", not "soft"',
    ],
    ['a flag as text', own({ verify: 'yes' }), 'tidemark.build.json:2: verify must be true or false, not "yes"'],
    ['a size', own({ maxSize: '10 apples' }), 'tidemark.build.json:2: maxSize must be bytes'],
    ['an age', own({ maxAge: 'old' }), 'tidemark.build.json:2: maxAge must be milliseconds'],
    [
      'no tasks at once',
      own({ concurrency: 0 }),
      'tidemark.build.json:2: concurrency must be a whole number from 1 up, not 0',
    ],
    [
      'a remote of two kinds',
      own({ remote: { url: 'http://a.b', directory: 'c' } }),
      'remote must have either a url or a directory',
    ],
    [
      'an address of another kind',
      own({ remote: { url: 'ftp://a.b' } }),
      'tidemark.build.json:3: remote.url must begin with http',
    ],
    [
      'a name that is a place',
      own({ tasks: { 'web#build': {} } }),
      'tidemark.build.json:3: tasks.web#build: a task\'s name has no "#"',
    ],
    [
      'a circumflex alone',
      own({ tasks: { a: { command: 'x', dependsOn: ['^'] } } }),
      'tidemark.build.json:6: tasks.a.dependsOn.0 must be like "build"',
    ],
    [
      'a missing dependency',
      own({ tasks: { a: { command: 'x', dependsOn: ['bild'] }, build: {} } }),
      'tidemark.build.json:6: there is no task "bild"; did you mean "build"?',
    ],
    [
      'a missing package',
      own({ tasks: { a: { command: 'x', dependsOn: ['on#a'] } } }),
      'tidemark.build.json:6: there is no package "on"; did you mean "one"?',
    ],
    [
      'a missing upstream task',
      own({ tasks: { a: { command: 'x', dependsOn: ['^b'] } } }),
      ':6: there is no task "b"; did you mean "a"?',
    ],
    [
      'a directory without a package',
      own({ tasks: { a: { command: 'x', dependsOn: ['./x#a'] } } }),
      '/x is no package of the workspace',
    ],
    [
      'broken JSON',
      { 'tidemark.build.json': '{\n  "verify": true\n  "links": "none"\n}' },
      "tidemark.build.json:3: this isn't JSON: comma expected",
    ],
    ['nothing', { 'tidemark.build.json': '' }, "tidemark.build.json:1: this isn't JSON"],
    ['a comment in package.json', { 'package.json': '{ "name": "one" // one\n}' }, "package.json:1: this isn't JSON"],
    [
      'an option twice',
      { 'tidemark.build.json': '{ "verify": true,\n"verify": false }' },
      'tidemark.build.json:2: verify is said twice',
    ],
    [
      'settings twice',
      { 'tidemark.build.json': {}, 'package.json': { tidemark: { build: {} } } },
      'tidemark.build is here and in tidemark.build.json beside it',
    ],
    [
      'settings in a package',
      { ...SCRIPTS, 'packages/app/tidemark.build.json': { cacheDir: 'x' } },
      "tidemark.build.json:2: cacheDir is said in the file of the workspace's root",
    ],
    [
      'two packages of one name',
      { ...SCRIPTS, 'packages/b/package.json': { name: 'lib' } },
      'two packages are called "lib"',
    ],
    ['packages elsewhere', { 'package.json': { workspaces: ['../x'] } }, 'must stay below the root'],
  ])('%s', (_, files, message) => {
    expect(() => workspaceOf(files)).toThrow(
      expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(message) as string }),
    );
  });
});
