/** Tidemark's own configuration of a directory: `tidemark.build.json`, or `tidemark.build` in package.json. */
import { join } from 'node:path';
import { TidemarkError } from '../../engine/errors.ts';
import type { Definitions } from './definition.ts';
import type { Located, ReadFile } from './located.ts';
import { npmWorkspaces } from './packages.ts';
import { type FileSettings, PACKAGE_READERS, ROOT_READERS } from './settings.ts';

/** What a root's file says. */
export interface RootFile {
  readonly settings: FileSettings;
  readonly tasks: Definitions | undefined;
}

/** Throws `bad_option` naming file, line and option. */
export function readRootFile(directory: string, read: ReadFile): RootFile {
  const { tasks, $schema: _, ...settings } = ownConfiguration(directory, read)?.options(ROOT_READERS) ?? {};
  return { settings, tasks };
}

/** The tasks of a package that isn't the root. Throws `bad_option`, also for what only the root's file may say. */
export function readPackageFile(directory: string, read: ReadFile): Definitions | undefined {
  const file = ownConfiguration(directory, read);
  for (const [name, member] of file?.members() ?? [])
    if (Object.hasOwn(ROOT_READERS, name) && !Object.hasOwn(PACKAGE_READERS, name))
      throw member.error(`${member.name} is said in the file of the workspace's root, not in that of a package`);
  return file?.options<{ $schema?: string; tasks?: Definitions }>(PACKAGE_READERS).tasks;
}

/** The globs of packages that a directory's files have, ours before those of npm. */
export function workspacesOf(directory: string, read: ReadFile): readonly string[] | undefined {
  const own = ownConfiguration(directory, read)?.members().get('workspaces');
  return own?.texts() ?? npmWorkspaces(read(join(directory, 'package.json'), 'json'));
}

function ownConfiguration(directory: string, read: ReadFile): Located | undefined {
  const file = read(join(directory, 'tidemark.build.json'), 'jsonc');
  const block = read(join(directory, 'package.json'), 'json')?.members().get('tidemark');
  // The block may have parts for other products, which aren't ours to judge.
  const inPackage = block?.members().get('build');
  if (file === undefined || inPackage === undefined) return file ?? inPackage;
  throw new TidemarkError(
    'bad_option',
    `${inPackage.where}: ${inPackage.name} is here and in tidemark.build.json beside it: keep one of them`,
  );
}
