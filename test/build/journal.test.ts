/** A restore that is cut short at any step is finished or undone by the next run, never left a mix. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { authorAt, isAtWork } from '../../src/build/author.ts';
import { type Disk, machineDisk } from '../../src/build/disk.ts';
import { Journal } from '../../src/build/journal.ts';
import type { OutputEntry } from '../../src/build/record.ts';
import { planRestore } from '../../src/build/restore-plan.ts';
import { finishRestore, isRestorePending } from '../../src/build/finish-restore.ts';
import { breakLinks, restore } from '../../src/build/restore.ts';
import { type Bench, bench, madeAfter, madeBefore, TREE_AFTER, watchedDisk } from './restored-package.ts';

/** Restores with a disk that ends at the given change; whether it came through. */
function cut(here: Bench, earlier: readonly OutputEntry[], end: number): boolean {
  const { root, blobs } = here;
  const { disk } = watchedDisk(end);
  try {
    restore(planRestore({ root, outputs: madeAfter(here), earlier, blobs, disk }), { ...here.asOptions(), disk });
    return true;
  } catch {
    return false;
  }
}

test('at each change to the disk: the next run has everything as it was, or everything as it should be', () => {
  const outcomes = new Set<string>();
  let end = 1;
  for (let through = false; !through; end++) {
    const here = bench();
    const earlier = madeBefore(here);
    const old = here.tree();
    through = cut(here, earlier, end);
    const cutTree = here.tree();
    const pending = isRestorePending(here.place());
    const outcome = finishRestore(here.place());
    expect(outcome !== 'nothing', `call ${end}`).toBe(pending);
    outcomes.add(outcome);
    const found = here.tree();
    const right = outcome === 'finished' || (outcome === 'nothing' && JSON.stringify(cutTree) !== JSON.stringify(old));
    expect(found, `call ${end}: ${outcome}`).toEqual(right ? TREE_AFTER : old);
    expect(isRestorePending(here.place())).toBe(false);
    const { root, blobs } = here;
    restore(planRestore({ root, outputs: madeAfter(here), earlier, blobs }), here.asOptions());
    expect(here.tree()).toEqual(TREE_AFTER);
    expect(readdirSync(here.state).filter((name) => !name.endsWith('-last'))).toEqual([]);
  }
  expect(outcomes).toEqual(new Set(['nothing', 'undone', 'finished']));
  expect(end).toBeGreaterThan(25);
}, 60_000);

test('finishing may be cut short itself, at any change', () => {
  let first = 1;
  for (let end = 1; ; end++) {
    const here = bench();
    const earlier = madeBefore(here);
    // The first cut after which there is something to finish.
    for (cut(here, earlier, first); !isFinishable(here); cut(here, earlier, first)) first++;
    const { disk } = watchedDisk(end);
    let through = true;
    try {
      finishRestore({ ...here.place(), disk });
    } catch {
      through = false;
    }
    finishRestore(here.place());
    expect(here.tree()['dist/a.js'], `call ${end}`).toBe('755 new a');
    expect(isRestorePending(here.place())).toBe(false);
    if (through) break;
  }
}, 60_000);

function journalOf(here: Bench): string {
  const [name] = readdirSync(here.state).filter((entry) => /^[a-z]+-[0-9a-f]+$/.test(entry));
  return join(here.state, name);
}

/** Whether a journal with steps is there; one without is undone on the way. */
function isFinishable(here: Bench): boolean {
  if (!isRestorePending(here.place())) return false;
  if (readFileSync(journalOf(here), 'utf8').includes('"steps":[')) return true;
  finishRestore(here.place());
  return false;
}

test('while a journal is there, nobody restores or plans to, and breaking links waits, too', () => {
  const here = bench();
  const earlier = madeBefore(here);
  for (let end = 1; !isRestorePending(here.place()); end++) cut(here, earlier, end);
  const plan = planRestore({ root: here.root, outputs: earlier, blobs: here.blobs });
  expect(() => restore(plan, here.asOptions())).toThrow(expect.objectContaining({ code: 'in_use' }));
  expect(() => breakLinks(earlier, here.place())).toThrow(expect.objectContaining({ code: 'in_use' }));
  const planned = () => planRestore({ root: here.root, outputs: earlier, blobs: here.blobs, state: here.state });
  expect(planned).toThrow(expect.objectContaining({ code: 'in_use' }));
  finishRestore(here.place());
  restore(plan, here.asOptions());
});

test('a journal that is not whole is not believed, and what was staged is swept', () => {
  const here = bench();
  const earlier = madeBefore(here);
  for (let end = 1; !isFinishable(here); end++) cut(here, earlier, end);
  const path = journalOf(here);
  const text = readFileSync(path, 'utf8');
  unlinkSync(path);
  writeFileSync(path, text.slice(0, -10));
  expect(finishRestore(here.place())).toBe('unknown');
  expect(Object.keys(here.tree()).filter((name) => name.includes('.tidemark-restore-'))).toEqual([]);
});

test('what somebody put in the way since is not passed through', () => {
  const here = bench();
  const earlier = madeBefore(here);
  for (let end = 1; !isFinishable(here); end++) cut(here, earlier, end);
  if (!('new/deep/b.js' in here.tree())) symlinkSync(here.outside, join(here.root, 'new'));
  expect(finishRestore(here.place())).toBe('unknown');
  expect(readdirSync(here.outside)).toEqual([]);
});

test('a plan that another restore has overtaken is refused, even if all of it was right already', () => {
  const here = bench();
  const { root, state, blobs } = here;
  const [one, two] = ['one', 'two'].map((text) => [here.file('a', `${text} a`), here.file('b', `${text} b`)]);
  const planned = (outputs: readonly OutputEntry[]) => planRestore({ root, outputs, blobs, state });
  const first = planned(one);
  restore(planned(one), here.asOptions());
  const kept = planned(one);
  const half = planned([one[0], two[1]]);
  restore(planned(two), here.asOptions());
  for (const plan of [first, kept, half])
    expect(() => restore(plan, here.asOptions())).toThrow(expect.objectContaining({ code: 'in_use' }));
  expect(here.tree()).toEqual({ a: '644 two a', b: '644 two b' });
  restore(planned(one), here.asOptions());
  expect(here.tree()).toEqual({ a: '644 one a', b: '644 one b' });
});

test('one alone takes over what was cut short, and who comes late leaves it', () => {
  const here = bench();
  const earlier = madeBefore(here);
  for (let end = 1; !isFinishable(here); end++) cut(here, earlier, end);
  const journal = new Journal(here.state, here.root, machineDisk);
  const found = journal.read() ?? expect.unreachable();
  const other = { ...authorAt(Date.now()), pid: process.ppid };
  const dead = { ...other, pid: spawnSync(process.execPath, ['-e', '']).pid };
  expect(journal.takeOver(found, here.root, dead)).toBe(true);
  expect(journal.takeOver(found, here.root, other)).toBe(true); // the first is dead
  expect(() => finishRestore(here.place())).toThrow(expect.objectContaining({ code: 'in_use' }));
  journal.end(found.id); // the other has finished
  expect(journal.takeOver(found, here.root, authorAt(Date.now()))).toBe(false);
  expect(finishRestore(here.place())).toBe('nothing');
  expect(readdirSync(here.state).filter((name) => !name.endsWith('-last'))).toEqual([]);
});

test.each([
  ['the same process, which is past it', {}, false],
  ['another thread of it', { thread: 99 }, true],
  ['a process that lives', { pid: process.ppid }, true],
  ['a process of another host, of which nothing is known', { host: 'elsewhere', pid: 1 }, true],
  ['another host, hours ago', { host: 'elsewhere', begun: 0 }, false],
])('a restore by %s: is it at work?', (_, differing, isIt) => {
  const now = authorAt(7_200_000);
  expect(isAtWork({ ...now, ...differing }, now)).toBe(isIt);
});

test("what goes wrong halfway is nobody's, so that others finish it though this process lives", () => {
  const here = bench();
  const earlier = madeBefore(here);
  const { root, state, blobs } = here;
  const plan = planRestore({ root, outputs: madeAfter(here), earlier, blobs });
  const failing = {
    ...machineDisk,
    renameSync: (from: string, to: string) => {
      if (to.endsWith('dist/l')) throw Object.assign(new Error('failed'), { code: 'EIO' });
      machineDisk.renameSync(from, to);
    },
  } as Disk;
  expect(() => restore(plan, { blobs, state, disk: failing })).toThrow(
    expect.objectContaining({ code: 'store_failed' }),
  );
  expect(new Journal(state, root, machineDisk).read()?.entry).toMatchObject({ author: null });
  expect(finishRestore(here.place())).toBe('finished');
  expect(here.tree()).toEqual(TREE_AFTER);
});
