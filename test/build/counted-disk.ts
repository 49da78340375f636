/** A file system that counts what is asked of it, and a directory that is gone after the test. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Disk } from '../../src/build/disk.ts';

/** The machine's file system, with a count of calls by name. */
export function countedDisk(): { readonly disk: Disk; readonly counts: Map<string, number>; readonly paths: string[] } {
  const counts = new Map<string, number>();
  const paths: string[] = [];
  const disk = new Proxy(fs, {
    get(target, name: keyof Disk) {
      return (...args: unknown[]): unknown => {
        counts.set(name, (counts.get(name) ?? 0) + 1);
        if (name === 'lstatSync') paths.push(String(args[0]));
        return (target[name] as (...given: unknown[]) => unknown)(...args);
      };
    },
  });
  return { disk, counts, paths };
}

/** A fresh directory with these files: text by relative path. */
export function directoryWith(files: Readonly<Record<string, string>> = {}): string {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'tidemark-build-')));
  onTestFinished(() => fs.rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) put(join(root, path), text);
  return root;
}

/** Writes a file, and the directories above it. */
export function put(path: string, text: string, mode = 0o644): void {
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.writeFileSync(path, text, { mode });
}
