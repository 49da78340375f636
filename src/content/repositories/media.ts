/** Media: what is known of files, not the files. */
import type { Query } from '../query.ts';
import type { FindOptions } from '../repository.ts';
import { type Create, narrowed, type Ready, ready, type ReadyOptions, type Shape } from './shape.ts';
import type { TableOptions } from '../sql-table.ts';

/** What is known of a file. */
export interface Media {
  readonly id: string;
  readonly filename: string;
  readonly mimeType: string;
  /** Bytes. */
  readonly size: number;
  readonly folder: string;
  readonly uploadedBy: string | null;
  readonly alt: string | null;
  readonly createdAt: string;
}

/** How it is stored. */
export const mediaTable: TableOptions<Media> = {
  table: 'media',
  columns: {
    id: 'text',
    filename: 'text',
    mimeType: 'text',
    size: 'number',
    folder: 'text',
    uploadedBy: 'text',
    alt: 'text',
    createdAt: 'time',
  },
};

const shape: Shape<Media> = {
  table: mediaTable,
  fields: { folder: 'text', mimeType: 'text', uploadedBy: 'text' },
};

/** Reads of media. */
export interface MediaReads {
  /** Of a list those in a folder, not those in folders below it. */
  inFolder(folder: string, query?: Query, options?: FindOptions): Promise<readonly Media[]>;
}

/** Media through the cache. */
export type MediaRepository = Ready<Media, MediaReads>;

/** A repository of media. Throws `bad_option` naming the option. */
export function mediaRepository(options: ReadyOptions<Media>, create?: Create<Media>): MediaRepository {
  return ready(shape, options, create, (media): MediaReads => ({
    inFolder: (folder, query = {}, how) => media.findMany(narrowed(query, { folder }), how),
  }));
}
