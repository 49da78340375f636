/** A repository: reads of one kind of item through a cache, and the only way to write them, which says what changed. */
import type { Cache } from '../engine/cache.ts';
import type { ChangeResult } from '../engine/authority.ts';
import type { Collection } from '../engine/collection.ts';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, type Duration, list, nonEmptyText, oneOf } from '../engine/options.ts';
import { type FieldKind, type Fields, footprintOf, touched } from './footprint.ts';
import { type Item, valueOf } from './matching.ts';
import { type NormalQuery, normalQuery, type Query, queryOfText, textOfQuery } from './query.ts';
import type { Source, Written } from './source.ts';

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
  /** How long items and lists are fresh. Default for ever: writes say what changes. */
  readonly ttl?: Duration;
  /** How long it is remembered that an item isn't there. Default as `ttl`. */
  readonly negativeTtl?: Duration;
}

/** How an item is read. */
export interface FindOptions {
  readonly signal?: AbortSignal;
}

/** Writes of items, each with what it changes. */
export interface ItemWriter<T extends Item> {
  /** Insert an item; answers with it as it is stored. Throws what the source throws. */
  create(item: T): Promise<T>;
  /** Insert items, all or none, as one change. */
  createMany(items: readonly T[]): Promise<readonly T[]>;
  /** Change fields of an item; answers with the item, or `undefined` if there is none. */
  update(id: string, fields: Partial<T>): Promise<T | undefined>;
  /** Change fields of several items as one change; answers with those that were there. */
  updateMany(ids: readonly string[], fields: Partial<T>): Promise<readonly T[]>;
  /** Remove an item; answers whether it was there. */
  delete(id: string): Promise<boolean>;
  /** Remove items as one change; answers how many were there. */
  deleteMany(ids: readonly string[]): Promise<number>;
}

/** Reads and writes of one kind of item. Values are frozen and shared. */
export interface Repository<T extends Item> extends ItemWriter<T> {
  /** An item, or `undefined` if there is none, which is remembered as well. */
  findById(id: string, options?: FindOptions): Promise<T | undefined>;
  /** Items by position: one batch for those that aren't cached. */
  findByIds(ids: readonly string[], options?: FindOptions): Promise<readonly (T | undefined)[]>;
  findMany(query?: Query, options?: FindOptions): Promise<readonly T[]>;
  findOne(query?: Query, options?: FindOptions): Promise<T | undefined>;
  count(where?: Query['where'], options?: FindOptions): Promise<number>;
  /**
   * Writes within a transaction of yours: `source` writes in it, and what they change is said in it, too, so that your
   * commit publishes both and a rollback neither. Wait for `committed` after the commit.
   *
   * @throws `bad_option` if the cache's log knows no such transactions.
   */
  in(transaction: unknown, source: Source<T>): TransactionWriter<T>;
  /** What a write with these images would touch, as tags: for looking at. */
  touches(before: T | undefined, after: T | undefined): readonly string[];
  /** What a list rests on, as tags. */
  restsOn(query?: Query): readonly string[];
}

/** Writes within a transaction. */
export interface TransactionWriter<T extends Item> extends ItemWriter<T> {
  /** To be called once the transaction has been committed. */
  committed(): Promise<ChangeResult>;
}

const KINDS: readonly FieldKind[] = ['text', 'boolean', 'number', 'time'];
const NAMES = ['cache', 'name', 'source', 'id', 'fields', 'ttl', 'negativeTtl'] as const;

/**
 * A repository.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const posts = createRepository<Post>({ cache, name: 'post', source, fields: { status: 'text', authorId: 'text' } });
 * await posts.findMany({ where: { status: 'published' }, sort: ['-publishedAt'], limit: 20 });
 * await posts.update('1', { title: 'High tide' }); // the lists that it is in, or could be, are loaded anew
 */
export function createRepository<T extends Item>(options: RepositoryOptions<T>): Repository<T> {
  return new CachedRepository(options);
}

/** Writes to a source, and says what they did. */
class Writer<T extends Item> implements ItemWriter<T> {
  readonly #source: Source<T>;
  readonly #say: Say<T>;

  constructor(source: Source<T>, say: Say<T>) {
    this.#source = source;
    this.#say = say;
  }

  async create(item: T): Promise<T> {
    return (await this.createMany([item]))[0];
  }

  async createMany(items: readonly T[]): Promise<readonly T[]> {
    list('createMany: items', items);
    return afterOf(await this.#write(() => this.#source.create(items)));
  }

  async update(id: string, fields: Partial<T>): Promise<T | undefined> {
    return (await this.updateMany([id], fields))[0];
  }

  async updateMany(ids: readonly string[], fields: Partial<T>): Promise<readonly T[]> {
    list('updateMany: ids', ids);
    return afterOf(await this.#write(() => this.#source.update(ids, fields)));
  }

  async delete(id: string): Promise<boolean> {
    return (await this.deleteMany([id])) > 0;
  }

  async deleteMany(ids: readonly string[]): Promise<number> {
    list('deleteMany: ids', ids);
    return (await this.#write(() => this.#source.delete(ids))).length;
  }

  async #write(write: () => Promise<readonly Written<T>[]>): Promise<readonly Written<T>[]> {
    let written: readonly Written<T>[];
    try {
      written = await write();
    } catch (error) {
      // Nobody knows how much of it was done, so all that is kept may be wrong. In a transaction that has failed there is
      // nothing to be said, and nothing of it will be seen.
      await this.#say('anything').catch(() => {});
      throw error;
    }
    if (written.length > 0) await this.#say(written);
    return written;
  }
}

/** Says what was written; `anything` if nobody knows. */
type Say<T> = (written: readonly Written<T>[] | 'anything') => Promise<unknown>;

function afterOf<T>(written: readonly Written<T>[]): T[] {
  return written.map(({ after }) => after).filter((after) => after !== undefined);
}

class CachedRepository<T extends Item> extends Writer<T> implements Repository<T> {
  readonly #name: string;
  readonly #id: string;
  readonly #fields: Fields;
  readonly #cache: Cache;
  readonly #items: Collection<T | undefined>;
  readonly #lists: Collection<readonly T[]>;
  readonly #counts: Collection<number>;

  constructor(options: RepositoryOptions<T>) {
    checkOptions('createRepository', options, NAMES);
    const { cache, source, id = 'id', fields = {}, ttl, negativeTtl } = options;
    const name = nonEmptyText('createRepository: name', options.name);
    if (typeof source?.findMany !== 'function')
      throw new TidemarkError('bad_option', 'createRepository: source must be a source');
    for (const [field, kind] of Object.entries<FieldKind>(fields))
      oneOf(`createRepository: fields.${field}`, kind, KINDS);
    super(source, (written) => cache.invalidate({ tags: this.#tagsOf(written) }));
    this.#name = name;
    this.#id = id;
    this.#fields = fields;
    this.#cache = cache;
    const times = { ...(ttl !== undefined && { ttl }), ...(negativeTtl !== undefined && { negativeTtl }) };
    this.#items = cache.define<T | undefined>(`${name}.item`, {
      ...times,
      loadMany: (keys, ctx) => {
        keys.forEach((key, i) => ctx.at(i).tag(name, this.#itemTag(key)));
        return source.findByIds(keys, ctx.signal);
      },
    });
    this.#lists = cache.define<readonly T[]>(`${name}.list`, {
      ...times,
      load: (text, ctx) => {
        const query = queryOfText(text);
        ctx.tag(name, ...this.#footprint(query));
        return source.findMany(query, ctx.signal);
      },
    });
    this.#counts = cache.define<number>(`${name}.count`, {
      ...times,
      load: (text, ctx) => {
        const query = queryOfText(text);
        ctx.tag(name, ...this.#footprint(query));
        return source.count(query, ctx.signal);
      },
    });
  }

  findById(id: string, options: FindOptions = {}): Promise<T | undefined> {
    return this.#items.get(nonEmptyText('findById: id', id), options);
  }

  findByIds(ids: readonly string[], options: FindOptions = {}): Promise<readonly (T | undefined)[]> {
    return this.#items.getMany(ids, options);
  }

  async findMany(query: Query = {}, options: FindOptions = {}): Promise<readonly T[]> {
    return (await this.#lists.get(textOfQuery(normalQuery(query)), options)) ?? [];
  }

  async findOne(query: Query = {}, options: FindOptions = {}): Promise<T | undefined> {
    return (await this.findMany({ ...query, limit: 1 }, options))[0];
  }

  async count(where: Query['where'] = {}, options: FindOptions = {}): Promise<number> {
    return (await this.#counts.get(textOfQuery(normalQuery({ where })), options)) ?? 0;
  }

  in(transaction: unknown, source: Source<T>): TransactionWriter<T> {
    const changes = this.#cache.changesIn(transaction);
    const writer = new Writer(source, (written) => changes.invalidate({ tags: this.#tagsOf(written) }));
    return Object.assign(writer, { committed: () => changes.committed() });
  }

  touches(before: T | undefined, after: T | undefined): readonly string[] {
    return this.#tagsOf([{ before, after }]);
  }

  restsOn(query: Query = {}): readonly string[] {
    return this.#footprint(normalQuery(query));
  }

  #footprint({ where }: NormalQuery): string[] {
    const tags = footprintOf(where, this.#fields) ?? ['*'];
    return tags.map((tag) => `${this.#name}/${tag}`);
  }

  #itemTag(id: string): string {
    return `${this.#name}#${id}`;
  }

  #tagsOf(written: readonly Written<T>[] | 'anything'): string[] {
    if (written === 'anything') return [this.#name];
    const tags = new Set([`${this.#name}/*`]);
    for (const { before, after } of written) {
      for (const image of [before, after]) if (image) tags.add(this.#itemTag(String(valueOf(image, this.#id))));
      for (const tag of touched(this.#fields, before, after)) tags.add(`${this.#name}/${tag}`);
    }
    return [...tags];
  }
}
