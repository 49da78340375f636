/** A repository: reads of one kind of item through a cache, and the only way to write them, which says what changed. */
import type { ChangeResult } from '../engine/authority.ts';
import { Announcement } from './announcement.ts';
import { TidemarkError } from '../engine/errors.ts';
import { list, nonEmptyText } from '../engine/options.ts';
import { eachByItself, inTransaction, type ItemWriter, Writer } from './item-writer.ts';
import { type Asking, KeptReads } from './kept-reads.ts';
import type { Item } from './matching.ts';
import { type Principal, principalOf, type PrincipalInput } from './principal.ts';
import { normalQuery, type Query, textOfQuery } from './query.ts';
import { type Include, knownOf, normalInclude, type NormalInclude, relate } from './relations.ts';
import { type RepositoryOptions, settingsOf, type Settings } from './repository-options.ts';
import type { Source } from './source.ts';

export type { RepositoryOptions };

/** How an item is read. */
export interface FindOptions {
  readonly signal?: AbortSignal;
  /** What the items lead to, by the names of the repository's relations: it is read with them, as fields of these names. */
  readonly include?: Include;
  /**
   * Told, before the answer, of all tags that it rests on, those of what it includes among them: whoever keeps something made
   * of it lets that rest on the same.
   */
  readonly restsOn?: (tags: readonly string[]) => void;
}

/**
 * Reads and writes of one kind of item. Values are frozen and shared. Whoever asks for an `include` says what it adds:
 * `posts.findById<{ author: User | null }>('1', { include: { author: true } })`.
 */
export interface Repository<T extends Item> extends ItemWriter<T> {
  /** What the items are called. */
  readonly name: string;
  /** On whose behalf it reads and writes. */
  readonly principal: Principal;
  /** An item, or `undefined` if there is none, which is remembered as well. */
  findById<With = unknown>(id: string, options?: FindOptions): Promise<(T & With) | undefined>;
  /** Items by position: one batch for those that aren't cached. */
  findByIds<With = unknown>(
    ids: readonly string[],
    options?: FindOptions,
  ): Promise<readonly ((T & With) | undefined)[]>;
  findMany<With = unknown>(query?: Query, options?: FindOptions): Promise<readonly (T & With)[]>;
  findOne<With = unknown>(query?: Query, options?: FindOptions): Promise<(T & With) | undefined>;
  count(where?: Query['where'], options?: Pick<FindOptions, 'signal'>): Promise<number>;
  /**
   * The same repository on behalf of somebody: where it has a scope, reads answer for them and nobody else. Writes say who
   * made them.
   *
   * @throws `bad_option`
   */
  as(principal: PrincipalInput): Repository<T>;
  /**
   * Run work in one transaction of the source: what its writers have written is published with the commit, and nothing by
   * a rollback. Work may be run again if another was faster. What has to be read in it is read from `writer.source`, not
   * from the cache.
   *
   * @throws `bad_option` if the source has no transactions; what the work or the commit throws.
   */
  inTransaction<R>(work: (writer: WriterIn<T>, transaction: unknown) => Promise<R>): Promise<R>;
  /**
   * Writes within a transaction of yours: `source` writes in it (by default this repository's own, if it can), and what they
   * change is said in it, too, so that your commit publishes both and a rollback neither. Wait for `committed` after it.
   *
   * @throws `bad_option` if the cache's log knows no such transactions.
   */
  in(transaction: unknown, source?: Source<T>): TransactionWriter<T>;
  /** What a write with these images would touch, as tags: for looking at. */
  touches(before: T | undefined, after: T | undefined): readonly string[];
  /** What a list rests on, as tags. */
  restsOn(query?: Query): readonly string[];
}

/** Writes within a transaction. */
export interface WriterIn<T extends Item> extends ItemWriter<T> {
  /** The source as the transaction sees it: reads of it bypass the cache. */
  readonly source: Source<T>;
  /**
   * Writes of another repository in the same transaction, published with it. Its source must know such transactions.
   *
   * @throws `bad_option` for what is no repository, or one of another cache.
   */
  of<U extends Item>(repository: ItemWriter<U>): WriterIn<U>;
}

/** Writes within a transaction of the caller's. */
export interface TransactionWriter<T extends Item> extends WriterIn<T> {
  /** To be called once the transaction has been committed. */
  committed(): Promise<ChangeResult>;
}

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
  const settings = settingsOf(options);
  return new CachedRepository(settings, new KeptReads(settings), settings.cache.transactional, 'anonymous');
}

class CachedRepository<T extends Item> extends Writer<T> implements Repository<T> {
  readonly name: string;
  readonly principal: Principal;
  readonly #settings: Settings<T>;
  readonly #reads: KeptReads<T>;
  readonly #within: boolean;

  constructor(settings: Settings<T>, reads: KeptReads<T>, within: boolean, principal: Principal) {
    const { cache, source } = settings;
    super(settings, source, eachByItself(cache, source, within), actorOf(principal));
    this.name = settings.related.tags.name;
    this.#settings = settings;
    this.#reads = reads;
    this.#within = within;
    this.principal = principal;
    relate(this, settings.related);
    const bind: Bind<T> = (transaction, announcement) => {
      if (announcement.cache === cache) return this.#writerIn(transaction, announcement);
      throw new TidemarkError('bad_option', `of: ${this.name} has another cache, to which nothing would be said`);
    };
    bindings.set(this, bind);
  }

  findById<With>(id: string, options: FindOptions = {}): Promise<(T & With) | undefined> {
    return this.#reads.item(nonEmptyText('findById: id', id), this.#asking(options), this.#include(options)) as never;
  }

  async findByIds<With>(ids: readonly string[], options: FindOptions = {}): Promise<readonly (T & With)[]> {
    list('findByIds: ids', ids);
    for (const id of ids) nonEmptyText('findByIds: ids', id);
    return this.#reads.items(ids, this.#asking(options), this.#include(options)) as never;
  }

  async findMany<With>(query: Query = {}, options: FindOptions = {}): Promise<readonly (T & With)[]> {
    return this.#reads.list(textOfQuery(query), this.#asking(options), this.#include(options)) as never;
  }

  async findOne<With>(query: Query = {}, options: FindOptions = {}): Promise<(T & With) | undefined> {
    return (await this.findMany<With>({ ...query, limit: 1 }, options))[0];
  }

  async count(where: Query['where'] = {}, options: FindOptions = {}): Promise<number> {
    return this.#reads.count(textOfQuery({ where }), this.#asking(options));
  }

  as(principal: PrincipalInput): Repository<T> {
    return new CachedRepository(this.#settings, this.#reads, this.#within, principalOf(principal));
  }

  async inTransaction<R>(work: (writer: WriterIn<T>, transaction: unknown) => Promise<R>): Promise<R> {
    const { cache, source } = this.#settings;
    if (!source.transaction || !source.within)
      throw new TidemarkError('bad_option', `inTransaction: the source of ${this.name} has no transactions`);
    const announcement = new Announcement(cache, this.#within);
    let worked = false;
    let result: R;
    try {
      result = await source.transaction(async (transaction) => {
        announcement.again();
        const done = await work(this.#writerIn(transaction, announcement), transaction);
        worked = true;
        return done;
      });
    } catch (error) {
      if (worked) await announcement.ended().catch(() => {}); // perhaps it has been committed
      throw error;
    }
    await announcement.committed();
    return result;
  }

  in(transaction: unknown, source?: Source<T>): TransactionWriter<T> {
    const { cache } = this.#settings;
    if (!this.#within) cache.changesIn(transaction); // says why not
    const announcement = new Announcement(cache, true);
    return Object.assign(this.#writerIn(transaction, announcement, source), {
      committed: () => announcement.committed(),
    });
  }

  touches(before: T | undefined, after: T | undefined): readonly string[] {
    return this.#settings.tags.touched([{ before, after }]);
  }

  restsOn(query: Query = {}): readonly string[] {
    return this.#settings.tags.footprint(normalQuery(query).where);
  }

  #writerIn(transaction: unknown, announcement: Announcement, given?: Source<T>): WriterIn<T> & Writer<T> {
    const source = given ?? this.#settings.source.within?.(transaction);
    if (!source)
      throw new TidemarkError('bad_option', `in: the source of ${this.name} has no transactions; hand in one that has`);
    const perform = inTransaction<T>(transaction, announcement);
    const writer = new Writer(this.#settings, source, perform, actorOf(this.principal));
    return Object.assign(writer, {
      source,
      of<U extends Item>(repository: ItemWriter<U>): WriterIn<U> {
        const bind = knownOf(bindings, repository) as unknown as Bind<U> | undefined;
        if (!bind) throw new TidemarkError('bad_option', 'of: must be given a repository');
        return bind(transaction, announcement);
      },
    });
  }

  #asking({ signal, restsOn }: FindOptions): Asking {
    return { principal: this.principal, signal, restsOn };
  }

  #include({ include }: FindOptions): NormalInclude | undefined {
    const normal = include && normalInclude(this.#settings.related, include);
    return normal && normal.length > 0 ? normal : undefined;
  }
}

/** How a repository writes in a transaction that another has begun. */
type Bind<T extends Item> = (transaction: unknown, announcement: Announcement) => WriterIn<T>;
const bindings = new WeakMap<object, Bind<Item>>();

function actorOf(principal: Principal): string | undefined {
  return principal === 'anonymous' ? undefined : principal.user;
}
