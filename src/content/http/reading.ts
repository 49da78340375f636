/** What an answer is made of: something to be read, with what it rests on and whose it is. */
import type { LoadContext } from '../../engine/context.ts';
import type { Selector } from '../../engine/invalidate.ts';
import type { Key } from '../../engine/key.ts';
import type { Item } from '../matching.ts';
import type { Principal, Scope } from '../principal.ts';
import { type Query, textOfQuery } from '../query.ts';

/** What a reading may say while it reads. */
export type ReadingContext = Pick<LoadContext, 'signal' | 'tag' | 'dependsOn'>;

/** Something to be read. It must rest on all that can change it: that is what makes its answers fall. */
export interface Reading<T> {
  /** Its name among all readings, as a path. */
  readonly key: Key;
  /** The tags that it rests on, known before it is read. They become the answer's Cache-Tag. */
  readonly tags: readonly string[];
  /** Keys that it rests on as well: whole paths, beginning with the name of their collection. */
  readonly dependsOn?: readonly Key[];
  /** Reads it; `undefined` or `null` for what isn't there. */
  readonly read: (context: ReadingContext) => Promise<T | null | undefined>;
  /** Whose caching it has. Default the first segment of the key. */
  readonly policy?: string;
  /** On whom it depends. Default `'user'`: kept for each reader apart. */
  readonly scope?: Scope;
  /** On whose behalf it is read, whoever asks: then it is kept for them alone. Default who asks. */
  readonly principal?: Principal;
  /** What is invalidated when somebody trusted wants it anew. Default what is kept of the answer. */
  readonly anew?: Selector;
}

/** A repository, as far as readings need it. */
export interface ReadableRepository<T extends Item, Include = never> {
  /** The first part of its tags. */
  readonly name: string;
  /** On whose behalf it reads; a reading of it is kept for nobody else. */
  readonly principal?: Principal;
  findById(id: string, options?: Finding<Include>): Promise<T | undefined>;
  findMany(query?: Query, options?: Finding<Include>): Promise<readonly T[]>;
  restsOn(query?: Query): readonly string[];
}

interface Finding<Include> {
  readonly signal?: AbortSignal;
  readonly include?: Include;
  readonly restsOn?: (tags: readonly string[]) => void;
}

/** What may be said of a repository's reading in addition. */
export interface ReadingOptions<Include = never> extends Pick<Reading<unknown>, 'policy' | 'scope'> {
  /** Relations to be included. */
  readonly include?: Include;
}

/**
 * An item of a repository.
 *
 * @example await http.respond(request, itemOf(posts, id))
 */
export function itemOf<T extends Item, Include = never>(
  repository: ReadableRepository<T, Include>,
  id: string,
  options: ReadingOptions<Include> = {},
): Reading<T> {
  return {
    ...common('item', id, repository, [`${repository.name}#${id}`], options),
    read: (context) => repository.findById(id, finding(context, options)),
  };
}

/**
 * A list of a repository.
 *
 * @example await http.respond(request, listOf(posts, { where: { status: 'published' }, limit: 20 }))
 */
export function listOf<T extends Item, Include = never>(
  repository: ReadableRepository<T, Include>,
  query: Query = {},
  options: ReadingOptions<Include> = {},
): Reading<readonly T[]> {
  const { name } = repository;
  const text = textOfQuery(query);
  const own = repository.restsOn(query).filter((tag) => tag !== name);
  return {
    ...common('list', text, repository, own, options),
    read: (context) => repository.findMany(query, finding(context, options)),
  };
}

function common<Include>(
  what: 'item' | 'list',
  text: string,
  { name, principal = 'anonymous' }: Pick<ReadableRepository<Item>, 'name' | 'principal'>,
  own: readonly string[],
  { include, policy, scope }: ReadingOptions<Include>,
): Omit<Reading<unknown>, 'read'> {
  return {
    key: include === undefined ? [name, what, text] : [name, what, text, JSON.stringify(include)],
    tags: [name, ...own],
    dependsOn: [[`${name}.${what}`, text]],
    anew: { tags: own },
    ...(principal !== 'anonymous' && { principal }),
    ...(policy !== undefined && { policy }),
    ...(scope !== undefined && { scope }),
  };
}

/** What is included is part of the answer: so is what it rests on. */
function finding<Include>({ signal, tag }: ReadingContext, { include }: ReadingOptions<Include>): Finding<Include> {
  return include === undefined ? { signal } : { signal, include, restsOn: (tags) => tag(...tags) };
}
