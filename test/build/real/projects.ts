/** Small real projects with this repository's tools, in directories that are each other's clones. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type BuildCacheOptions,
  type BuildTask,
  openBuildCache,
  type RunOptions,
  type RunResult,
} from 'tidemark/build';
import { root as repository } from '../../support/repository.ts';

/** Files by their paths; what isn't text is written as JSON. */
export type Files = Readonly<Record<string, unknown>>;

/** Writes files. */
export function write(directory: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** A clone of a project, with the packages of this repository installed. */
export function cloned(directory: string, files: Files): string {
  write(directory, { '.gitignore': 'node_modules\ndist\n', ...files });
  symlinkSync(join(repository, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

/** One run in a cache of its own, as a process would do it, and what it printed. */
export async function run(
  workspace: string,
  task: Omit<BuildTask, 'workspace'>,
  options: BuildCacheOptions,
  how: RunOptions['how'] & string = 'as needed',
): Promise<RunResult & { readonly printed: string }> {
  const cache = openBuildCache({ fsync: 'none', ...options });
  let printed = '';
  try {
    const result = await cache.run(
      { workspace, ...task },
      { how, onOutput: (_, bytes) => void (printed += Buffer.from(bytes).toString()) },
    );
    return { ...result, printed };
  } finally {
    await cache.close();
  }
}
