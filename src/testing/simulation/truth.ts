/** The source of truth that every loader asks, and what a process is owed of it: the uncached oracle. */

/** The collections that every cache of a schedule defines; `free` are reads without one. */
type Shelf = 'plain' | 'aged' | 'brief' | 'sum' | 'free';

/** One thing that can be read. */
export interface Place {
  readonly index: number;
  readonly shelf: Shelf;
  /** The key within its collection. */
  readonly key: readonly string[];
  /** The whole path, as changes name it. */
  readonly path: readonly string[];
}

const KEYS: readonly (readonly [Shelf, readonly string[]])[] = [
  ['plain', ['a']],
  ['plain', ['b']],
  ['plain', ['a', 'x']],
  ['plain', ['a', 'x', 'y']],
  ['aged', ['a']],
  ['aged', ['b', 'x']],
  ['brief', ['a']],
  ['brief', ['b']],
  ['sum', ['s']],
  ['sum', ['s', 't']],
  ['free', ['report', 'q']],
  ['free', ['plain', 'b']], // the path of a key of `plain`, kept apart from it
];

/** Everything that can be read. */
export const PLACES: readonly Place[] = KEYS.map(([shelf, key], index) => ({
  index,
  shelf,
  key,
  path: shelf === 'free' ? key : [shelf, ...key],
}));

const PLAIN = PLACES.filter(({ shelf }) => shelf === 'plain');

export const TAGS: readonly string[] = ['red', 'green', 'blue'];

/**
 * A place and the version of it that a value was made from; `true` if it was read through the cache, which may lag behind
 * what other processes changed.
 */
export type Part = readonly [place: number, version: number, cached?: true];

/** A value, and all that it was made from: what it claims can be checked against what was owed. */
export interface Made {
  /** Which load or `set` made it. */
  readonly id: number;
  /** The index of the place that it is a value of. */
  readonly of: number;
  /** What it was made from, its own place first. */
  readonly parts: readonly Part[];
  /** The tags that it can be invalidated by. */
  readonly tags: readonly string[];
}

/** Every place has a version that only grows; what a version is like follows from its number. */
export class Truth {
  readonly versions: number[] = PLACES.map(() => 1);

  /** Write: the place has a new version now. */
  write(place: Place): number {
    return ++this.versions[place.index];
  }

  /** In some versions there is nothing at the place. */
  absent(place: Place, version: number): boolean {
    return place.shelf !== 'sum' && (version * 7 + place.index) % 5 === 0;
  }

  /** The tags of a version: they change with it. */
  tags(place: Place, version: number): string[] {
    const first = TAGS[(version + place.index) % TAGS.length];
    return version % 2 === 0 ? [first] : [first, TAGS[(version + place.index + 1) % TAGS.length]];
  }

  /** The other places that a version of a sum is made from. */
  partsOf(place: Place, version: number): readonly Place[] {
    if (place.shelf !== 'sum') return [];
    return [PLAIN[(version + place.index) % PLAIN.length], PLAIN[(version + place.index + 1) % PLAIN.length]];
  }
}

/** A change, as its author meant it: the places and tags that it names, and the truth when it was said. */
export interface Said {
  /** How many changes the log had been given before. */
  readonly count: number;
  readonly places: readonly number[];
  readonly tags: readonly string[];
  readonly truth: readonly number[];
  /** A soft change makes old, not wrong. */
  readonly soft: boolean;
}

const ROWS = PLACES.length + TAGS.length;
const WIDTH = PLACES.length;

/**
 * What a process is owed. The rule, without any of its machinery: a value that rests on a place or a tag must have been
 * made from nothing older than the truth at the last acknowledged change that named it.
 */
export class Owed {
  readonly #least = new Int32Array(ROWS * WIDTH);

  /** Of any soft or hard change. */
  acknowledge({ places, tags, truth }: Said): void {
    for (const row of [...places, ...tags.map((tag) => PLACES.length + TAGS.indexOf(tag))])
      for (const [i, version] of truth.entries()) {
        const at = row * WIDTH + i;
        if (this.#least[at] < version) this.#least[at] = version;
      }
  }

  /** All of this and of another. */
  with(other: Owed): Owed {
    const both = this.copy();
    other.#least.forEach((version, at) => (both.#least[at] = Math.max(version, both.#least[at])));
    return both;
  }

  copy(): Owed {
    const copied = new Owed();
    copied.#least.set(this.#least);
    return copied;
  }

  /** The least version of a place that a value of it may be of. */
  least(place: number): number {
    return this.#least[place * WIDTH + place];
  }

  /** What a value lacks, in words. */
  lacking({ parts, tags }: Made): string | undefined {
    const rows = [...parts.map(([place]) => place), ...tags.map((tag) => PLACES.length + TAGS.indexOf(tag))];
    for (const row of rows)
      for (const [place, version, cached] of parts) {
        if (cached && row !== place) continue; // owed no more than a read of the place itself
        const least = this.#least[row * WIDTH + place];
        if (version < least)
          return `it is made from ${shown(place)}@${version}, owed @${least} since a change of ${row < PLACES.length ? shown(row) : TAGS[row - PLACES.length]}`;
      }
    return undefined;
  }
}

/** A place as traces show it. */
export function shown(place: number): string {
  const { shelf, key } = PLACES[place];
  return `${shelf}:${key.join('/')}`;
}
