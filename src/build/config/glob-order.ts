/** Globs whose order matters, as globs whose order doesn't. */

/** Globs that mean the same in any order. */
export interface Unordered {
  readonly globs: readonly string[];
  /** Excluding ones that had to be left out, so that more is matched than was meant; nothing if none had. */
  readonly given?: readonly string[];
}

/**
 * Where the last match decides, `['a/**', '!a/b/**', 'a/b/c']` has `a/b/c`; where `!` always takes away, it hasn't. An
 * excluding glob stays if nothing that comes after it can lie where it takes away, as far as the plain names tell with
 * which both begin; else it is left out: to match too much is safe, too little isn't.
 */
export function inAnyOrder(globs: readonly string[]): Unordered {
  const given = globs.filter(
    (glob, at) => glob.startsWith('!') && globs.slice(at + 1).some((later) => mayAddAgain(glob, later)),
  );
  return given.length === 0 ? { globs } : { globs: globs.filter((glob) => !given.includes(glob)), given };
}

function mayAddAgain(excluding: string, later: string): boolean {
  if (later.startsWith('!')) return false;
  const [a, b] = [plainNames(excluding.slice(1)), plainNames(later)];
  return a.slice(0, b.length).every((name, i) => name === b[i]);
}

function plainNames(glob: string): readonly string[] {
  const names = glob.replace(/^\.\//, '').split('/');
  const dynamic = names.findIndex((name) => /[*?[\]{}()!+@\\]/.test(name));
  return dynamic === -1 ? names : names.slice(0, dynamic);
}
