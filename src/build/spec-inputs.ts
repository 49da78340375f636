/** The inputs that a spec names, as they are on the disk now. */
import type { Dirent } from 'node:fs';
import { relative, sep } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import { parentsOf } from './confined.ts';
import { sortedByBytes } from './digest.ts';
import { type Disk, machineDisk } from './disk.ts';
import { globbed } from './globbed.ts';
import type { InputSpec } from './input-spec.ts';
import { collectInputs } from './inputs.ts';
import { collectObserved } from './observed-inputs.ts';
import { matchedPaths } from './matched-paths.ts';
import type { InputEntry } from './record.ts';
import type { StatIndex } from './stat-index.ts';

/** Beyond so many files, somebody runs a build in a place that is no repository. */
const MOST = 200_000;

/** Where inputs are looked for. */
export interface SpecPlace {
  readonly workspace: string;
  readonly index: StatIndex;
}

/** In bytewise order. Throws `store_failed` where something can't be read, `bad_option` for globs that can't be. */
export function specInputs(spec: InputSpec, place: SpecPlace): readonly InputEntry[] {
  const { workspace: root, index } = place;
  if (spec.kind === 'globs') return collectInputs({ root, globs: spec.globs, exclude: spec.exclude, index });
  if (spec.kind === 'observed') return collectObserved(spec, place);
  return everything(spec, place);
}

/** Every file and every empty directory of a workspace but what is its task's own, or leads to nothing else. */
function everything(
  { exclude, own }: InputSpec & { readonly kind: 'everything' },
  { workspace: root, index }: SpecPlace,
): readonly InputEntry[] {
  const mine = new Set(own);
  const empty: string[] = [];
  const readdirSync = (path: string, options: { readonly withFileTypes: true }): readonly Dirent[] => {
    const entries = machineDisk.readdirSync(path, options);
    if (entries.length === 0) empty.push(relative(root, path).split(sep).join('/'));
    return entries;
  };
  const disk = { ...machineDisk, readdirSync: readdirSync as Disk['readdirSync'] };
  const paths = globbed({ root, globs: ['**'], exclude, disk }).filter((path) => !mine.has(path));
  if (paths.length > MOST)
    throw new TidemarkError(
      'bad_option',
      `${root} has ${paths.length} files: say which of them the command reads (inputs)`,
    );
  const excluded = matchedPaths(empty, exclude);
  const leads = new Set(own.flatMap(parentsOf));
  const directories = empty
    .filter((path) => path !== '' && !excluded.has(path) && !mine.has(path) && !leads.has(path))
    .map((path): InputEntry => ({ path, here: 'directory' }));
  const files = collectInputs({ root, paths, index });
  return directories.length === 0 ? files : sortedByBytes([...files, ...directories], ({ path }) => path);
}
