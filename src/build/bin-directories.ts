/** Where package managers put the programs of packages. */
import { dirname, join, resolve } from 'node:path';

/** `node_modules/.bin` of a directory and of every one above it, up to `top`, the nearest first. */
export function binDirectories(directory: string, top: string): readonly string[] {
  const here = resolve(directory);
  const above = dirname(here);
  const bin = join(here, 'node_modules', '.bin');
  return here === resolve(top) || above === here ? [bin] : [bin, ...binDirectories(above, top)];
}
