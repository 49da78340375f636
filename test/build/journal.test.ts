/** A restore that is cut short at any step is finished or undone by the next run, never left a mix. */
import { readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { OutputEntry } from '../../src/build/record.ts';
import { planRestore } from '../../src/build/restore-plan.ts';
import { breakLinks, finishRestore, isRestorePending, restore } from '../../src/build/restore.ts';
import { type Bench, bench, watchedDisk } from './restored-package.ts';

function before(here: Bench): readonly OutputEntry[] {
  const earlier: OutputEntry[] = [
    here.file('dist/a.js', 'old a'),
    here.file('dist/gone/x.js', 'x'),
    here.file('dist/turn', 'file'),
    here.file('dist/mode', 'mode'),
    { kind: 'link', path: 'dist/l', target: 'a.js' },
  ];
  const { root, blobs } = here;
  restore(planRestore({ root, outputs: earlier, blobs }), here.asOptions());
  here.write('mine', 'mine');
  return earlier;
}

function after(here: Bench): readonly OutputEntry[] {
  return [
    here.file('dist/a.js', 'new a', 0o755),
    here.file('dist/turn/into', 'directory'),
    here.file('dist/mode', 'mode', 0o600),
    here.file('new/deep/b.js', 'b'),
    { kind: 'link', path: 'dist/l', target: 'turn/into' },
    { kind: 'directory', path: 'empty', mode: 0o750 },
  ];
}

/** Restores with a disk that ends at the given change; whether it came through. */
function cut(here: Bench, earlier: readonly OutputEntry[], end: number): boolean {
  const { root, blobs } = here;
  const { disk } = watchedDisk(end);
  try {
    restore(planRestore({ root, outputs: after(here), earlier, blobs, disk }), { ...here.asOptions(), disk });
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
    const earlier = before(here);
    const old = here.tree();
    through = cut(here, earlier, end);
    const cutTree = here.tree();
    const pending = isRestorePending(here.place());
    const outcome = finishRestore(here.place());
    expect(outcome !== 'nothing', `call ${end}`).toBe(pending);
    outcomes.add(outcome);
    const found = here.tree();
    const wanted = {
      'dist/a.js': '755 new a',
      'dist/l': '-> turn/into',
      'dist/mode': '600 mode',
      'dist/turn/into': '644 directory',
      empty: '750 empty',
      mine: '644 mine',
      'new/deep/b.js': '644 b',
    };
    const right = outcome === 'finished' || (outcome === 'nothing' && JSON.stringify(cutTree) !== JSON.stringify(old));
    expect(found, `call ${end}: ${outcome}`).toEqual(right ? wanted : old);
    expect(isRestorePending(here.place())).toBe(false);
    const { root, blobs } = here;
    restore(planRestore({ root, outputs: after(here), earlier, blobs }), here.asOptions());
    expect(here.tree()).toEqual(wanted);
    expect(readdirSync(here.state)).toEqual([]);
  }
  expect(outcomes).toEqual(new Set(['nothing', 'undone', 'finished']));
  expect(end).toBeGreaterThan(25);
});

test('finishing may be cut short itself, at any change', () => {
  for (let end = 1; ; end++) {
    const here = bench();
    const earlier = before(here);
    let first = 1;
    // The first cut after which there is something to finish.
    for (; !isFinishable(here); first++) cut(here, earlier, first);
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
});

/** Whether a journal with steps is there; one without is undone on the way. */
function isFinishable(here: Bench): boolean {
  if (!isRestorePending(here.place())) return false;
  const [name] = readdirSync(here.state).filter((entry) => !entry.includes('.'));
  const journal = readFileSync(join(here.state, name), 'utf8');
  if (journal.includes('"steps":[')) return true;
  finishRestore(here.place());
  return false;
}

test('while a journal is there, nobody restores, and breaking links waits, too', () => {
  const here = bench();
  const earlier = before(here);
  for (let end = 1; !isRestorePending(here.place()); end++) cut(here, earlier, end);
  const plan = planRestore({ root: here.root, outputs: earlier, blobs: here.blobs });
  expect(() => restore(plan, here.asOptions())).toThrow(expect.objectContaining({ code: 'in_use' }));
  expect(() => breakLinks(earlier, here.place())).toThrow(expect.objectContaining({ code: 'in_use' }));
  finishRestore(here.place());
  restore(plan, here.asOptions());
});

test('a journal that is not whole is not believed, and what was staged is swept', () => {
  const here = bench();
  const earlier = before(here);
  for (let end = 1; !isFinishable(here); end++) cut(here, earlier, end);
  const path = join(here.state, readdirSync(here.state)[0]);
  const text = readFileSync(path, 'utf8');
  unlinkSync(path);
  writeFileSync(path, text.slice(0, -10));
  expect(finishRestore(here.place())).toBe('unknown');
  expect(Object.keys(here.tree()).filter((name) => name.includes('.tidemark-restore-'))).toEqual([]);
});

test('what somebody put in the way since is not passed through', () => {
  const here = bench();
  const earlier = before(here);
  for (let end = 1; !isFinishable(here); end++) cut(here, earlier, end);
  if (!('new/deep/b.js' in here.tree())) symlinkSync(here.outside, join(here.root, 'new'));
  expect(finishRestore(here.place())).toBe('unknown');
  expect(readdirSync(here.outside)).toEqual([]);
});
