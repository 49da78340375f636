/** Where streams end, asked of the reactor's own table: one query for all of them, each part of it answered by the unique index. */
import type { StorageDatabase } from '@powerhousedao/reactor';
import type { Kysely } from 'kysely';
import type { Head, HeadQuery } from 'tidemark/documents';

/** Answers as an operation source's `getHeads`. */
export type Heads = (documentId: string, branch: string, streams: readonly HeadQuery[]) => Promise<readonly Head[]>;

/** Heads from the handle that the `KyselyOperationStore` was made with. */
export function kyselyHeads(database: Kysely<StorageDatabase>): Heads {
  return async (documentId, branch, streams) => {
    const row: Record<string, unknown> = await database
      .selectNoFrom((select) =>
        streams.flatMap(({ scope, at }, place) => {
          const stream = select
            .selectFrom('Operation')
            .where('documentId', '=', documentId)
            .where('scope', '=', scope)
            .where('branch', '=', branch);
          const last = stream.orderBy('index', 'desc').limit(1);
          const wanted = at === undefined ? last : stream.where('index', '=', at);
          return [last.select('index').as(`revision${place}`), wanted.select('opId').as(`id${place}`)];
        }),
      )
      .executeTakeFirstOrThrow();
    return streams.map((_, place) => ({
      revision: (row[`revision${place}`] as number | null) ?? -1,
      id: (row[`id${place}`] as string | null) ?? undefined,
    }));
  };
}
