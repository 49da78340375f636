/** Where an environment may be: in a directory of ours, in an empty one, or in one that is still to be made. */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '../../engine/errors.ts';
import { DATA, FORMAT, type FoundHeader, HEADER, readHeader } from './header.ts';
import { OPENING } from './opening.ts';
import { USERS } from './registration.ts';

/** The name of LMDB's own lock. */
export const LOCK = 'lock.mdb';
/** There while reading has met damage that nobody has looked into. */
export const SUSPECT = 'suspect';
/** Where an environment's compact copy is made. */
export const COMPACTING = 'compacting';

const OURS: readonly string[] = [HEADER, `${HEADER}.next`, DATA, LOCK, USERS, SUSPECT, COMPACTING];

/**
 * Make the directory, if it is missing, and see that it may be used. Nothing that is there is touched.
 *
 * @throws `foreign_directory`, `newer_format`, and what the file system throws.
 */
export function assertGround(path: string): void {
  const place = statSync(path, { throwIfNoEntry: false });
  if (!place) mkdirSync(path, { recursive: true });
  else if (!place.isDirectory()) throw foreign(`${path} is a file; a cache needs a directory of its own`);
  else assertOurs(path);
}

function assertOurs(path: string): void {
  const found = readHeader(path);
  assertReadable(path, found);
  if (found.is === 'whole' || (found.is === 'broken' && found.begins)) return;
  const entries = readdirSync(path);
  const strange = entries.find((entry) => !OURS.includes(entry) && entry.split('.')[0] !== OPENING);
  const used = entries.includes(DATA) || entries.includes(HEADER);
  // Asked after the list: who opens the directory for the first time meanwhile makes this before the data.
  const entered = statSync(join(path, USERS), { throwIfNoEntry: false }) !== undefined;
  if (strange !== undefined || (used && !entered))
    throw foreign(`${path} holds ${strange ?? DATA}, which isn't Tidemark's; a cache needs a directory of its own`);
}

/** @throws `newer_format`. */
export function assertReadable(path: string, found: FoundHeader): void {
  if (found.is !== 'newer') return;
  const message = `${path} has format ${found.format}; this release of Tidemark reads up to format ${FORMAT}`;
  throw new TidemarkError('newer_format', message);
}

function foreign(message: string): TidemarkError {
  return new TidemarkError('foreign_directory', message);
}
