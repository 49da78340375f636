/** Names of environment variables as people write them: exact, or with `*` for any letters. */

/** How names compare: Windows doesn't tell `Path` from `PATH`. */
export function foldedName(name: string, platform: NodeJS.Platform): string {
  return platform === 'win32' ? name.toUpperCase() : name;
}

/** A name that stands for any number of variables. */
export function isPattern(name: string): boolean {
  return name.includes('*');
}

/** Tells whether a name is one of those that these names and patterns stand for. */
export function namedBy(patterns: readonly string[], platform: NodeJS.Platform): (name: string) => boolean {
  const folded = patterns.map((pattern) => foldedName(pattern, platform));
  const exact = new Set(folded.filter((pattern) => !isPattern(pattern)));
  const parts = folded.filter(isPattern).map((pattern) => pattern.split('*'));
  return (name) => {
    const same = foldedName(name, platform);
    return exact.has(same) || parts.some((pattern) => fits(same, pattern));
  };
}

/** Between beginning and end, each part is looked for behind the one before: the first place is as good as any. */
function fits(name: string, [first, ...others]: readonly string[]): boolean {
  const last = others.at(-1) ?? '';
  const end = name.length - last.length;
  if (first.length > end || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const part of others.slice(0, -1)) {
    const found = name.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
