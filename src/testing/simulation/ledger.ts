/** What has ever been appended to the log, whatever became of the log since: what was said can be looked up here. */
import { type Dependency, implicitDependencies, prefixDependency, softly } from '../../engine/dependency.ts';
import type { Change } from '../../engine/log.ts';
import { encodePath } from '../../engine/key.ts';
import { touches } from '../log-model.ts';
import { type Place, PLACES, type Said, shown, TAGS } from './truth.ts';

/** The name of every cache of a simulation. */
export const NAME = 'shop';

const namesOf = ({ path }: Place): readonly Dependency[] => implicitDependencies([NAME, ...path]);

/** Everything that a place or a tag can be changed by, in the order of {@link PLACES}, then {@link TAGS}. */
const ROWS: readonly (readonly Dependency[])[] = [
  ...PLACES.map(namesOf),
  ...TAGS.map((tag) => ['#' + encodePath([NAME, tag]), prefixDependency([NAME])]), // all that a tag is of is of the cache
];

/** Counts changes, and remembers of each place and tag which one named it last. */
export class Ledger {
  readonly #hard = ROWS.map(() => 0);
  readonly #soft = ROWS.map(() => 0);
  #count = 0;

  /** How many changes there have been. */
  get count(): number {
    return this.#count;
  }

  add(change: Change): void {
    this.#count++;
    for (const [i, names] of ROWS.entries()) {
      if (names.some((name) => touches(change, name))) this.#hard[i] = this.#count;
      if (names.some((name) => touches(change, softly(name)))) this.#soft[i] = this.#count;
    }
  }

  /** A place or tag that was named by what has been said, and by none of the changes since it was said. */
  lacks({ places, tags, soft, count }: Said): string | undefined {
    const rows = [...places, ...tags.map((tag) => PLACES.length + TAGS.indexOf(tag))];
    const missing = rows.find((row) => Math.max(this.#hard[row], soft ? this.#soft[row] : 0) <= count);
    if (missing === undefined) return undefined;
    return missing < PLACES.length ? shown(missing) : TAGS[missing - PLACES.length];
  }
}
