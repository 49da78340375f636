/** Directories that are gone when the test is over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new empty directory. Start programs in it afterwards: what was begun last ends first. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-processes-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
