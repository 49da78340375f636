/** The root of the workspace that a directory is in, and what its file says; packages and tasks aren't looked at. */
import { type ReadFile, readingOnce } from './located.ts';
import { readRootFile, type RootFile, workspacesOf } from './own-file.ts';
import { realDirectory, rootOf } from './packages.ts';
import type { FileSettings } from './settings.ts';

/** The root of the workspace that a directory is in, and its settings, without looking at packages or tasks. Throws `bad_option`. */
export function readSettings(from: string): { readonly directory: string; readonly settings: FileSettings } {
  const { directory, settings } = readRoot(realDirectory(from), readingOnce());
  return { directory, settings };
}

/** The same for a real path, with the tasks that the root's file describes. Throws `bad_option`. */
export function readRoot(from: string, read: ReadFile): RootFile & { readonly directory: string } {
  const directory = rootOf(from, (at) => workspacesOf(at, read));
  return { directory, ...readRootFile(directory, read) };
}
