/** Names of what can change. An entry rests on some; a change touches some. */
import { TidemarkError } from './errors.ts';
import { decodePath, describe, encodePath, type Path } from './key.ts';
import { encodePattern, type Pattern } from './pattern.ts';

/**
 * A dependency's name. The first character says its kind:
 *
 * - `=/shop/post/7`: the key `['post', '7']` of the cache named `shop`, and nothing below it.
 * - `^/shop/post`: everything at or below the path `['post']`.
 * - `#/shop/author:7`: the tag `author:7`.
 * - `*` and an encoded pattern: every key that it matches. Only changes carry this kind; it is a rule, not a name.
 * - `?` before any of them: a *soft* change, which makes old by time but not wrong.
 */
export type Dependency = string;

/** The dependency of one key. */
export const keyDependency = (path: Path): Dependency => '=' + encodePath(path);

/** The dependency of everything at or below a path. */
export const prefixDependency = (path: Path): Dependency => '^' + encodePath(path);

/** The soft twin of a dependency: its stamp tells when it last changed softly. */
export const softly = (dependency: Dependency): Dependency => '?' + dependency;

/** The path of a key's dependency (`=…`), or undefined for any other kind. */
export function keyPathOf(dependency: Dependency): Path | undefined {
  return dependency.charCodeAt(0) === 61 /* = */ ? decodePath(dependency.slice(1)) : undefined;
}

/** What every entry at a path rests on without saying so: each prefix of its path, itself included, and the key. */
export function implicitDependencies(path: Path): Dependency[] {
  const text = encodePath(path);
  const dependencies: Dependency[] = [];
  for (let end = text.indexOf('/', 1); end > 0; end = text.indexOf('/', end + 1))
    dependencies.push('^' + text.slice(0, end));
  dependencies.push('^' + text, '=' + text);
  return dependencies;
}

/**
 * The names that one cache gives: everything that it says to a log or a store begins with the cache's own name, so that
 * caches of different names can share both and never touch each other.
 */
export class Names {
  readonly root: Path;

  constructor(name: string) {
    this.root = [name];
  }

  /** A caller's path as a whole one. */
  whole(path: Path): Path {
    return [...this.root, ...path];
  }

  key(path: Path): Dependency {
    return keyDependency(this.whole(path));
  }

  prefix(path: Path): Dependency {
    return prefixDependency(this.whole(path));
  }

  /** Throws `bad_key` for anything but non-empty text. */
  tag(tag: string): Dependency {
    if (typeof tag !== 'string' || tag === '')
      throw new TidemarkError('bad_key', `a tag must be non-empty text, not ${describe(tag)}`);
    return '#' + encodePath(this.whole([tag]));
  }

  rule(pattern: Pattern): Dependency {
    return '*' + encodePattern([...this.root, ...pattern]);
  }
}
