/** Keeping what was loaded elsewhere, with the mark that was taken before that load began. */
import type { Core } from './core.ts';
import type { Mark } from './entry.ts';
import { type Key, pathOfLocalId } from './key.ts';
import { tagsOf, timesOf, ttlOf } from './load.ts';
import { checkOptions, duration, listOrNothing } from './options.ts';
import { checked } from './schema.ts';
import type { Shelves } from './shelves.ts';
import type { Terms } from './terms.ts';
import { isolate } from './values.ts';
import type { SetOptions } from './write.ts';

/** The moment before a load: a load that begins at it, or later, sees every change up to this mark. */
export interface Beginning {
  readonly mark: Mark;
  readonly incarnation: string;
}

/** The present. */
export function beginning({ stamps }: Core, { sourceLag }: Terms): Beginning {
  return { mark: stamps.markFor(sourceLag), incarnation: stamps.incarnation };
}

/** Keep a value unless something that it rests on has changed since its load began; true if it was kept. */
export async function keep(
  core: Core,
  { terms, shelves }: { readonly terms: Terms; readonly shelves: Shelves },
  id: string,
  key: Key,
  given: unknown,
  since: Beginning,
  options: SetOptions,
): Promise<boolean> {
  const { names, stamps, authority, clock, random } = core;
  checkOptions('keep', options, ['ttl', 'tags']);
  listOrNothing('keep: tags', options.tags);
  core.assertOpen();
  const path = [...shelves.path, ...pathOfLocalId(id)];
  const valid = terms.schema ? await checked(terms.schema, given, path.slice(1).join('/')) : given;
  const ttl = options.ttl === undefined ? ttlOf(terms, valid) : duration('keep: ttl', options.ttl);
  const tags = [...tagsOf(terms, valid, key), ...(options.tags ?? [])].map((tag) => names.tag(tag));
  const dependencies = [...new Set(tags)];
  const { mark, incarnation } = since;
  // While the log is silent nobody knows what has changed.
  if (ttl <= 0 || authority.silent || stamps.verdict(path, dependencies, mark, incarnation) !== 'valid') return false;
  const times = timesOf(terms, ttl, clock.now(), random);
  const entry = { ...isolate(valid, terms.values), mark, incarnation, dependencies, ...times };
  const writes = Promise.resolve(shelves.put(id, entry, shelves.depth));
  core.track(writes);
  await writes;
  return true;
}
