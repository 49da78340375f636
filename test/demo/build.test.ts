/** The demo of builds: this repository's own tasks come back, all that it checks holds, and it leaves nothing behind. */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type BuildDemoOptions, tellOfBuild } from '../../demo/build/story.ts';
import { sameTree, treeOf } from '../../demo/build/trees.ts';
import { screen } from './fixtures.ts';

const AMPLE = 300_000; // milliseconds for compilers and tests on a machine that does other things, too
const SMALL = { tasks: ['compile', 'test-policies'], packages: 5, kills: 2 };

const run = (options: Partial<BuildDemoOptions> = {}) => {
  const [out, err] = [options.out ?? screen(), screen()] as const;
  const { signal } = new AbortController();
  const done = tellOfBuild({ args: ['--build'], env: {}, signal, ...SMALL, ...options, out, err });
  return { done, out: out as ReturnType<typeof screen>, err };
};
const folderIn = (shown: string): string => /files each, in (.*), until the end/.exec(shown)?.[1] ?? '';

/** Environments of processes that were told of a folder, as all are that the demo starts; where the system tells. */
function processesIn(folder: string): readonly string[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(join('/proc', pid, 'environ'), 'utf8');
      } catch {
        return ''; // it has ended, or is somebody else's
      }
    })
    .filter((environment) => environment.includes(folder));
}

test("brings back what this repository's own tasks and packages made, and only that", { timeout: AMPLE }, async () => {
  const { done, out, err } = run();
  expect([await done, err.text]).toEqual([0, '']);
  for (const line of [
    /the first run: tasks that are kept now +2 of 2/,
    /again: unchanged, with all in place +2 of 2/,
    /in the other copy: brought back +2 of 2/,
    /what the compiler made, there and here +[\d,]+, byte for byte/,
    /why test-policies would run after a change +input "test\/policies\/weight\.test\.ts" changed/,
    /what ran then +test-policies$/m,
    /changed back +2 of 2/,
    /sources that it was found to read +(\d+) of \1$/m,
    /without dist: brought back/,
    /at first: ran +10 of 10/,
    /nothing has changed: ran +0 of 10/,
    /a package that no other uses: ran +2 of 10/,
    /a comment in it, which changes no dist: ran +1 of 10/,
    /what ran, instead of being brought back +@mono\/p04#build/,
    /the damaged blob +1 put aside/,
    /kill -9, when 6 of 10 files were made/,
    /tasks that had to run for that +0$/m,
    /All 3[67] checks hold\./,
  ])
    expect(out.text).toMatch(line);
  expect(['\r', '\u001B', '✘', '…'].filter((sign) => out.text.replaceAll('  … ', '').includes(sign))).toEqual([]);
  const folder = folderIn(out.text);
  expect([folder !== '', existsSync(folder), processesIn(folder)]).toEqual([true, false, []]);
});

test('ends when it is stopped while a task runs, and leaves nothing behind', { timeout: AMPLE }, async () => {
  const stopping = new AbortController();
  const out = screen({ wrote: (text) => void (/running compile/.test(text) && setImmediate(() => stopping.abort())) });
  const { done, err } = run({ out, signal: stopping.signal });
  expect([await done, err.text]).toEqual([130, '\ndemo: stopped\n']);
  const folder = folderIn(out.text);
  expect([folder !== '', existsSync(folder), processesIn(folder)]).toEqual([true, false, []]);
  expect(out.text).not.toContain('the first run');
});

test('tells what is wrong when a task can’t be run, and leaves nothing behind', { timeout: AMPLE }, async () => {
  const { done, out, err } = run({ tasks: ['no-such-task'] });
  expect(await done).toBe(1);
  expect(err.text).toMatch(
    /^\ndemo: tidemark ended with code 1 and without an answer\.\ntidemark: bad_option: .*no-such-task/,
  );
  expect(existsSync(folderIn(out.text))).toBe(false);
});

test('a tree is not the same with a byte, a permission or a name that differs, nor is one that is empty', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-demo-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'a'), 'one');
  const tree = treeOf(folder);
  expect(sameTree(tree, treeOf(folder))).toEqual(['1, byte for byte', true]);
  for (const change of [
    () => writeFileSync(join(folder, 'a'), 'onf'),
    () => (writeFileSync(join(folder, 'a'), 'one'), chmodSync(join(folder, 'a'), 0o444)),
    () => (chmodSync(join(folder, 'a'), 0o644), writeFileSync(join(folder, 'b'), '')),
    () => (rmSync(join(folder, 'b')), renameSync(join(folder, 'a'), join(folder, 'c'))),
  ]) {
    change();
    expect(sameTree(tree, treeOf(folder))[1]).toBe(false);
  }
  expect(sameTree(treeOf(join(folder, 'none')), treeOf(join(folder, 'none')))).toEqual(['0, byte for byte', false]);
});

test('goes with no other flag', async () => {
  const help = run({ args: ['--build', '--help'] });
  expect([await help.done, help.out.text.includes('--build')]).toEqual([0, true]);
  const { done, out, err } = run({ args: ['--build', '--serve'] });
  expect([await done, out.text, err.text]).toEqual([1, '', "\ndemo: --serve doesn't go with --build.\n"]);
});
