/** turbo.json means here what it means there; what can't be carried over is told. */
import { describe, expect, test } from 'vitest';
import { select } from '../../../src/build/config/select.ts';
import { readWorkspace } from '../../../src/build/config/workspace.ts';
import { directoryOf, planned, said, three, workspaceOf } from './workspaces.ts';

const SCRIPTS = three({ app: ['build', 'test', 'dev'], lib: ['build', 'test'], base: ['build'] });
const turbo = (file: object, others: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  ...SCRIPTS,
  'turbo.json': file,
  ...others,
});

test.each(['tasks', 'pipeline'])('%s are the scripts of packages, in the order of dependsOn', (name) => {
  const workspace = workspaceOf(
    turbo({ [name]: { build: { dependsOn: ['^build'] }, test: { dependsOn: ['build'] } } }),
  );
  expect([...workspace.tasks.values()].map(({ id, dependsOn }) => [id, ...dependsOn])).toEqual([
    ['app#build', 'lib#build'],
    ['app#test', 'app#build'],
    ['base#build'],
    ['lib#build', 'base#build'],
    ['lib#test', 'lib#build'],
  ]);
  expect(said(workspace, 'app#build').command).toBe('echo build');
  expect(workspace.notes).toEqual([]);
});

test('a task of one package takes the place of that for all, and // is the root', () => {
  const workspace = workspaceOf(
    turbo(
      {
        tasks: {
          build: { outputs: ['dist/**'], env: ['A'] },
          'lib#build': { outputs: ['out/**'], dependsOn: ['//#gen'] },
          '//#gen': { cache: false },
        },
      },
      {
        'package.json': { name: 'root', workspaces: ['packages/*'], scripts: { build: 'turbo run build', gen: 'gen' } },
      },
    ),
  );
  expect([...workspace.tasks.keys()].toSorted()).toEqual(['app#build', 'base#build', 'lib#build', 'root#gen']);
  expect(said(workspace, 'lib#build')).toMatchObject({ outputs: ['out/**'] });
  expect(said(workspace, 'lib#build').env).toBeUndefined();
  expect(planned(workspace, 'lib#build').dependsOn).toEqual(['root#gen']);
  expect(planned(workspace, 'root#gen').cache).toBe(false);
});

test('in a repository of one package, tasks are its scripts', () => {
  const workspace = workspaceOf({
    'package.json': { name: 'one', scripts: { build: 'tsc', lint: 'eslint .' } },
    'turbo.json': { tasks: { build: {}, lint: {}, '//#build': { outputs: ['dist/**'] } } },
  });
  expect([...workspace.tasks.keys()].toSorted()).toEqual(['one#build', 'one#lint']);
  expect(said(workspace, 'one#build').outputs).toEqual(['dist/**']);
});

test("a package's own file replaces option by option, or extends lists", () => {
  const workspace = workspaceOf(
    turbo(
      { tasks: { build: { dependsOn: ['^build'], outputs: ['dist/**'], env: ['A'] }, test: {} } },
      {
        'packages/app/turbo.json': {
          extends: ['//'],
          tasks: {
            build: { outputs: ['$TURBO_EXTENDS$', '.next/**', '!.next/cache/**'], env: ['B'] },
            test: { extends: false },
            dev: {},
          },
        },
      },
    ),
  );
  expect(said(workspace, 'app#build')).toMatchObject({
    outputs: ['dist/**', '.next/**', '!.next/cache/**'],
    env: ['B'],
  });
  expect(planned(workspace, 'app#build').dependsOn).toEqual(['lib#build']);
  expect(workspace.tasks.has('app#test')).toBe(false);
  expect(workspace.tasks.has('lib#test')).toBe(true);
  expect(workspace.tasks.has('app#dev')).toBe(true);
});

describe('inputs', () => {
  const inputsOf = (task: object, others: object = {}): unknown => {
    const { inputs, configs } = said(workspaceOf(turbo({ ...others, tasks: { build: task } })), 'app#build');
    return { inputs, configs };
  };

  test('that aren’t said are found out', () => {
    expect(inputsOf({})).toEqual({ inputs: undefined, configs: ['package.json'] });
    expect(inputsOf({ inputs: [] })).toEqual({ inputs: undefined, configs: ['package.json'] });
  });
  test('that are all files and more are found out, and files by their names count in any case', () => {
    expect(inputsOf({ inputs: ['$TURBO_DEFAULT$', '.env', 'extra/*', '$TURBO_ROOT$/a.json'] })).toEqual({
      inputs: undefined,
      configs: ['package.json', '.env', '../../a.json'],
    });
  });
  test('that are all files but some are all but those and what is made', () => {
    expect(inputsOf({ inputs: ['$TURBO_DEFAULT$', '!README.md'], outputs: ['dist/**', '!dist/x'] })).toEqual({
      inputs: ['**', '!README.md', '!dist/**'],
      configs: ['package.json'],
    });
  });
  test('that are said are those, from the package or the root, and package.json', () => {
    expect(inputsOf({ inputs: ['src/**', '$TURBO_ROOT$/tsconfig.json', '!$TURBO_ROOT$/x/**'] })).toEqual({
      inputs: ['src/**', '../../tsconfig.json', '!../../x/**'],
      configs: ['package.json'],
    });
  });
  test('are those of all tasks, too', () => {
    expect(inputsOf({ inputs: ['src/**'] }, { globalDependencies: ['tsconfig.json', '!.env', 'cfg/*'] })).toEqual({
      inputs: ['src/**', '../../tsconfig.json', '!../../.env', '../../cfg/*'],
      configs: ['package.json'],
    });
    expect(inputsOf({}, { globalDependencies: ['tsconfig.json', 'cfg/*'] })).toEqual({
      inputs: undefined,
      configs: ['package.json', '../../tsconfig.json'],
    });
  });
});

test('outputs that aren’t said are none where inputs are said, else they are found out', () => {
  const tasks = { build: { inputs: ['src/**'] }, test: { inputs: ['$TURBO_DEFAULT$'] } };
  const workspace = workspaceOf(turbo({ tasks }));
  expect(said(workspace, 'app#build').outputs).toEqual([]);
  expect(said(workspace, 'app#test').outputs).toBeUndefined();
});

test('tasks that only lead on make the sources of other packages inputs of those that declare theirs', () => {
  const workspace = workspaceOf(
    turbo({ tasks: { transit: { dependsOn: ['^transit'] }, test: { dependsOn: ['transit'], inputs: ['src/**'] } } }),
  );
  expect(said(workspace, 'app#test').inputs).toEqual(['src/**', '../lib/**', '../base/**']);
  expect(planned(workspace, 'app#test').dependsOn).toEqual([]);
});

test('variables count or pass, for one task or for all, and in the old form', () => {
  const workspace = workspaceOf(
    turbo({
      globalEnv: ['G'],
      globalPassThroughEnv: ['H'],
      tasks: {
        build: { env: ['A_*', '!A_B'], passThroughEnv: ['P'], dependsOn: ['$OLD', '^build'] },
        test: { env: ['$FORM'], passThroughEnv: null },
      },
    }),
  );
  expect(said(workspace, 'app#build')).toMatchObject({ env: ['G', 'A_*', 'OLD'], passEnv: ['H', 'P'] });
  expect(said(workspace, 'app#test')).toMatchObject({ env: ['G', 'FORM'], passEnv: ['H'] });
  expect(planned(workspace, 'app#build').dependsOn).toEqual(['lib#build']);
  expect(workspace.notes).toEqual([expect.stringMatching(/turbo\.json:9: tasks\.build: env: !A_B isn't carried over/)]);
});

test('variables of frameworks count without being named', () => {
  const workspace = workspaceOf(
    turbo(
      { tasks: { build: {} } },
      { 'packages/app/package.json': { name: 'app', scripts: { build: 'next build' }, dependencies: { next: '15' } } },
    ),
  );
  expect(said(workspace, 'app#build').env).toEqual(['NEXT_PUBLIC_*']);
  expect(said(workspace, 'lib#build').env).toBeUndefined();
});

test.each([
  ['persistent', 'app#dev goes on'],
  ['interactive', 'app#dev goes on until it is stopped, or asks'],
])('%s tasks are known but not run', (word, message) => {
  const root = directoryOf(turbo({ tasks: { dev: { [word]: true, cache: false } } }));
  const workspace = readWorkspace(root);
  expect(planned(workspace, 'app#dev')).toMatchObject({ persistent: true, cache: false });
  expect(() => select(workspace, ['dev'], { from: root })).toThrow(message);
});

test('outputs outside of the package are not kept, and that is noted', () => {
  const workspace = workspaceOf(turbo({ tasks: { build: { outputs: ['$TURBO_ROOT$/dist/**'] } } }));
  expect(planned(workspace, 'app#build').cache).toBe(false);
  expect(said(workspace, 'app#build').outputs).toBeUndefined();
  expect(workspace.notes).toEqual([expect.stringContaining('tasks.build: outputs: they lie outside')]);
});

test('what else it says is noted, once', () => {
  const workspace = workspaceOf(
    turbo({ $schema: 'x', ui: 'tui', remoteCache: {}, tasks: { build: { outputLogs: 'none', with: ['x'] } } }),
  );
  expect(workspace.notes).toEqual([
    expect.stringMatching(/turbo\.json:1: not carried over: ui, remoteCache$/),
    expect.stringMatching(/turbo\.json:6: tasks\.build: not carried over: outputLogs, with$/),
  ]);
});

test('a dependency on a task that it doesn’t have is an error with its line', () => {
  expect(() => workspaceOf(turbo({ tasks: { build: {}, test: { dependsOn: ['^biuld'] } } }))).toThrow(
    /turbo\.json:6: there is no task "biuld"; did you mean "build"\?/,
  );
});

test('comments are read, and tidemark.build.json is laid over it or leaves it out', () => {
  const files = { ...SCRIPTS, 'turbo.jsonc': '{ // tasks\n "tasks": { "build": { "outputs": ["dist/**"], }, } }' };
  const over = workspaceOf({ ...files, 'tidemark.build.json': { tasks: { build: { outputs: ['lib/**'] } } } });
  expect(said(over, 'app#build').outputs).toEqual(['lib/**']);
  expect(workspaceOf({ ...files, 'tidemark.build.json': { formats: [] } }).tasks.size).toBe(0);
});
