/** A package and blobs in a directory of their own, and a disk that counts its calls and ends at one of them. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Disk, machineDisk } from '../../src/build/disk.ts';
import type { OutputEntry } from '../../src/build/record.ts';
import { type Blobs, planRestore } from '../../src/build/restore-plan.ts';
import { restore } from '../../src/build/restore.ts';

export interface Bench {
  readonly root: string;
  readonly state: string;
  readonly outside: string;
  readonly blobs: Blobs;
  /** Keeps the text as a blob and tells of the output. */
  file(path: string, text: string, mode?: number): OutputEntry & { readonly kind: 'file' };
  /** Writes below the package. */
  write(path: string, text: string): void;
  /** Everything in the package: mode and text of files, targets of links, modes of empty directories. */
  tree(): Record<string, string>;
  /** What a restore needs. */
  asOptions(): { readonly blobs: Blobs; readonly state: string };
  place(): { readonly root: string; readonly state: string };
}

export function bench(): Bench {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-build-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [root, state, outside, store] = ['package', 'state', 'outside', 'blobs'].map((name) => join(folder, name));
  for (const directory of [root, outside, store]) mkdirSync(directory);
  const blobs: Blobs = { path: (digest) => join(store, digest) };
  return {
    root,
    state,
    outside,
    blobs,
    file(path, text, mode = 0o644) {
      const digest = createHash('sha256').update(text).digest('hex');
      const blob = blobs.path(digest);
      if (lstatSync(blob, { throwIfNoEntry: false }) === undefined) {
        writeFileSync(blob, text);
        chmodSync(blob, 0o444);
      }
      return { kind: 'file', path, digest, size: Buffer.byteLength(text), mode };
    },
    write(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    tree: () => treeOf(root),
    asOptions: () => ({ blobs, state }),
    place: () => ({ root, state }),
  };
}

/** Restores what a task made earlier, beside a file of somebody else. */
export function madeBefore(here: Bench): readonly OutputEntry[] {
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

/** What the task makes now: something of everything. */
export function madeAfter(here: Bench): readonly OutputEntry[] {
  return [
    here.file('dist/a.js', 'new a', 0o755),
    here.file('dist/turn/into', 'directory'),
    here.file('dist/mode', 'mode', 0o600),
    here.file('new/deep/b.js', 'b'),
    { kind: 'link', path: 'dist/l', target: 'turn/into' },
    { kind: 'directory', path: 'empty', mode: 0o750 },
  ];
}

/** How the package looks then. */
export const TREE_AFTER = {
  'dist/a.js': '755 new a',
  'dist/l': '-> turn/into',
  'dist/mode': '600 mode',
  'dist/turn/into': '644 directory',
  empty: '750 empty',
  mine: '644 mine',
  'new/deep/b.js': '644 b',
};

function treeOf(root: string): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted()) {
    const place = join(root, path);
    const stats = lstatSync(place);
    const mode = (stats.mode & 0o777).toString(8);
    if (stats.isSymbolicLink()) seen[path] = `-> ${readlinkSync(place)}`;
    else if (!stats.isDirectory()) seen[path] = `${mode} ${readFileSync(place, 'utf8')}`;
    else if (readdirSync(place).length === 0) seen[path] = `${mode} empty`;
  }
  return seen;
}

/** A disk that counts calls by name; from call `end` on of those that change something, all calls fail, as after a kill. */
export function watchedDisk(end = Infinity): { readonly disk: Disk; readonly calls: Map<string, number> } {
  const calls = new Map<string, number>();
  const changing = /^(?:chmod|copyFile|fchmod|link|mkdir|rename|rmdir|symlink|unlink|write|writeFile)Sync$/;
  let changed = 0;
  const disk = new Proxy(machineDisk, {
    get(target, name: keyof Disk) {
      return (...args: unknown[]) => {
        calls.set(name, (calls.get(name) ?? 0) + 1);
        if (changing.test(name)) changed++;
        if (changed >= end) throw new Error('killed');
        return (target[name] as (...args: unknown[]) => unknown)(...args);
      };
    },
  });
  return { disk, calls };
}
