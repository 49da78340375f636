/** What a repository is made with, checked and with nothing left open. */
import type { Cache } from '../engine/cache.ts';
import type { Clock } from '../engine/clock.ts';
import { TidemarkError } from '../engine/errors.ts';
import type { Selector } from '../engine/invalidate.ts';
import {
  aFunction,
  checkOptions,
  duration,
  type Duration,
  functionOrNothing,
  list,
  nonEmptyText,
  oneOf,
} from '../engine/options.ts';
import type { FieldKind } from './footprint.ts';
import type { RepositoryWrite, UnpublishedWrite, Writing } from './item-writer.ts';
import type { KeptReadsOptions } from './kept-reads.ts';
import type { Item } from './matching.ts';
import { type Scope, SCOPES } from './principal.ts';
import { type PublicationOptions, publicationOf } from './publication.ts';
import { checkRelations, type Relations } from './relations.ts';
import type { Source } from './source.ts';
import { Tags } from './tags.ts';

/** What a repository is made with. */
export interface RepositoryOptions<T extends Item> {
  readonly cache: Cache;
  /**
   * What the items are called; the first part of their keys and tags. It is a tag of everything that the repository keeps:
   * who writes to the source by another way invalidates that.
   */
  readonly name: string;
  readonly source: Source<T>;
  /** The field that holds an item's id. Default `'id'`. */
  readonly id?: keyof T & string;
  /**
   * Fields by which lists are told apart: a list that asks for values of one of them falls only when a write has that value
   * before or after it. A list that asks for others falls with every write.
   */
  readonly fields?: { readonly [K in keyof T & string]?: FieldKind };
  /**
   * Declared fields that lists ask for together: such a list falls only with a write that has all those values, before or
   * after it. Without it a list that asks for two values rests on one of them.
   */
  readonly together?: readonly (readonly (keyof T & string)[])[];
  /** What items lead to, for reads to include. */
  readonly relations?: Relations;
  /** On whom what the source answers depends. Default `'everyone'`: on nobody. */
  readonly scope?: Scope;
  /** What `publish` and `unpublish` do; `{}` for the usual fields. Without it there is nothing to publish. */
  readonly publication?: PublicationOptions<T>;
  /** How long items and lists are fresh. Default for ever: writes say what changes. */
  readonly ttl?: Duration;
  /** How long it is remembered that an item isn't there. Default as `ttl`. */
  readonly negativeTtl?: Duration;
  /** After `ttl`, how long they are still served while one refresh runs. Default 0. */
  readonly staleFor?: Duration;
  /** After `ttl`, how long they are served while the source fails. Default 0. */
  readonly graceFor?: Duration;
  /** The names of the tiers that keep them. Default all. */
  readonly tiers?: readonly string[];
  /** As in `cache.define`: what another version stored isn't looked at. Default 1. */
  readonly version?: number;
  /** Asked with the key of each read: `false` sends it to the source, and nothing is kept of it. Default always. */
  readonly cached?: (key: string) => boolean;
  /** What else changes with a write: said with it, as one change. */
  readonly alongside?: (write: UnpublishedWrite) => readonly Selector[];
  readonly on?: {
    /** Told of each write when it has been published. What it throws is let go: the write has been made. */
    readonly written?: (write: RepositoryWrite) => void;
  };
  /** Where `publish` has the time from. */
  readonly clock?: Pick<Clock, 'now'>;
}

const KINDS: readonly FieldKind[] = ['text', 'boolean', 'number', 'time'];
const NAMES = [
  'cache',
  'name',
  'source',
  'id',
  'fields',
  'together',
  'relations',
  'scope',
  'publication',
  'ttl',
  'negativeTtl',
  'staleFor',
  'graceFor',
  'tiers',
  'version',
  'cached',
  'alongside',
  'on',
  'clock',
] as const;
const KEEPING = ['ttl', 'negativeTtl', 'staleFor', 'graceFor', 'tiers', 'version'] as const;

/** What the reads and the writers of a repository work with. */
export interface Settings<T extends Item> extends Writing, KeptReadsOptions<T> {}

/** Throws `bad_option` naming the option. */
export function settingsOf<T extends Item>(options: RepositoryOptions<T>): Settings<T> {
  checkOptions('createRepository', options, NAMES);
  const { cache, source, id = 'id', fields = {}, relations = {}, scope = 'everyone', cached, on = {} } = options;
  const name = nonEmptyText('createRepository: name', options.name);
  for (const method of ['findByIds', 'findMany', 'count', 'create', 'update', 'delete'] as const)
    if (typeof source?.[method] !== 'function')
      throw new TidemarkError('bad_option', `createRepository: source must be a source, with ${method}`);
  for (const [field, kind] of Object.entries<FieldKind>(fields))
    oneOf(`createRepository: fields.${field}`, kind, KINDS);
  checkRelations(relations);
  oneOf('createRepository: scope', scope, SCOPES);
  functionOrNothing('createRepository: cached', cached);
  const { alongside = () => [] } = options;
  aFunction('createRepository: alongside', alongside);
  checkOptions('createRepository: on', on, ['written']);
  functionOrNothing('createRepository: on.written', on.written);
  const together = options.together ?? [];
  list('createRepository: together', together);
  together.forEach((names, i) => {
    list(`createRepository: together[${i}]`, names);
    if (names.length < 2)
      throw new TidemarkError('bad_option', `createRepository: together[${i}] must have two at least`);
    for (const field of names)
      oneOf(`createRepository: together[${i}]: a declared field`, field, Object.keys(fields) as (keyof T & string)[]);
  });
  const tags = new Tags(name, id, fields, together);
  const time = (what: 'ttl' | 'negativeTtl', otherwise: number) =>
    options[what] === undefined ? otherwise : duration(`createRepository: ${what}`, options[what]);
  const ttl = time('ttl', Infinity);
  return {
    cache,
    source,
    tags,
    cached,
    alongside,
    written(write) {
      try {
        on.written?.(write);
      } catch {
        // The write has been made and published: that a listener failed is no failure of it.
      }
    },
    publication: options.publication && publicationOf(options.publication, options.clock),
    related: { tags, source, scope, ttl, negativeTtl: time('negativeTtl', ttl), relations },
    keeping: Object.fromEntries(KEEPING.flatMap((one) => (options[one] === undefined ? [] : [[one, options[one]]]))),
  };
}
