/** Data that can't be used make place for new ones: damaged files are kept beside the directory, for whoever wants to look. */
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LOCK } from './ground.ts';
import { DATA, HEADER } from './header.ts';

/** How many directories of damaged files are kept beside one environment's. */
const KEPT_ASIDE = 3;

const MARK = '.damaged-';
const TIME = /^\d{8}T\d{9}Z(-\d+)?$/;

/** Delete an environment's data. */
export function discard(path: string): void {
  for (const name of [DATA, LOCK]) rmSync(join(path, name), { force: true });
}

/**
 * Move an environment's files to a new directory beside its own and answer where that is. Only the newest such directories
 * are kept. Where they can't be moved, they are deleted, and the answer is `undefined`.
 */
export function moveAside(path: string): string | undefined {
  try {
    const place = newPlace(path);
    renameSync(join(path, DATA), join(place, DATA));
    forgetOldest(path);
    attempt(() => copyFileSync(join(path, HEADER), join(place, HEADER))); // damage may be just that it is missing
    attempt(() => renameSync(join(path, LOCK), join(place, LOCK)));
    return place;
  } catch {
    return undefined;
  } finally {
    discard(path);
  }
}

function newPlace(path: string): string {
  const time = new Date().toISOString().replace(/[-:.]/g, '');
  for (let number = 1; ; number++) {
    const place = `${path}${MARK}${time}${number === 1 ? '' : `-${number}`}`;
    try {
      mkdirSync(place);
      return place;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || number === 100) throw error;
    }
  }
}

function forgetOldest(path: string): void {
  const beginning = basename(path) + MARK;
  const places = readdirSync(dirname(path))
    .filter((name) => name.startsWith(beginning) && TIME.test(name.slice(beginning.length)))
    .toSorted();
  for (const name of places.slice(0, -KEPT_ASIDE)) rmSync(join(dirname(path), name), { recursive: true, force: true });
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // worth having, not worth failing for
  }
}
