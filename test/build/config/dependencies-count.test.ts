/** What a task rests on counts, however far away it is, and whether or not it makes anything. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openBuildCache } from '../../../src/build/build-cache.ts';
import { select } from '../../../src/build/config/select.ts';
import { readWorkspace } from '../../../src/build/config/workspace.ts';
import { runWorkspace } from '../../../src/build/run-workspace.ts';
import { directoryOf } from './workspaces.ts';

const BUILD = 'mkdir -p dist; cp src/v dist/v';
const pkg = (name: string, needs: readonly string[], scripts: object): object => ({
  name,
  scripts,
  dependencies: Object.fromEntries(needs.map((need) => [need, '*'])),
});

/** app rests on lib, and lib on base. */
function workspace(): string {
  const inputs = ['src/**'];
  return directoryOf({
    'package.json': { name: 'root', workspaces: ['p/*'] },
    'p/base/package.json': pkg('base', [], { build: BUILD, check: 'cat src/v' }),
    'p/lib/package.json': pkg('lib', ['base'], { build: BUILD, check: 'cat src/v' }),
    'p/app/package.json': pkg('app', ['lib'], { test: 'cat ../*/dist/v', check: 'cat ../*/src/v' }),
    'p/base/src/v': 'base 1\n',
    'p/lib/src/v': 'lib\n',
    'p/app/src/v': 'app\n',
    'tidemark.build.json': {
      tasks: {
        build: { dependsOn: ['^build'], inputs, outputs: ['dist/**'] },
        test: { dependsOn: ['^build'], inputs, outputs: [] },
        check: { dependsOn: ['^check'], inputs, outputs: [] },
      },
    },
  });
}

/** One run of a task, as a process would do it: what became of each, and what it printed. */
async function once(root: string, state: string, task: string) {
  const cache = openBuildCache({ directory: join(state, 'cache'), state: join(state, 'state') });
  let printed = '';
  const { tasks } = select(readWorkspace(root), [task], { from: root });
  const outcomes = await runWorkspace(cache, tasks, {
    concurrency: 2,
    onOutput: (id) => (_, bytes) => void (printed += id === task ? Buffer.from(bytes).toString() : ''),
  });
  await cache.close();
  const became = [...outcomes].map(([id, one]) => [id, one === 'skipped' ? one : one.outcome]);
  return { became: Object.fromEntries(became) as Record<string, string>, printed };
}

test('a change far below is seen through a dependency that comes out as before', async () => {
  const [root, state] = [workspace(), directoryOf({})];
  expect((await once(root, state, 'app#test')).printed).toBe('base 1\nlib\n');
  writeFileSync(join(root, 'p/base/src/v'), 'base 2\n');
  const { became, printed } = await once(root, state, 'app#test');
  expect(printed).toBe('base 2\nlib\n');
  expect(became).toEqual({ 'base#build': 'ran', 'lib#build': 'ran', 'app#test': 'ran' });
});

test('a change below is seen through a check that makes nothing', async () => {
  const [root, state] = [workspace(), directoryOf({})];
  await once(root, state, 'app#check');
  writeFileSync(join(root, 'p/base/src/v'), 'base 2\n');
  const { printed } = await once(root, state, 'app#check');
  expect(printed).toBe('app\nbase 2\nlib\n');
});

test('nothing changed, nothing runs', async () => {
  const [root, state] = [workspace(), directoryOf({})];
  const first = await once(root, state, 'app#test');
  const second = await once(root, state, 'app#test');
  expect(Object.values(second.became)).toEqual(['hit', 'hit', 'hit']);
  expect(second.printed).toBe(first.printed);
});

test('a dependency that is built anew to the same bytes leaves what rests on it as it is', async () => {
  const [root, state] = [workspace(), directoryOf({})];
  await once(root, state, 'app#test');
  writeFileSync(join(root, 'p/base/src/unused'), 'a comment');
  const { became } = await once(root, state, 'app#test');
  expect(became).toEqual({ 'base#build': 'ran', 'lib#build': 'hit', 'app#test': 'hit' });
});
