/**
 * Key texts as paths of the engine, one to one: `content:post:123:v1` is `post`, `123`, `v1` below the namespace
 * `content`, so that patterns over texts are patterns over segments.
 *
 * Two kinds of keys have a marker in their path, which no segment equals, since it has a colon: keys that don't begin with
 * the namespace, and keys of many segments, such as JSON, whose end stays in one piece: an entry rests on each prefix of
 * its path, so a path has to be short.
 */
import { TidemarkError } from '../../engine/errors.ts';
import { describe, type Path, preparedKey } from '../../engine/key.ts';

/** Leads the path of a key that doesn't begin with its namespace. */
export const OTHER = ':other';

/** Stands before the rest of a key of more than {@link DEEPEST} segments, at the place before the last. */
export const REST = ':rest';

/** The most segments that are told apart. */
export const DEEPEST = 8;

const REMEMBERED = 16_384; // paths of a generation; the one before is at hand, too

/** The segments of a text, the end in one piece if there are many. */
export function segmentsOf(text: string): readonly string[] {
  const all = text.split(':');
  if (all.length <= DEEPEST) return all;
  return [...all.slice(0, DEEPEST - 1), REST, all.slice(DEEPEST - 1).join(':')];
}

/** The inverse of {@link segmentsOf}. */
function textOf(segments: readonly string[]): string {
  return (segments[DEEPEST - 1] === REST ? segments.toSpliced(DEEPEST - 1, 1) : segments).join(':');
}

/** The keys of one namespace. Those asked for lately have their paths at hand. */
export class KeyPaths {
  readonly #namespace: string;
  readonly #lead: string;
  #known = new Map<string, Path>();
  #before = new Map<string, Path>();

  constructor(namespace: string) {
    this.#namespace = namespace;
    this.#lead = namespace + ':';
  }

  /** The path below the namespace. */
  path(text: string): Path {
    return this.#known.get(text) ?? this.#make(text);
  }

  /** The path with the namespace. */
  whole(text: string): Path {
    return [this.#namespace, ...this.path(text)];
  }

  /** The text of a path below the namespace. */
  text(path: Path): string {
    return path[0] === OTHER ? textOf(path.slice(1)) : this.#lead + textOf(path);
  }

  #make(text: string): Path {
    const path = this.#before.get(text) ?? this.#pathOf(text);
    if (this.#known.size >= REMEMBERED) [this.#before, this.#known] = [this.#known, new Map()];
    this.#known.set(text, path);
    return path;
  }

  #pathOf(text: string): Path {
    if (typeof text !== 'string') throw new TidemarkError('bad_key', `a key must be text, not ${describe(text)}`);
    const own = text.startsWith(this.#lead);
    return preparedKey(own ? segmentsOf(text.slice(this.#lead.length)) : [OTHER, ...segmentsOf(text)]);
  }
}
