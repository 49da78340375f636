/** Where a watched task's inputs are found unchanged, running it again does the same: for random scripts and random changes. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collectObserved } from '../../../src/build/observed-inputs.ts';
import { StatIndex } from '../../../src/build/stat-index.ts';
import { directoryWith, put } from '../counted-disk.ts';
import { noTrace, watched } from './traced.ts';

/** Few names, so that what is read, made, listed and changed meets. */
const path = fc.constantFrom('a', 'd/a', 'd/e/a', 'l/a', 'l', 'd', 'o/a', 'o/b', 'n/a', 'd/../a', 'x');
const file = fc.constantFrom('a', 'b', 'd/a', 'd/b', 'o/a', 'o/b', 'l/b');

/** None may leave the workspace: they move and remove things. */
const step = fc.oneof(
  path.map((p) => `cat ${p}`),
  path.map((p) => `test -e ${p} && echo ${p} is there`),
  path.map((p) => `test -d ${p} && echo ${p} is a directory`),
  fc.constantFrom('.', 'd', 'l', 'o', 'd/e').map((p) => `for f in ${p}/*; do echo $f; done`),
  fc.tuple(file, file).map(([p, q]) => `cat ${p} > ${q}`),
  fc.tuple(file, file).map(([p, q]) => `cp ${p} ${q}`),
  fc.tuple(file, file).map(([p, q]) => `mv ${p} ${q}`),
  file.map((p) => `echo more >> ${p}`),
  file.map((p) => `echo new > ${p}`),
  file.map((p) => `rm ${p}`),
  fc.constantFrom('mkdir o', 'mkdir -p o d/e', '(cd d; cat a)', 'ln -s d o/l', 'cat o/l/a', 'rm -r o', 'mv o n'),
  fc.constantFrom('readlink l', 'test -L l && echo a link', '(cd d; cat a; ls e)', 'test -x a && echo runs'),
);

const change = fc.oneof(
  file.map((p) => (at: string) => put(join(at, p), 'changed')),
  path.map((p) => (at: string) => fs.rmSync(join(at, p), { recursive: true, force: true })),
  fc
    .constantFrom('x', 'n/a', 'd/e/new', 'o/a', 'o/new', 'd/new', 'new')
    .map((p) => (at: string) => put(join(at, p), 'x')),
  fc.constant((at: string) => {
    fs.rmSync(join(at, 'l'));
    fs.symlinkSync('d/e', join(at, 'l'));
  }),
  fc.constant((at: string) => fs.chmodSync(join(at, 'a'), 0o755)),
);

function workspace(): string {
  const root = directoryWith({ a: 'a', b: 'b', 'd/a': 'da', 'd/b': 'db', 'd/e/a': 'dea' });
  fs.symlinkSync('d', join(root, 'l'));
  return root;
}

/** Paths, and the directories that they are in. */
function places(paths: readonly string[]): readonly string[] {
  return paths.flatMap((name) => name.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/')));
}

function kindOf(root: string, name: string): unknown {
  const stats = fs.lstatSync(join(root, name), { throwIfNoEntry: false });
  if (!stats?.isFile()) return stats === undefined ? 'nothing' : stats.isDirectory();
  return `${stats.mode} ${fs.readFileSync(join(root, name), 'utf8')}`;
}

/** What can be seen of a run afterwards, at the paths that it may have made. */
function outcome(root: string, out: string, made: readonly string[]): unknown {
  const shown = made.map((name) => {
    const stats = fs.lstatSync(join(root, name), { throwIfNoEntry: false });
    if (stats?.isSymbolicLink()) return [name, 'link', fs.readlinkSync(join(root, name))];
    return [name, stats?.isFile() ? fs.readFileSync(join(root, name), 'utf8') : (stats?.isDirectory() ?? 'nothing')];
  });
  return { out, shown };
}

const title = `a watched script${noTrace === undefined ? '' : ` (skipped: ${noTrace})`}`;

describe.skipIf(noTrace !== undefined)(title, () => {
  test('does the same again where its inputs are found unchanged', { timeout: 60_000 }, () => {
    let same = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 6 }),
        fc.array(change, { minLength: 1, maxLength: 2 }),
        (steps, changes) => {
          const command = ['sh', '-c', steps.join('\n')];
          const [first, workspaceBefore] = [workspace(), workspace()];
          const { observed, out } = watched(command, { cwd: first, workspace: first });
          // What reads and changes the same, or moves what was there, isn't kept.
          if (!observed.complete || observed.readThenWritten.length > 0 || observed.removed.length > 0) return;
          const { paths, listed, written: own } = observed;
          const found = (root: string): string =>
            JSON.stringify(
              collectObserved(
                { kind: 'observed', exclude: [], own, paths, listed },
                { workspace: root, index: new StatIndex() },
              ),
            );
          const second = workspace();
          try {
            for (const act of changes) act(second);
          } catch {
            return; // no such change can be made
          }
          if (found(first) !== found(second)) return;
          // What a task makes is its own: what stood there before it is, by design, none of its inputs.
          if (places(own).some((name) => kindOf(workspaceBefore, name) !== kindOf(second, name))) return;
          same++;
          const again = spawnSync(command[0], command.slice(1), { cwd: second, encoding: 'utf8' });
          expect(outcome(second, again.stdout + again.stderr, own)).toEqual(outcome(first, out, own));
        },
      ),
      { numRuns: 30 },
    );
    expect(same).toBeGreaterThan(0); // about a third get so far
  });
});
