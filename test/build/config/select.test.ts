/** Tasks are asked for by name: here, everywhere, or of one package. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { select } from '../../../src/build/config/select.ts';
import { readWorkspace } from '../../../src/build/config/workspace.ts';
import { directoryOf, three } from './workspaces.ts';

const FILES = {
  ...three({ app: ['build', 'test'], lib: ['build', 'test'], base: ['build'] }),
  'packages/app/src/x/y': '',
  'tidemark.build.json': {
    tasks: {
      build: { dependsOn: ['^build'] },
      test: { dependsOn: ['build'] },
      lint: { command: 'lint' },
      ci: { dependsOn: ['test'] },
    },
  },
};

function asked(
  names: readonly string[],
  from = '.',
): { readonly wanted: readonly string[]; readonly all: readonly string[] } {
  const root = directoryOf(FILES);
  const { wanted, tasks } = select(readWorkspace(root), names, { from: join(root, from) });
  return { wanted, all: [...tasks.keys()] };
}

test('in a package, a name means its own task, with all that it rests on before it', () => {
  expect(asked(['test'], 'packages/app/src/x')).toEqual({
    wanted: ['app#test'],
    all: ['base#build', 'lib#build', 'app#build', 'app#test'],
  });
});

test('at the root, and where no package is, a name means the tasks of all packages that have it', () => {
  expect(asked(['test']).wanted).toEqual(['app#test', 'lib#test']);
  expect(asked(['lint']).wanted).toEqual(['root#lint']);
  expect(asked(['build', 'build'], 'packages').wanted).toEqual(['app#build', 'base#build', 'lib#build']);
});

test('package#task means one from anywhere', () => {
  expect(asked(['lib#build'], 'packages/app')).toEqual({ wanted: ['lib#build'], all: ['base#build', 'lib#build'] });
  expect(asked(['//#lint'], 'packages/app').wanted).toEqual(['root#lint']);
});

test('a task without a command means what it stands for', () => {
  expect(asked(['ci'], 'packages/lib').wanted).toEqual(['lib#test']);
  // A package without the script still passes on what would have come before it.
  expect(asked(['ci']).wanted).toEqual(['app#test', 'base#build', 'lib#test']);
});

describe('a name that nothing has is told with the nearest', () => {
  test.each<[names: string, from: string, message: string]>([
    ['tets', '.', 'there is no task "tets"; did you mean "test"?'],
    ['biuld', 'packages/app', 'there is no task "biuld" in app; did you mean "build"?'],
    ['test', 'packages/base', 'there is no task "test" in base; there is one in app, lib'],
    ['zzzzzz', 'packages/base', 'there is no task "zzzzzz" in base; there are "build", "ci"'],
    ['apq#test', '.', 'there is no package "apq"; did you mean "app"?'],
    ['app#tests', '.', 'there is no task "tests" in app; did you mean "test"?'],
  ])('%s in %s', (name, from, message) => {
    expect(() => asked([name], from)).toThrow(expect.objectContaining({ code: 'bad_option', message }));
  });
});

test('tasks that rest on each other are shown as the circle that they are, to who asks for them', () => {
  const tasks = {
    a: { command: 'a', dependsOn: ['b'] },
    b: { command: 'b', dependsOn: ['c'] },
    c: { command: 'c', dependsOn: ['b'] },
    d: { command: 'd' },
  };
  const root = directoryOf({ 'package.json': { name: 'one' }, 'tidemark.build.json': { tasks } });
  const workspace = readWorkspace(root);
  expect(() => select(workspace, ['a'], { from: root })).toThrow('tasks rest on each other: one#c -> one#b -> one#c');
  expect(select(workspace, ['d'], { from: root }).wanted).toEqual(['one#d']);
});
