/** The demo of documents: git's commits become the trees that git has, all its checks hold, and they find what is wrong. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Document, Operation } from 'tidemark/documents';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { anywhere, gitHistory, parseLog } from '../../demo/documents/git-history.ts';
import { type Commit, historyOf } from '../../demo/documents/history.ts';
import { Importer } from '../../demo/documents/importing.ts';
import { madeHistory } from '../../demo/documents/made-history.ts';
import { type DocumentsOptions, tellOfDocuments } from '../../demo/documents/story.ts';
import { repositoryModel, type RepositoryState, type TreeAction } from '../../demo/documents/tree.ts';
import { treeId } from '../../demo/documents/tree-id.ts';
import { root } from '../support/repository.ts';
import { isThere, screen } from './fixtures.ts';

const AMPLE = 120_000; // milliseconds for tests that start a Postgres, twice
const ANYONE = ['user.name=a', 'user.email=a@b', 'commit.gpgSign=false'].flatMap((setting) => ['-c', setting]);
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'; // as git says

const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'tidemark-demo-test-'));
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

/** The id of the tree after each commit, by the importer and the model alone. */
function treesOf(commits: readonly Commit[]): string[] {
  const importer = new Importer();
  let document = { state: repositoryModel.initialState() } as Document;
  return commits.map((commit) => {
    for (const action of importer.actionsOf(commit)) document = reduced(document, action);
    return treeId((document.state as RepositoryState).global.root);
  });
}

const reduced = (document: Document, action: TreeAction): Document =>
  repositoryModel.reducer(document, { action } as unknown as Operation);

test('a tree without files has the id that git gives it', () => {
  expect(treeId({ folders: {}, files: {} })).toBe(EMPTY_TREE);
});

test('a made-up history is the same each time, and its commits lead to its trees', () => {
  const commits = madeHistory();
  expect(madeHistory()).toEqual(commits);
  expect(treesOf(commits)).toEqual(commits.map(({ tree }) => tree));
  const kinds = new Set(commits.flatMap(({ changes }) => changes.map(({ from, file }) => `${!!from} ${!!file}`)));
  expect([...kinds].toSorted(), 'files are put, moved, deleted').toEqual(['false false', 'false true', 'true true']);
});

test('a folder without git, and one whose git says nothing, have a history that is made up', async () => {
  const bare = folder();
  expect((await historyOf(bare)).from).toContain('no git');
  writeFileSync(join(bare, '.git'), 'nothing that git knows');
  const { from, commits } = await historyOf(bare);
  expect(from).toMatch(/made up, since git can't be asked \(.+\)/);
  expect(commits).toEqual(madeHistory());
});

test('a subject is one line, without what a terminal would obey', () => {
  const [{ subject, at }] = parseLog('\u001Eid\u001Ftree\u001F1000000000\u001Fa\u001B[31m\tb\0');
  expect([subject, at]).toEqual(['a [31m b', '2001-09-09T01:46:40.000Z']);
});

/** Why there can be no repository here; undefined if there can. With REQUIRE_ALL=1 its test runs, and fails. */
const withoutGit =
  process.env['REQUIRE_ALL'] === '1' || spawnSync('git', ['--version']).status === 0
    ? undefined
    : 'git is not installed';

describe.skipIf(withoutGit)('a repository of git', () => {
  const place = folder();
  const git = (...words: readonly string[]): void => {
    const said = spawnSync('git', [...ANYONE, ...words], { cwd: place, env: anywhere(process.env) });
    if (said.status !== 0) throw new Error(said.stderr.toString());
  };
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), content);
  };
  const remove = (path: string): void => rmSync(join(place, path), { recursive: true });
  const move = (from: string, to: string): void => {
    mkdirSync(dirname(join(place, to)), { recursive: true });
    renameSync(join(place, from), join(place, to));
  };
  const long = (name: string): string => `${name}\n`.repeat(50);
  const steps: readonly (readonly [name: string, work: () => void])[] = [
    [
      'files at the top and in folders',
      () => ['a', 'b', 'x/y/z', 'x/w', 'q/only'].forEach((at) => write(at, long(at))),
    ],
    [
      'names that sort apart from their folders',
      () => ['x.y', 'x-y', 'x0', 'ä ö', '"', ':1'].forEach((at) => write(at, long(at))),
    ],
    ['a change', () => write('x/w', 'changed')],
    ['a move', () => move('a', 'x/y/a')],
    ['a move with a change', () => (move('b', 'c'), write('c', `${long('b')}more`))],
    ['the last file of a folder', () => remove('q')],
    ['a move out of a folder that is then empty', () => move('x/y/z', 'z')],
    ['a file in place of a folder', () => (remove('x/y'), write('x/y', long('y')))],
    ['a folder in place of a file', () => (remove('x/y'), write('x/y/1/2', long('2')))],
    ['a file that moves into a folder of its own name', () => (move('c', 'aside'), move('aside', 'c/c'))],
    ['two files that change places', () => (move('x0', 'aside'), move('x-y', 'x0'), move('aside', 'x-y'))],
    ['a file that may be executed', () => git('update-index', '--chmod=+x', 'z')],
    [
      'names that objects have already',
      () => ['__proto__', 'constructor/toString'].forEach((at) => write(at, long(at))),
    ],
    ['nothing but them', () => remove('x')],
  ];

  beforeAll(() => {
    git('init', '--quiet', '--initial-branch=main');
    git('config', 'core.fileMode', 'false');
    for (const [name, work] of steps) {
      work();
      git('add', '--all');
      git('commit', '--quiet', '--message', name);
    }
    git('checkout', '--quiet', '-b', 'side', 'HEAD~2');
    write('side', 'of the side');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'side');
    git('checkout', '--quiet', 'main');
    git('merge', '--quiet', '--no-ff', '--message', 'a merge', 'side');
  });

  test('becomes the trees that git has, commit by commit', async () => {
    const commits = await gitHistory(place);
    expect(commits.map(({ subject }) => subject)).toEqual([...steps.map(([name]) => name), 'a merge']);
    expect(treesOf(commits)).toEqual(commits.map(({ tree }) => tree));
    const renamed = commits.flatMap(({ changes }) => changes.filter(({ from }) => from !== undefined));
    expect(renamed.length, 'git has found moves').toBeGreaterThanOrEqual(4);
  });
});

describe('the program', () => {
  const run = (options: Partial<DocumentsOptions> = {}) => {
    const [out, err] = [options.out ?? screen(), screen()] as const;
    const { signal } = new AbortController();
    const done = tellOfDocuments({ args: ['--documents'], env: {}, signal, ...options, out, err });
    return { done, out: out as ReturnType<typeof screen>, err };
  };
  const fileIn = (shown: string): string => /started in [\d.]+ s, in (.*), until the end/.exec(shown)?.[1] ?? '';

  test('shows a history, checks all that it says, and leaves nothing behind', { timeout: AMPLE }, async () => {
    const { done, out, err } = run({ repository: folder() });
    expect([await done, err.text]).toEqual([0, '']);
    for (const line of [
      /120 commits, made up, since there is no git here/,
      /trees of 120 commits +as committed/,
      /the last commit undone: revision \d+ +as committed/,
      /to go on from the newest state would be +wrong/,
      /3 more undone: revision \d+ +as committed/,
      /revision \d+ +[\d,]+ +[\d.]+ [mµ]?s +[\d,]+ +[\d.]+ [mµ]?s +[\d.]+ ×/,
      /rebuilds that they cost +1$/m,
      /such keyframes that were used +0$/m,
      /keyframes were written beside the work/,
      /another process, \d+, opened the stores/,
      /All 25 checks hold\./,
    ])
      expect(out.text).toMatch(line);
    expect(['\r', '\u001B', '✘'].filter((sign) => out.text.includes(sign))).toEqual([]);
    expect(Math.max(...out.text.split('\n').map((one) => one.length))).toBeLessThanOrEqual(110);
    const pid = Number(/another process, (\d+)/.exec(out.text)![1]);
    expect([isThere(pid), fileIn(out.text) !== '', existsSync(fileIn(out.text))]).toEqual([false, true, false]);
  });

  test('as it is started, piped, on the history that is here', { timeout: AMPLE }, async () => {
    const started = spawn(process.execPath, [join(root, 'dist-programs/demo/main.js'), '--documents']);
    onTestFinished(() => void started.kill('SIGKILL'));
    const [out, err, [code]] = await Promise.all([text(started.stdout), text(started.stderr), once(started, 'exit')]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/All 25 checks hold\.\n$/);
    expect(out).toMatch(/\d+ commits, (this repository's own|made up)/);
    expect(existsSync(fileIn(out))).toBe(false);
  });

  test('finds out that a tree is not the one that its commit has', { timeout: AMPLE }, async () => {
    const commits = madeHistory().slice(0, 12);
    commits[0] = { ...commits[0], tree: EMPTY_TREE };
    const { done, out, err } = run({ history: { from: 'with one that lies', commits } });
    expect(await done).toBe(1);
    expect(err.text).toMatch(/\d+ of 25 checks failed:\n {2}forwards .*: others at \d+\n {2}backwards, /);
    expect(err.text).toMatch(/\d+ revisions, from the head back: others at/);
    expect(out.text).not.toContain('checks hold');
    expect(existsSync(fileIn(out.text))).toBe(false);
  });

  test('ends when it is stopped in the middle, and leaves nothing behind', { timeout: AMPLE }, async () => {
    const stopping = new AbortController();
    const out = screen({ wrote: () => void (/Scrubbing/.test(out.text) && stopping.abort()) });
    const { done, err } = run({ out, signal: stopping.signal, repository: folder() });
    expect([await done, err.text]).toEqual([130, '\ndemo: stopped\n']);
    expect(existsSync(fileIn(out.text))).toBe(false);
    expect(out.text).not.toContain('Undo and redo');
  });

  test('explains its flag, and goes with no other', async () => {
    const help = run({ args: ['--documents', '--help'] });
    expect([await help.done, help.out.text.includes('--documents')]).toEqual([0, true]);
    for (const args of [['--serve'], ['--port', '0'], ['--requests', '0'], ['--processes', '2'], ['--redis']]) {
      const { done, out, err } = run({ args: ['--documents', ...args] });
      expect([await done, out.text, err.text]).toEqual([1, '', `\ndemo: ${args[0]} doesn't go with --documents.\n`]);
    }
  });
});
