/** Content: posts, pages and whatever else is of a collection, has a slug, and is published. */
import type { Query } from '../query.ts';
import type { FindOptions } from '../repository.ts';
import { type Create, narrowed, type Ready, ready, type ReadyOptions, type Shape } from './shape.ts';
import type { TableOptions } from '../sql-table.ts';

/** An item of content. */
export interface ContentItem {
  readonly id: string;
  readonly collectionId: string;
  /** One of a kind in its collection. */
  readonly slug: string;
  readonly title: string;
  /** `'draft'`, `'published'`, or what else the program knows. */
  readonly status: string;
  /** Its own fields, plain data. */
  readonly data: unknown;
  readonly authorId: string | null;
  /** Times are as `Date.toISOString` makes them. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly publishedAt: string | null;
}

/** How it is stored. */
export const contentTable: TableOptions<ContentItem> = {
  table: 'content',
  columns: {
    id: 'text',
    collectionId: 'text',
    slug: 'text',
    title: 'text',
    status: 'text',
    data: 'json',
    authorId: 'text',
    createdAt: 'time',
    updatedAt: 'time',
    publishedAt: 'time',
  },
};

const shape: Shape<ContentItem> = {
  table: contentTable,
  fields: { collectionId: 'text', slug: 'text', status: 'text', authorId: 'text', publishedAt: 'time' },
  together: [
    ['collectionId', 'slug'],
    ['collectionId', 'status'],
    ['collectionId', 'status', 'authorId'],
  ],
};

/** Reads of content. */
export interface ContentReads {
  /** The item of a collection with this slug, whatever its status. */
  findBySlug(collectionId: string, slug: string, options?: FindOptions): Promise<ContentItem | undefined>;
  /** Of a list those that are published. */
  published(query?: Query, options?: FindOptions): Promise<readonly ContentItem[]>;
}

/** Content through the cache. */
export type ContentRepository = Ready<ContentItem, ContentReads>;

/**
 * A repository of content. Its `publish` sets `status` and `publishedAt`. With `create` it is made by something else than
 * `createRepository`.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const source = d1Source({ database: env.DB, ...contentTable });
 */
export function contentRepository(options: ReadyOptions<ContentItem>, create?: Create<ContentItem>): ContentRepository {
  return ready(shape, { publication: {}, ...options }, create, (content): ContentReads => ({
    findBySlug: (collectionId, slug, how) => content.findOne({ where: { collectionId, slug } }, how),
    published: (query = {}, how) => content.findMany(narrowed(query, { status: 'published' }), how),
  }));
}
