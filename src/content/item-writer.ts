/** Writes of items, each of which says what it changes. */
import type { ChangeResult } from '../engine/authority.ts';
import type { Cache } from '../engine/cache.ts';
import type { Selector } from '../engine/invalidate.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { checkOptions, list } from '../engine/options.ts';
import { Announcement, type Said } from './announcement.ts';
import { isSameItem, type Item } from './matching.ts';
import { type Publication, published, unpublished } from './publication.ts';
import type { Publish, Source, Written } from './source.ts';
import type { Tags } from './tags.ts';

/** What a write does. */
export type WriteAction = 'create' | 'update' | 'delete' | 'publish' | 'unpublish';

/** A write. */
export interface RepositoryWrite {
  /** The repository's name. */
  readonly repository: string;
  readonly action: WriteAction;
  /** The items that it changed; of a write that failed, those that it was about. */
  readonly ids: readonly string[];
  /** The user on whose behalf it was made, if the repository was told with `as`. */
  readonly actor: string | undefined;
  /** What it touched, as tags. */
  readonly touched: readonly string[];
  /** How its change ended. */
  readonly result: ChangeResult;
}

/** A write that isn't published yet. */
export type UnpublishedWrite = Omit<RepositoryWrite, 'touched' | 'result'>;

/** Under which condition an item is written. */
export interface UpdateOptions<T> {
  /** Only if the item is equal to this in the moment of the write: what an editor was shown. */
  readonly ifSame?: T;
}

/** Writes of items, each with what it changes. */
export interface ItemWriter<T extends Item> {
  /** Insert an item; answers with it as it is stored. Throws what the source throws. */
  create(item: T): Promise<T>;
  /** Insert items, all or none, as one change. */
  createMany(items: readonly T[]): Promise<readonly T[]>;
  /**
   * Change fields of an item; answers with the item, or `undefined` if there is none.
   *
   * @throws `conflict`, with nothing changed and nothing said, if there is an item and it isn't what `ifSame` says;
   * `bad_option` for `ifSame` where the source can't take back a write, and within a transaction, where you compare for
   * yourself. So do `delete`, `publish` and `unpublish`.
   */
  update(id: string, fields: Partial<T>, options?: UpdateOptions<T>): Promise<T | undefined>;
  /** Change fields of several items as one change; answers with those that were there. */
  updateMany(ids: readonly string[], fields: Partial<T>): Promise<readonly T[]>;
  /** Remove an item; answers whether it was there. */
  delete(id: string, options?: UpdateOptions<T>): Promise<boolean>;
  /** Remove items as one change; answers how many were there. */
  deleteMany(ids: readonly string[]): Promise<number>;
  /**
   * Let an item be what the option `publication` calls published, from now on; answers with it, or `undefined` if there is
   * none.
   *
   * @throws `bad_option` for a repository without that option; so do the others.
   */
  publish(id: string, options?: UpdateOptions<T>): Promise<T | undefined>;
  publishMany(ids: readonly string[]): Promise<readonly T[]>;
  /** Let it be a draft. */
  unpublish(id: string, options?: UpdateOptions<T>): Promise<T | undefined>;
  unpublishMany(ids: readonly string[]): Promise<readonly T[]>;
}

/** What the writers of one repository have in common. */
export interface Writing {
  readonly cache: Cache;
  readonly tags: Tags;
  readonly publication: Publication | undefined;
  readonly alongside: (write: UnpublishedWrite) => readonly Selector[];
  readonly written: (write: RepositoryWrite) => void;
}

/** How writes are made. */
export interface Perform<T> {
  /** Whether a write is taken back by what throws in its `publish`. */
  readonly takesBack: boolean;
  /** Runs a write and says what it did: `said` tells that by what was written. */
  readonly run: (
    write: (publish?: Publish<T>) => Promise<readonly Written<T>[]>,
    said: (written: readonly Written<T>[] | 'anything') => Said,
    told: (written: readonly Written<T>[], result: ChangeResult) => void,
  ) => Promise<readonly Written<T>[]>;
}

/** Writes to a source. */
export class Writer<T extends Item> implements ItemWriter<T> {
  readonly #writing: Writing;
  readonly #source: Source<T>;
  readonly #perform: Perform<T>;
  readonly #actor: string | undefined;

  constructor(writing: Writing, source: Source<T>, perform: Perform<T>, actor: string | undefined) {
    this.#writing = writing;
    this.#source = source;
    this.#perform = perform;
    this.#actor = actor;
  }

  async create(item: T): Promise<T> {
    return (await this.createMany([item]))[0];
  }

  async createMany(items: readonly T[]): Promise<readonly T[]> {
    list('createMany: items', items);
    const ids = items.map((item) => this.#writing.tags.idOf(item));
    return afterOf(await this.#write('create', ids, (publish) => this.#source.create(items, publish)));
  }

  async update(id: string, fields: Partial<T>, options?: UpdateOptions<T>): Promise<T | undefined> {
    return (await this.#update('update', [id], fields, this.#expected('update', options)))[0];
  }

  async updateMany(ids: readonly string[], fields: Partial<T>): Promise<readonly T[]> {
    list('updateMany: ids', ids);
    return this.#update('update', ids, fields);
  }

  async delete(id: string, options?: UpdateOptions<T>): Promise<boolean> {
    return (await this.#delete([id], this.#expected('delete', options))) > 0;
  }

  async deleteMany(ids: readonly string[]): Promise<number> {
    list('deleteMany: ids', ids);
    return this.#delete(ids);
  }

  async publish(id: string, options?: UpdateOptions<T>): Promise<T | undefined> {
    const expected = this.#expected('publish', options);
    return (await this.#update('publish', [id], published(this.#writing.publication), expected))[0];
  }

  async publishMany(ids: readonly string[]): Promise<readonly T[]> {
    list('publishMany: ids', ids);
    return this.#update('publish', ids, published(this.#writing.publication));
  }

  async unpublish(id: string, options?: UpdateOptions<T>): Promise<T | undefined> {
    const expected = this.#expected('unpublish', options);
    return (await this.#update('unpublish', [id], unpublished(this.#writing.publication), expected))[0];
  }

  async unpublishMany(ids: readonly string[]): Promise<readonly T[]> {
    list('unpublishMany: ids', ids);
    return this.#update('unpublish', ids, unpublished(this.#writing.publication));
  }

  async #update(action: WriteAction, ids: readonly string[], fields: Partial<T>, expected?: T): Promise<readonly T[]> {
    const write = (publish?: Publish<T>) => this.#source.update(ids, fields, this.#comparing(expected, publish));
    return afterOf(await this.#write(action, ids, write));
  }

  async #delete(ids: readonly string[], expected?: T): Promise<number> {
    const write = (publish?: Publish<T>) => this.#source.delete(ids, this.#comparing(expected, publish));
    return (await this.#write('delete', ids, write)).length;
  }

  /** What an item must be, if that is a condition. Throws `bad_option`. */
  #expected(what: WriteAction, options: UpdateOptions<T> = {}): T | undefined {
    checkOptions(what, options, ['ifSame']);
    if (!Object.hasOwn(options, 'ifSame')) return undefined;
    const { ifSame } = options;
    if (typeof ifSame !== 'object' || ifSame === null)
      // what wasn't there must not become a write without a condition
      throw new TidemarkError('bad_option', `${what}: ifSame must be an item, not ${describe(ifSame)}`);
    if (this.#perform.takesBack) return ifSame;
    const { name } = this.#writing.tags;
    throw new TidemarkError('bad_option', `${what}: ifSame: here a write of ${name} can't be taken back`);
  }

  /** Publishes a write if what it has changed is what was expected; what it throws otherwise takes the write back. */
  #comparing(expected: T | undefined, publish: Publish<T> | undefined): Publish<T> | undefined {
    if (expected === undefined) return publish;
    return async (transaction, written) => {
      const other = written.find(({ before }) => !before || !isSameItem(before, expected));
      if (other)
        throw new TidemarkError('conflict', `an item of ${this.#writing.tags.name} has been changed meanwhile`);
      await publish?.(transaction, written);
    };
  }

  async #write(
    action: WriteAction,
    asked: readonly string[],
    write: (publish?: Publish<T>) => Promise<readonly Written<T>[]>,
  ): Promise<readonly Written<T>[]> {
    const { tags, alongside, written: listener } = this.#writing;
    const about = (written: readonly Written<T>[] | 'anything'): UnpublishedWrite => {
      const images = written === 'anything' ? [] : written.map(({ before, after }) => (after ?? before)!);
      const ids = written === 'anything' ? asked : images.map((image) => tags.idOf(image));
      return { repository: tags.name, action, ids: [...new Set(ids)], actor: this.#actor };
    };
    let known: { readonly of: unknown; readonly tags: readonly string[] } | undefined;
    const touched = (written: readonly Written<T>[] | 'anything') => {
      if (known?.of !== written) known = { of: written, tags: tags.touched(written) };
      return known.tags;
    };
    return this.#perform.run(
      write,
      (written) => ({ tags: touched(written), alongside: () => alongside(about(written)) }),
      (written, result) => listener({ ...about(written), touched: touched(written), result }),
    );
  }
}

function afterOf<T>(written: readonly Written<T>[]): T[] {
  return written.map(({ after }) => after).filter((after) => after !== undefined);
}

/** Each write by itself: published with it if the source and the log can, and otherwise once it has been made. */
export function eachByItself<T extends Item>(cache: Cache, source: Source<T>, within: boolean): Perform<T> {
  const takesBack = source.transactional === true;
  const run: Perform<T>['run'] = async (write, said, told) => {
    const announcement = new Announcement(cache, within);
    let done = new Set<string>(); // tags that were published with the write
    let written: readonly Written<T>[];
    try {
      written = await write(async (transaction, writing) => {
        announcement.again();
        if (writing.length === 0) return;
        const change = said(writing);
        await announcement.say(transaction, change);
        done = new Set(change.tags);
      });
    } catch (error) {
      // Nobody knows how much of it was done, so all that is kept may be wrong; of what was written in a transaction
      // the log knows.
      if (!takesBack) announcement.later(said('anything'));
      await announcement.ended().catch(() => {});
      throw error;
    }
    if (written.length === 0) return written;
    const change = said(written);
    const missing = change.tags.filter((tag) => !done.has(tag));
    if (missing.length > 0) announcement.later(done.size === 0 ? change : { tags: missing, alongside: () => [] });
    announcement.tell((result) => told(written, result));
    await announcement.committed();
    return written;
  };
  return { takesBack, run };
}

/** Writes in a transaction, which says what they changed when it is committed. */
export function inTransaction<T extends Item>(transaction: unknown, announcement: Announcement): Perform<T> {
  const run: Perform<T>['run'] = async (write, said, told) => {
    let written: readonly Written<T>[];
    try {
      written = await write();
    } catch (error) {
      // What failed may have been done in part, and may be committed. In a transaction that has failed there is nothing
      // to be said, and nothing of it will be seen.
      await announcement.say(transaction, said('anything')).catch(() => {});
      throw error;
    }
    if (written.length === 0) return written;
    await announcement.say(transaction, said(written));
    announcement.tell((result) => told(written, result));
    return written;
  };
  return { takesBack: false, run }; // whoever catches what is thrown may commit all the same
}
