/** A process that is killed, and a disk that is full, at any step of a restore: the next run has the package right. */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { type Disk, machineDisk } from '../../src/build/disk.ts';
import { finishRestore, isRestorePending } from '../../src/build/finish-restore.ts';
import { planRestore } from '../../src/build/restore-plan.ts';
import { restore } from '../../src/build/restore.ts';
import { type Bench, bench, madeAfter, madeBefore, TREE_AFTER } from './restored-package.ts';
import { restoringProgram } from './restore-programs.ts';

const RESTORING = `
const { outputs, earlier } = told;
restore(planRestore({ root, outputs, earlier, blobs, state, disk }), { blobs, state, disk });
`;

test('kill -9 at each change to the disk: finished or as before, then right, and foreign files are untouched', async () => {
  const here = bench();
  const earlier = madeBefore(here);
  const program = await restoringProgram(here.outside, RESTORING);
  const outcomes = new Set<string>();
  const store = dirname(here.blobs.path('x'));
  const wanted = madeAfter(here);
  const old = here.tree();
  let end = 1;
  for (let killed = true; killed; end++) {
    const told = { root: here.root, state: here.state, store, end, outputs: wanted, earlier };
    const { signal, status, stderr } = spawnSync(process.execPath, [program, JSON.stringify(told)], {
      timeout: 20_000,
    });
    killed = signal === 'SIGKILL';
    if (!killed) expect([status, stderr.toString()]).toEqual([0, '']);
    const outcome = finishRestore(here.place());
    outcomes.add(outcome);
    const found = JSON.stringify(here.tree());
    expect([JSON.stringify(old), JSON.stringify(sorted(TREE_AFTER))], `change ${end}: ${outcome}`).toContain(found);
    if (outcome === 'undone') expect(found, `change ${end}`).toBe(JSON.stringify(old));
    again(here, wanted, earlier);
    expect(here.tree(), `change ${end}`).toEqual(TREE_AFTER);
    again(here, earlier, wanted);
    expect(here.tree(), `change ${end}`).toEqual(old);
  }
  expect(outcomes).toEqual(new Set(['nothing', 'undone', 'finished']));
  expect(end).toBeGreaterThan(25);
}, 60_000);

function again(here: Bench, outputs: ReturnType<typeof madeAfter>, earlier: ReturnType<typeof madeAfter>): void {
  const { root, state, blobs } = here;
  restore(planRestore({ root, outputs, earlier, blobs, state }), { blobs, state });
}

function sorted(tree: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tree).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A disk that has no room for one thing: the `end`-th that needs some. */
function fullDisk(end: number): { readonly disk: Disk; readonly wasFull: () => boolean } {
  let needs = 0;
  const disk = new Proxy(machineDisk, {
    get(target, name: keyof Disk) {
      return (...args: unknown[]) => {
        const needsRoom = /^(?:link|mkdir|rename|symlink|write|writeFile)Sync$/.test(name) || args[1] === 'wx';
        if (needsRoom && ++needs === end) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        return (target[name] as (...args: unknown[]) => unknown)(...args);
      };
    },
  });
  return { disk, wasFull: () => needs >= end };
}

test('a disk that is full at any step: an error that says so, and the package as before or finished', () => {
  const here = bench();
  const earlier = madeBefore(here);
  const wanted = madeAfter(here);
  const old = here.tree();
  const { root, state, blobs } = here;
  for (let end = 1, isFull = true; isFull; end++) {
    const { disk, wasFull } = fullDisk(end);
    const run = () => restore(planRestore({ root, outputs: wanted, earlier, blobs, state }), { blobs, state, disk });
    try {
      run();
    } catch (error) {
      expect(error, `need ${end}`).toMatchObject({ code: 'store_failed', cause: { code: 'ENOSPC' } });
    }
    isFull = wasFull();
    if (!isRestorePending(here.place()) && isFull) expect(here.tree(), `need ${end}`).toEqual(old);
    else if (isFull) expect(finishRestore(here.place()), `need ${end}`).toBe('finished');
    again(here, wanted, earlier);
    expect(here.tree(), `need ${end}`).toEqual(TREE_AFTER);
    again(here, earlier, wanted);
  }
});
