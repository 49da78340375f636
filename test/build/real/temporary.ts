/** Directories that several tests of a file share. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes directories, and removes them all. */
export function temporary(): { readonly folder: () => string; readonly remove: () => void } {
  const made: string[] = [];
  return {
    folder() {
      const path = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-real-')));
      made.push(path);
      return path;
    },
    remove: () => {
      for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
    },
  };
}
