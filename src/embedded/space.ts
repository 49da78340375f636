/** Namespaces: where in the file their keys lie, and by what names the engine knows what is in them. */
import { SEPARATOR, segmentOfText, segmentText } from '../backends/lmdb/keys.ts';
import { keyDependency, Names, prefixDependency } from '../engine/dependency.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe, escapeSegment, type Path } from '../engine/key.ts';
import type { Change } from '../engine/log.ts';
import { nonEmptyText } from '../engine/options.ts';

/** A way to name things. A file may hold several families; they never meet. */
export interface Family {
  /** What a cache of the engine must be called to meet the same entries. */
  readonly name: string;
  /** How the texts of all its keys begin, and the first text behind them. */
  readonly prefix: string;
  readonly end: string;
  /** What parts a namespace from a key, and the first text behind everything that begins with it. */
  readonly mark: string;
  readonly afterMark: string;
}

/**
 * A namespace. An entry lies where the engine would put it under an ad hoc key, so that both find what the other has stored.
 */
export interface Space {
  readonly family: Family;
  /** As figures list it. */
  readonly name: string;
  /** How the texts of all its keys begin, and the first text behind them. */
  readonly prefix: string;
  readonly end: string;
  /** Tags that loads carry so that {@link Space.changeOf} reaches them. */
  readonly tags: readonly string[];
  /** A key's path, as the engine takes it. */
  path(key: string): Path;
  /** The change that says that these keys went, and that nothing of the namespace may come back that was on its way. */
  changeOf(keys: readonly string[]): Change;
  /** The namespace that a view of this one opens. Throws `bad_option`. */
  below(namespace: string): Space;
}

/** The text that a key has in the file. */
export function textOf({ prefix }: Space, key: string): string {
  return prefix + segmentText(key);
}

/** The key of a text, or `undefined` if the text isn't of this namespace. */
export function keyIn({ prefix }: Space, text: string): string | undefined {
  if (!text.startsWith(prefix) || text.includes(SEPARATOR, prefix.length)) return undefined;
  return segmentOfText(text.slice(prefix.length));
}

/** The dependency of a key. */
export function dependencyOf(space: Space, key: string): string {
  return keyDependency([space.family.name, ...space.path(key)]);
}

const AFTER_SEPARATOR = '\x06';
const MOST = 200; // so that the row of a long key, which is its beginning and a hash, shows its namespace

function familyOf(name: string, mark: string, afterMark: string): Family {
  const whole = 'a' + SEPARATOR + name; // the file spells so that a key belongs to no collection
  return { name, prefix: whole + SEPARATOR, end: whole + AFTER_SEPARATOR, mark, afterMark };
}

function segmentOfName(name: string): string {
  const segment = segmentText(name);
  if (segment.length <= MOST) return segment;
  throw new TidemarkError('bad_option', `a namespace may take ${MOST} characters at most, not ${describe(name)}`);
}

const NESTED = familyOf('kv', SEPARATOR, AFTER_SEPARATOR);

/** Namespaces are paths, written so that no two share a text; the key is a segment of its own. */
class NestedSpace implements Space {
  readonly family = NESTED;
  readonly name: string;
  readonly prefix: string;
  readonly end: string;
  readonly tags: readonly string[] = [];

  constructor(name: string) {
    const segment = segmentOfName(name);
    this.name = name;
    this.prefix = NESTED.prefix + segment + NESTED.mark;
    this.end = NESTED.prefix + segment + NESTED.afterMark;
  }

  path(key: string): Path {
    return [this.name, key];
  }

  changeOf(): Change {
    return [prefixDependency([NESTED.name, this.name])];
  }

  below(namespace: string): Space {
    const segment = escapeSegment(nonEmptyText('withNamespace: namespace', namespace));
    return new NestedSpace(this.name === '' ? segment : `${this.name}/${segment}`);
  }
}

/** The namespace of that name; `''` for what is in none. */
export function nestedSpace(namespace: string): Space {
  return new NestedSpace(escapeSegment(namespace));
}

/** level-cache puts the sign for a unit separator between namespace and key. */
const FLAT = familyOf('level-cache', '\u241f', '\u2420');
const DEFAULT = 'default';

/** Names glued as level-cache does it: one segment, which may be parted into namespace and key in more than one way. */
class FlatSpace implements Space {
  readonly family = FLAT;
  readonly name: string;
  readonly prefix: string;
  readonly end: string;
  readonly tags: readonly string[];
  readonly #glue: string;

  constructor(name: string) {
    const segment = segmentOfName(name);
    this.name = name;
    this.#glue = name === '' ? '' : name + FLAT.mark;
    this.prefix = FLAT.prefix + (name === '' ? '' : segment + FLAT.mark);
    this.end = name === '' ? FLAT.end : FLAT.prefix + segment + FLAT.afterMark;
    this.tags = ['namespace:' + name];
  }

  path(key: string): Path {
    return [this.#glue + key];
  }

  changeOf(keys: readonly string[]): Change {
    const names = new Names(FLAT.name);
    return [...this.tags.map((tag) => names.tag(tag)), ...keys.map((key) => names.key(this.path(key)))];
  }

  below(namespace: string): Space {
    return new FlatSpace(namespace ? defaultNamespace({ namespace: this.name }, namespace) : DEFAULT);
  }
}

/** The namespace that level-cache means by that name; `''` for keys as they are. */
export function flatSpace(namespace: string = DEFAULT): Space {
  return new FlatSpace(namespace);
}

/** The namespace that a view of `base` opens by this name, as level-cache joins them: with a slash. */
export function defaultNamespace(base: { readonly namespace?: string | undefined }, namespace: string): string {
  return base.namespace ? `${base.namespace}/${namespace}` : namespace;
}
