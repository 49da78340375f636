/** How the items of one repository lead to those of others, and what a read may include of them. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { checkOptions, nonEmptyText, oneOf } from '../engine/options.ts';
import type { Item } from './matching.ts';
import { narrower, type Scope } from './principal.ts';
import { type Condition, normalQuery, type Where } from './query.ts';
import type { Source } from './source.ts';
import type { Tags } from './tags.ts';

/** A repository, or a function that says which: repositories may lead to each other. */
export type RepositoryRef = object | (() => object);

/** How an item leads to others. */
export type Relation =
  | {
      readonly to: RepositoryRef;
      /** The field here that holds the other's id. */
      readonly by: string;
      readonly kind?: 'one';
    }
  | {
      readonly to: RepositoryRef;
      /** The field of the others that holds this item's id. */
      readonly by: string;
      readonly kind: 'many';
    }
  | {
      readonly to: RepositoryRef;
      /** The repository of the links between both. */
      readonly through: RepositoryRef;
      /** The field of a link that holds this item's id. */
      readonly by: string;
      /** The field of a link that holds the other's id. */
      readonly other: string;
      readonly kind?: 'many';
    };

/** Relations by the name of the field that they fill. */
export type Relations = Readonly<Record<string, Relation>>;

/** What a read includes, by the names of relations. */
export interface Include {
  readonly [relation: string]: true | IncludeOptions;
}

/** What is included of one relation; all but `include` for relations to many. */
export interface IncludeOptions {
  readonly include?: Include;
  readonly where?: Where;
  readonly sort?: readonly string[];
  /** The most for each item. */
  readonly limit?: number;
}

/** An include in its normal form: relations by name, in order. */
export type NormalInclude = readonly (readonly [
  relation: string,
  where: Condition,
  sort: readonly string[],
  limit: number | null,
  include: NormalInclude,
])[];

/** What others have to know of a repository in order to include its items. */
export interface Related {
  readonly tags: Tags;
  readonly source: Source<Item>;
  readonly scope: Scope;
  /** Milliseconds. */
  readonly ttl: number;
  readonly negativeTtl: number;
  readonly relations: Relations;
}

const related = new WeakMap<object, Related>();

/** Let a repository be found by those that lead to it. */
export function relate(repository: object, as: Related): void {
  related.set(repository, as);
}

/** What is known of an object, or of the one that it stands in for, as one does that a catalogue watches. */
export function knownOf<V>(known: WeakMap<object, V>, object: object): V | undefined {
  for (let at: object | null = object; at; at = Object.getPrototypeOf(at) as object | null)
    if (known.has(at)) return known.get(at);
  return undefined;
}

/** Throws `bad_option` for what is no repository. */
export function relatedOf(what: string, ref: RepositoryRef): Related {
  const found = knownOf(related, typeof ref === 'function' ? (ref as () => object)() : ref);
  if (!found) throw new TidemarkError('bad_option', `${what} must be a repository, or a function that returns one`);
  return found;
}

/** Throws `bad_option` naming the relation. What they lead to isn't asked for before it is read. */
export function checkRelations(relations: Relations): void {
  for (const [name, relation] of Object.entries(relations)) {
    const what = `createRepository: relations.${name}`;
    checkOptions(what, relation, ['to', 'by', 'kind', 'through', 'other']);
    nonEmptyText(`${what}: by`, relation.by);
    oneOf(`${what}: kind`, relation.kind ?? 'one', ['one', 'many']);
    if ('through' in relation !== 'other' in relation)
      throw new TidemarkError('bad_option', `${what}: through and other belong together`);
  }
}

/** The normal form of an include. Throws `bad_option` naming what there isn't. */
export function normalInclude(of: Related, include: Include): NormalInclude {
  checkOptions(`include of ${of.tags.name}`, include, Object.keys(of.relations));
  const names = Object.keys(include)
    .filter((name) => include[name] !== undefined)
    .toSorted();
  return names.map((name) => {
    const what = `include: ${name}`;
    const relation = of.relations[name];
    const options = include[name] === true ? {} : include[name];
    checkOptions(what, options, isOne(relation) ? ['include'] : ['include', 'where', 'sort', 'limit']);
    const { include: more = {}, where = {}, sort = [], limit } = options;
    const query = normalQuery({ where, sort, ...(limit !== undefined && { limit }) });
    const to = relatedOf(`${what}: to`, relation.to);
    return [name, query.where, query.sort, query.limit ?? null, normalInclude(to, more)];
  });
}

/** Does a relation lead to one item at most? */
export function isOne(relation: Relation): relation is Extract<Relation, { readonly kind?: 'one' }> {
  return !('through' in relation) && relation.kind !== 'many';
}

/** The scope of what is read together: the narrowest of all that take part. */
export function scopeOf(of: Related, include: NormalInclude): Scope {
  let { scope } = of;
  for (const [name, , , , more] of include) {
    const relation = of.relations[name];
    scope = narrower(scope, scopeOf(relatedOf(describe(name), relation.to), more));
    if ('through' in relation) scope = narrower(scope, relatedOf(describe(name), relation.through).scope);
  }
  return scope;
}
