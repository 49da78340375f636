/**
 * The whole promise at once: whatever a command reads, looks for, lists and makes, and whatever people do to the files in
 * between, in any clone: a run through the cache leaves the tree, prints, and ends as the command itself would have.
 * `BUILD_SCHEDULES` says how many random histories are tried in each mode.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { type BuildTask, openBuildCache, type RunResult } from 'tidemark/build';
import { expect, test } from 'vitest';
import { whyNoTrace } from '../../../src/build/trace/trace.ts';
import { scratch } from './repository.ts';

const SOURCES = ['src/a', 'src/b', 'src/d/c', 'lib/x', 'top'] as const;
const MADE = ['out/p', 'out/q', 'out/d/r', 'gen'] as const;
const ENVIRONMENT = { PATH: process.env['PATH'], HOME: process.env['HOME'], LC_ALL: 'C' };

/** A step of the command, in the language of a shell. `acc` is all that it has learned. */
type Step =
  | { readonly do: 'read' | 'probe' | 'isRunnable' | 'readAcross'; readonly path: string }
  | { readonly do: 'list' | 'glob'; readonly path: string }
  | { readonly do: 'put' | 'putByRename' | 'putRunnable'; readonly path: string }
  | { readonly do: 'putIf'; readonly path: string; readonly when: string }
  | { readonly do: 'link' | 'directory' | 'print' | 'complain' | 'failIf' | 'scratch' };

interface Program {
  readonly steps: readonly Step[];
  /** It begins with the removal of all that it ever made. */
  readonly resets: boolean;
}

function lineOf(step: Step): string {
  const learn = (text: string): string => `acc="$acc|${text}"`;
  switch (step.do) {
    case 'read':
      return learn(`$(cat ${step.path} 2>&1)`);
    case 'readAcross':
      return `(cd src 2>/dev/null && cat ../${step.path} >/dev/null 2>&1) && ${learn('across')}`;
    case 'probe':
      return `if [ -e ${step.path} ]; then ${learn('is')}; else ${learn('isnt')}; fi`;
    case 'isRunnable':
      return `if [ -x ${step.path} ]; then ${learn('runs')}; fi`;
    case 'list':
      return learn(`$(ls -A ${step.path} 2>&1)`);
    case 'glob':
      return `for f in ${step.path}/*; do ${learn('$f')}; done`;
    case 'put':
      return `mkdir -p $(dirname ${step.path}); printf %s "$acc" > ${step.path}`;
    case 'putByRename':
      return `mkdir -p $(dirname ${step.path}); printf %s "$acc" > ${step.path}.new; mv -f ${step.path}.new ${step.path}`;
    case 'putRunnable':
      return `mkdir -p out; printf %s "$acc" > out/run; chmod 755 out/run`;
    case 'putIf':
      return `if [ -e ${step.when} ]; then mkdir -p $(dirname ${step.path}); printf %s "$acc" > ${step.path}; fi`;
    case 'link':
      return 'mkdir -p out; rm -f out/l; ln -s ../src/a out/l';
    case 'directory':
      return 'mkdir -p out/e/e';
    case 'print':
      return `printf '%s\\n' "$acc"`;
    case 'complain':
      return `printf '%s\\n' "$acc" >&2`;
    case 'failIf':
      return `if [ -e src/fail ]; then exit 3; fi`;
    default:
      return `printf x > scratch-file; ${learn('$(cat scratch-file)')}; rm -f scratch-file`;
  }
}

function textOf({ steps, resets }: Program): string {
  return ['acc=', ...(resets ? ['rm -rf out gen'] : []), ...steps.map(lineOf), 'exit 0'].join('\n');
}

/** What somebody does between two runs. */
type Edit =
  | { readonly do: 'write'; readonly path: string; readonly text: string }
  | { readonly do: 'remove' | 'toDirectory' | 'toEmpty' | 'toRunnable' | 'toLink' | 'touch'; readonly path: string }
  | { readonly do: 'removeAll' | 'nothing' };

const source = fc.constantFrom(...SOURCES);
const made = fc.constantFrom(...MADE);
const looked = fc.constantFrom(...SOURCES, 'src/n', 'src/d', 'src', 'lib/no/where');

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('read' as const, 'probe' as const), path: looked }),
  fc.record({ do: fc.constantFrom('isRunnable' as const, 'readAcross' as const), path: source }),
  fc.record({
    do: fc.constantFrom('list' as const, 'glob' as const),
    path: fc.constantFrom('src', 'src/d', 'lib', 'src/d/..', 'no'),
  }),
  fc.record({ do: fc.constantFrom('put' as const, 'putByRename' as const, 'putRunnable' as const), path: made }),
  fc.record({ do: fc.constant('putIf' as const), path: made, when: looked }),
  fc.record({
    do: fc.constantFrom(
      'link' as const,
      'directory' as const,
      'print' as const,
      'complain' as const,
      'failIf' as const,
      'scratch' as const,
    ),
  }),
);
const program: fc.Arbitrary<Program> = fc.record({
  steps: fc.array(step, { minLength: 2, maxLength: 8 }),
  resets: fc.boolean(),
});
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      path: fc.constantFrom(...SOURCES, 'src/n', 'src/fail'),
      text: fc.constantFrom('1', '2'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'remove' as const,
        'toDirectory' as const,
        'toEmpty' as const,
        'toRunnable' as const,
        'toLink' as const,
        'touch' as const,
      ),
      path: fc.constantFrom(...SOURCES, 'src/n', 'src/fail'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      path: fc.constantFrom(...MADE, 'out/user'),
      text: fc.constantFrom('mine', '1'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('remove' as const, 'toEmpty' as const, 'toLink' as const, 'touch' as const),
      path: made,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('removeAll' as const, 'nothing' as const) }) },
);
const history = fc.array(fc.record({ clone: fc.nat(1), edits: fc.array(edit, { maxLength: 2 }) }), {
  minLength: 3,
  maxLength: 6,
});

function apply(root: string, action: Edit): void {
  if (!('path' in action)) {
    if (action.do === 'nothing') return;
    for (const path of ['out', 'gen']) rmSync(join(root, path), { recursive: true, force: true });
    return;
  }
  const place = join(root, action.path);
  const stats = lstatSync(place, { throwIfNoEntry: false });
  const parent = statSync(dirname(place), { throwIfNoEntry: false });
  if (action.do === 'write' && parent === undefined) mkdirSync(dirname(place), { recursive: true });
  else if (parent?.isDirectory() !== true) return;
  if (action.do === 'touch') {
    if (stats?.isFile() === true) writeFileSync(place, readFileSync(place));
  } else if (action.do === 'toRunnable') {
    if (stats?.isFile() === true) chmodSync(place, (stats.mode & 0o777) ^ 0o111);
  } else {
    rmSync(place, { recursive: true, force: true });
    if (action.do === 'write') writeFileSync(place, action.text);
    else if (action.do === 'toLink') symlinkSync(action.path === 'src/b' ? 'a' : 'b', place);
    else if (action.do === 'toEmpty') mkdirSync(place);
    else if (action.do === 'toDirectory') {
      mkdirSync(place);
      writeFileSync(join(place, 'inner'), '1');
    }
  }
}

type Tree = Readonly<Record<string, string>>;

/** All that is there, but what git and directories keep for themselves. */
function treeOf(root: string): Tree {
  const tree: Record<string, string> = {};
  const walk = (directory: string): void => {
    for (const name of readdirSync(join(root, directory)).toSorted()) {
      const path = directory === '' ? name : `${directory}/${name}`;
      const place = join(root, path);
      const stats = lstatSync(place);
      if (name === '.git') continue;
      if (stats.isSymbolicLink()) tree[path] = `-> ${readlinkSync(place)}`;
      else if (stats.isDirectory()) {
        tree[path] = 'directory';
        walk(path);
      } else tree[path] = `${(stats.mode & 0o111) === 0 ? 'file' : 'program'} ${readFileSync(place, 'utf8')}`;
    }
  };
  walk('');
  return tree;
}

interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tree: Tree;
}

/** What the command itself does, to a copy. */
function byItself(root: string, command: string): Outcome {
  const copy = scratch();
  cpSync(root, copy, { recursive: true, verbatimSymlinks: true });
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], {
    cwd: copy,
    env: ENVIRONMENT,
    encoding: 'utf8',
  });
  const tree = treeOf(copy);
  rmSync(copy, { recursive: true, force: true });
  return { exitCode: status, stdout, stderr, tree };
}

interface Clone {
  readonly root: string;
  readonly state: string;
  /** What the command made here so far, as it made it. */
  readonly made: Map<string, Set<string>>;
}

function cloneWith(git: boolean): Clone {
  const root = scratch();
  for (const path of SOURCES) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '0');
  }
  if (git) {
    writeFileSync(join(root, '.gitignore'), 'out\ngen\n');
    execFileSync('git', ['init', '-q'], { cwd: root });
  }
  return { root, state: scratch(), made: new Map() };
}

async function throughCache(
  { root, state }: Clone,
  task: Omit<BuildTask, 'workspace'>,
  options: { readonly store: string; readonly find: 'everything' | 'observed' },
): Promise<Outcome & { readonly result: RunResult }> {
  const cache = openBuildCache({ directory: options.store, state, find: options.find, environment: ENVIRONMENT });
  const printed = { stdout: '', stderr: '' };
  try {
    const result = await cache.run(
      { workspace: root, ...task },
      { onOutput: (stream, bytes) => void (printed[stream] += Buffer.from(bytes).toString()) },
    );
    return { exitCode: result.exitCode, ...printed, tree: treeOf(root), result };
  } finally {
    await cache.close();
  }
}

/**
 * After a hit, what the command left of its earlier work may be gone, since on a fresh clone it wouldn't be there; and what
 * somebody put beside it stays, though the command may have removed it.
 */
function excused(expected: Tree, actual: Tree, before: Tree, clone: Clone): Tree {
  const tree: Record<string, string> = { ...expected };
  for (const [path, entry] of Object.entries(before)) {
    const wasMade = clone.made.get(path)?.has(entry) === true;
    if (actual[path] === undefined && tree[path] === entry && wasMade) delete tree[path];
    if (actual[path] === entry && tree[path] === undefined && !wasMade && /^(?:out\/|gen$)/.test(path))
      tree[path] = entry;
  }
  if (Object.keys(tree).every((path) => !path.startsWith('out/')) && actual['out'] === undefined) delete tree['out'];
  if (Object.keys(tree).some((path) => path.startsWith('out/')) && actual['out'] !== undefined)
    tree['out'] = 'directory';
  return tree;
}

const runs = Number(process.env['BUILD_SCHEDULES'] ?? 2);
const untraced = whyNoTrace();

test.for([
  { mode: 'declared', git: false },
  { mode: 'everything', git: true },
  { mode: 'everything', git: false },
  { mode: 'observed', git: true },
  { mode: 'observed', git: false },
] as const)(
  '$mode inputs, git $git: through the cache comes what comes without',
  { timeout: 60_000 + runs * 10_000 },
  async ({ mode, git }, { skip }) => {
    if (mode === 'observed' && untraced !== undefined && process.env['REQUIRE_ALL'] !== '1') skip(untraced);
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(program, history, async (work, events) => {
        const command = textOf(mode === 'declared' ? { ...work, resets: true } : work);
        const task =
          mode === 'declared' ? { command, inputs: ['src', 'lib', 'top'], outputs: ['out', 'gen'] } : { command };
        const store = scratch();
        const clones = [cloneWith(git), cloneWith(git)];
        for (const { clone: at, edits } of events) {
          const clone = clones[at];
          // Declared inputs are files: a directory with nothing in it is none.
          for (const action of edits) if (mode !== 'declared' || action.do !== 'toEmpty') apply(clone.root, action);
          const before = treeOf(clone.root);
          const expected = byItself(clone.root, command);
          const actual = await throughCache(clone, task, { store, find: mode === 'declared' ? 'everything' : mode });
          const { result, ...outcome } = actual;
          const isHit = result.outcome === 'hit';
          if (isHit) hits++;
          const tree = isHit ? excused(expected.tree, outcome.tree, before, clone) : expected.tree;
          expect({ ...outcome, outcome: result.outcome, why: result.notStored }).toEqual({
            ...expected,
            tree,
            outcome: result.outcome,
            why: result.notStored,
          });
          for (const [path, entry] of Object.entries(outcome.tree))
            if (expected.tree[path] === entry && (before[path] !== entry || isHit))
              clone.made.set(path, (clone.made.get(path) ?? new Set()).add(entry));
        }
        for (const { root, state } of clones)
          for (const directory of [root, state]) rmSync(directory, { recursive: true, force: true });
        rmSync(store, { recursive: true, force: true });
      }),
      { numRuns: runs, ...(process.env['BUILD_SEED'] && { seed: Number(process.env['BUILD_SEED']) }) },
    );
    if (runs >= 8) expect(hits).toBeGreaterThan(0); // a few may have none
  },
);
