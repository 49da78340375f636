/** A program for a process of its own, made from the sources, in a place from which it finds the packages. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { onTestFinished } from 'vitest';
import { root } from './repository.ts';

/**
 * The path of a bundled program whose text imports sources by the paths that {@link source} gives; gone after the test, or
 * when `afterwards` says.
 */
export async function program(
  text: string,
  afterwards: (remove: () => void) => void = onTestFinished,
): Promise<string> {
  const caches = join(root, 'node_modules', '.cache', 'tidemark');
  mkdirSync(caches, { recursive: true });
  const folder = mkdtempSync(join(caches, 'program-'));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  const input = join(folder, 'entry.mjs');
  const file = join(folder, 'program.mjs');
  writeFileSync(input, text);
  const external = /^(lmdb|msgpackr|classic-level|jsonc-parser|get-tsconfig)$/;
  const build = await rolldown({ input, platform: 'node', external, treeshake: false, logLevel: 'silent' });
  await build.write({ file, format: 'esm', codeSplitting: false });
  await build.close();
  return file;
}

/** How a program names a file of the repository. */
export function source(path: string): string {
  return JSON.stringify(join(root, path));
}
