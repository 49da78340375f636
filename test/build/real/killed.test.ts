/** A run that is killed at any moment: the next one is right, what is kept is whole, and nobody else's file is touched. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type BuildCacheOptions, openBuildStore } from 'tidemark/build';
import { whyNoTrace } from '../../../src/build/trace/trace.ts';
import { type Files, run, write } from './projects.ts';
import { runningProgram } from './running-program.ts';
import { temporary } from './temporary.ts';
import { treeOf } from './trees.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** All steps are many processes: by default every so manyth, and all of them with STEPS=all. */
const stride = (usual: number): number => (process.env['STEPS'] === 'all' ? 1 : usual);

const why = whyNoTrace();
const WAYS = ['declared', 'everything', 'observed'] as const;
type Way = (typeof WAYS)[number];

const start = await runningProgram(afterAll);

/** A repository, and a cache for it. */
function fresh(find: Way, files: Files) {
  const { folder, remove } = temporary();
  onTestFinished(remove);
  const home = folder();
  const options: BuildCacheOptions = {
    directory: join(home, 'cache'),
    state: join(home, 'state'),
    find: find === 'observed' ? 'observed' : 'everything',
    fsync: 'none',
  };
  const clone = (): string => {
    const root = folder();
    write(root, { '.gitignore': 'dist\n', ...files });
    execFileSync('git', ['init', '-q'], { cwd: root });
    return root;
  };
  const task = (command: string) => ({
    command,
    passEnv: ['RUN'],
    ...(find === 'declared' && { inputs: ['src/**'], outputs: ['dist/**'] }),
  });
  return { home, options, clone, task };
}

describe.each(WAYS)('inputs %s', (find) => {
  test.skipIf(find === 'observed' && why !== undefined && process.env['REQUIRE_ALL'] !== '1')(
    `while the command runs: half of its work is never taken for all${why === undefined ? '' : ` (${why})`}`,
    async () => {
      const { options, clone, task } = fresh(find, { 'src/a': 'a', 'notes/mine': 'mine' });
      const root = clone();
      const before = treeOf(root);
      const work = task(
        'mkdir -p dist; echo half >dist/a; echo half >dist/b; if [ "$RUN" ]; then kill -9 $RUN $$; fi; cat src/a >dist/a; rm dist/b',
      );
      expect(await start({ task: { workspace: root, ...work }, options, kills: true })).toMatchObject({ killed: true });
      expect(treeOf(root)).toMatchObject({ 'dist/b': '644 half\n' });
      const next = await run(root, work, options);
      expect(next).toMatchObject({ outcome: 'ran', exitCode: 0 });
      const after = { ...before, dist: '755', 'dist/a': '644 a' };
      expect(treeOf(root)).toEqual(after);
      const other = clone();
      await run(other, work, options);
      expect(treeOf(other)).toEqual(after);
    },
  );

  test.skipIf(find === 'observed' && why !== undefined && process.env['REQUIRE_ALL'] !== '1')(
    `at a step before the command, or between its end and the record: the next run is right${why === undefined ? '' : ` (${why})`}`,
    async () => {
      const { options, clone, task } = fresh(find, { 'notes/mine': 'mine' });
      const [root, other] = [clone(), clone()];
      const work = task('mkdir -p dist/deep; cat src/a >dist/a; cat src/a src/a >dist/deep/b; echo made; cat src/a');
      const outcomes = { killed: 0, hit: 0, ran: 0 };
      // Every time another source, so that it runs.
      for (let end = 1 + WAYS.indexOf(find), done = false; !done; end += stride(24)) {
        write(root, { 'src/a': `a ${end}\n` });
        const ended = await start({ task: { workspace: root, ...work }, options, end });
        done = ended.killed !== true;
        if (!done) outcomes.killed++;
        const next = await run(root, work, options);
        if (!done) outcomes[next.outcome as 'hit' | 'ran']++;
        expect(next, `step ${end}`).toMatchObject({ exitCode: 0, printed: `made\na ${end}\n` });
        const wanted = { 'dist/a': `644 a ${end}\n`, 'dist/deep/b': `644 a ${end}\na ${end}\n` };
        expect(treeOf(root), `step ${end}`).toEqual({
          '.gitignore': '644 dist\n',
          dist: '755',
          'dist/deep': '755',
          ...wanted,
          notes: '755',
          'notes/mine': '644 mine',
          src: '755',
          'src/a': `644 a ${end}\n`,
        });
        // What is kept now comes back elsewhere.
        write(other, { 'src/a': `a ${end}\n` });
        expect(await run(other, work, options), `step ${end}`).toMatchObject({ outcome: 'hit' });
        expect(treeOf(other), `step ${end}`).toMatchObject(wanted);
      }
      expect(outcomes.ran).toBeGreaterThan(0);
      if (stride(24) === 1) expect(outcomes.hit).toBeGreaterThan(0);
      expect(openBuildStore({ directory: options.directory! }).verify().damaged).toEqual([]);
    },
  );
});

test('at a step of bringing outputs back: the next run finishes it, and foreign files stay', async () => {
  const { options, clone, task } = fresh('declared', {});
  const root = clone();
  const work = task(
    'mkdir -p dist; cat src/a >dist/a; ln -s a dist/link; for n in $(cat src/a); do mkdir -p dist/$n; echo $n >dist/$n/it; done',
  );
  const trees = new Map<string, unknown>();
  for (const text of ['one two', 'two three']) {
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    write(root, { 'src/a': text });
    expect(await run(root, work, options)).toMatchObject({ stored: 'new' });
    trees.set(text, treeOf(root));
  }
  write(root, { 'dist/mine': 'mine' });
  const outcomes = { killed: 0 };
  for (let end = 1, n = 0, done = false; !done; end += stride(7), n++) {
    const text = ['one two', 'two three'][n % 2];
    write(root, { 'src/a': text });
    const ended = await start({ task: { workspace: root, ...work }, options, end });
    done = ended.killed !== true;
    if (ended.killed) outcomes.killed++;
    else expect(ended).toMatchObject({ outcome: 'hit' });
    expect(treeOf(root), `step ${end}`).toMatchObject({ 'dist/mine': '644 mine' });
    expect(await run(root, work, options), `step ${end}`).toMatchObject({ outcome: 'hit' });
    expect(treeOf(root), `step ${end}`).toEqual({ ...(trees.get(text) as object), 'dist/mine': '644 mine' });
  }
  expect(outcomes.killed).toBeGreaterThan(2);
});
