/** Paths that records may hold: those that can't lead out of a package, on any platform. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';

const refusals: readonly (readonly [RegExp, string])[] = [
  [/^$/, 'is empty'],
  [/\0/, 'holds a NUL'],
  [/\p{Surrogate}/u, 'is not well-formed text'],
  [/\\/, 'holds a backslash'],
  [/^\//, 'is absolute'],
  [/^[A-Za-z]:/, 'begins with a drive'],
  [/(?:^|\/)(?:\/|$)/, 'has an empty part'],
  // Windows drops dots and spaces at the end of a name, so `.. ` would be `..` there.
  [/(?:^|\/)[. ]+(?:\/|$)/, 'has a part of dots and spaces only'],
];

/** Most paths: letters that are nothing special anywhere, and no part that begins with a dot or a space. */
const plain = /^[\w@+$~-][\w@+$~. -]*(?:\/[\w@+$~-][\w@+$~. -]*)*$/;

/** Why a record may not hold this path, or nothing. */
export function pathRefusal(path: string): string | undefined {
  return plain.test(path) ? undefined : refusals.find(([pattern]) => pattern.test(path))?.[1];
}

/** The path, if a record may hold it. Throws `bad_bytes` that says why not. */
export function checkedPath(path: unknown): string {
  if (typeof path !== 'string') throw new TidemarkError('bad_bytes', `a path must be text, not ${describe(path)}`);
  const refusal = pathRefusal(path);
  if (refusal !== undefined) throw new TidemarkError('bad_bytes', `the path ${describe(path)} ${refusal}`);
  return path;
}
