/** The inputs that a spec names, as they are on the disk now. */
import { TidemarkError } from '../engine/errors.ts';
import { globbed } from './globbed.ts';
import type { InputSpec } from './input-spec.ts';
import { collectInputs } from './inputs.ts';
import { collectObserved } from './observed-inputs.ts';
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
  return collectInputs({ root, paths: everything(root, spec), index });
}

/** Every file of a workspace but what is its task's own. */
function everything(root: string, { exclude, own }: InputSpec & { readonly kind: 'everything' }): readonly string[] {
  const mine = new Set(own);
  const paths = globbed({ root, globs: ['**'], exclude }).filter((path) => !mine.has(path));
  if (paths.length > MOST)
    throw new TidemarkError(
      'bad_option',
      `${root} has ${paths.length} files: say which of them the command reads (inputs)`,
    );
  return paths;
}
