/** Comes and goes: opens a file that others are writing to, reads a row, and closes it again. */
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { given, serve } from './meeting.ts';
import { RawRows } from './raw-rows.ts';

/** What a newcomer is given. */
export interface NewcomerOptions {
  readonly path: string;
  /** A writer whose first row has been there for long. */
  readonly writer: string;
}

const { path, writer } = given() as NewcomerOptions;

/** Come and go so many times; answers how often the row was there. */
async function come({ times }: { readonly times: number }): Promise<number> {
  let found = 0;
  for (let i = 0; i < times; i++) {
    const backend = lmdbBackend({ path });
    if ((await new RawRows(backend).find(writer, 0)) === 0) found++;
    await backend.close();
  }
  return found;
}

serve({ come, leave: () => {} });
