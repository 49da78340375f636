/** Operations in a table of a database. */
import { enlist } from '../../../backends/sql/query.ts';
import { TidemarkError } from '../../../engine/errors.ts';
import { describe } from '../../../engine/key.ts';
import type { Operation } from '../../operation.ts';
import type { Head, HeadQuery, OperationPage, SinceOptions } from '../../operation-source.ts';
import type { Append, OperationStore } from '../../operation-store.ts';
import { conflict, type Row, rowsToAppend } from '../appending.ts';
import { operationOf } from '../operation-text.ts';
import { pageOf, stretchOf } from '../stretch.ts';
import type { OperationsDialect } from './dialect.ts';
import { type Ask, OperationTables, type TablesOptions } from './tables.ts';

/** Operations in a database. */
export interface SqlOperationStore extends OperationStore {
  /** Make the tables now, where they are missing. With `migrations: 'auto'` the first use does it. */
  migrate(): Promise<void>;
}

const NONE: Head = { revision: -1, id: undefined };
/** Postgres indexes rows of up to 2,704 bytes, and a character of UTF-16 takes at most three. */
const LONGEST = 800;
const MOST_TRIES = 4;

/** The store of one connection. */
export class SqlOperations implements SqlOperationStore {
  readonly #tables: OperationTables;
  readonly #dialect: OperationsDialect;

  constructor(options: TablesOptions) {
    this.#tables = new OperationTables(options);
    this.#dialect = options.dialect;
  }

  async getSince(
    documentId: string,
    scope: string,
    branch: string,
    after: number,
    options?: SinceOptions,
  ): Promise<OperationPage> {
    const stretch = stretchOf(after, options);
    if (stretch.until <= stretch.after || ![documentId, scope, branch].every(isText)) return { results: [] };
    const params = [documentId, scope, branch, stretch.after, stretch.until, stretch.limit + 1];
    const rows = await this.#tables.alone(options?.signal)(this.#tables.statements.since, params);
    const found = rows.map(({ operation }): Operation => operationOf(operation as string));
    return pageOf(found, stretch);
  }

  async getHeads(
    documentId: string,
    branch: string,
    streams: readonly HeadQuery[],
    signal?: AbortSignal,
  ): Promise<readonly Head[]> {
    const heads = streams.map(() => NONE);
    const asked = streams.map(({ scope, at }, place) => [place, scope, at ?? null] as const);
    const possible = asked.filter(([, scope]) => [documentId, scope, branch].every(isText));
    if (possible.length === 0) return heads;
    const params = [documentId, branch, JSON.stringify(possible)];
    for (const { place, revision, id } of await this.#tables.alone(signal)(this.#tables.statements.heads, params))
      heads[Number(place)] = {
        revision: revision === null ? -1 : Number(revision),
        id: (id ?? undefined) as Head['id'],
      };
    return heads;
  }

  async append(request: Append): Promise<number> {
    const rows = rowsToAppend(request);
    checkNames(request, rows);
    const { transaction, signal, revision } = request;
    const query = transaction === undefined ? undefined : enlist(transaction);
    signal?.throwIfAborted();
    if (rows.length === 0) return revision;
    try {
      await this.#write(request, rows, query ? await this.#tables.within(query, signal) : this.#tables.alone(signal));
    } catch (error) {
      throw this.#dialect.lost(error) ? conflict(request, undefined, error) : error;
    }
    return revision + rows.length;
  }

  async #write(request: Append, rows: readonly Row[], ask: Ask): Promise<void> {
    const { documentId, documentType, scope, branch, revision } = request;
    const { append, compare } = this.#tables.statements;
    let found: number | undefined;
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      const written = await ask(append, [documentId, scope, branch, documentType, revision, JSON.stringify(rows)]);
      if (written.length > 0) return;
      const ids = JSON.stringify(rows.map(([index, id]) => [index, id]));
      const [standing] = await ask(compare, [documentId, scope, branch, ids]);
      if (Number(standing.same) === rows.length) return; // as asked before
      found = Number(standing.revision ?? -1);
      if (found !== revision) break; // otherwise it has only now come to where it was said to be
    }
    throw conflict(request, found);
  }

  migrate(): Promise<void> {
    return this.#tables.migrate();
  }
}

/** Can a database keep it as a text, and find it again? NUL is refused by some, halves of characters are changed. */
function isText(text: string): boolean {
  return !/\0|\p{Surrogate}/u.test(text); // \p{Surrogate} sees lone ones only
}

function checkNames({ documentId, documentType, scope, branch }: Append, rows: readonly Row[]): void {
  for (const [name, text] of Object.entries({ documentId, documentType, scope, branch }))
    if (!isText(text))
      throw new TidemarkError(
        'bad_option',
        `append: ${name} has NUL or half a character, which databases can't keep: ${describe(text)}`,
      );
  if (documentId.length + scope.length + branch.length > LONGEST)
    throw new TidemarkError('bad_option', `append: documentId, scope and branch have more than ${LONGEST} characters`);
  for (const [index, id] of rows)
    if (!isText(id))
      throw new TidemarkError(
        'bad_value',
        `append: the id of operation ${index} has NUL or half a character: ${describe(id)}`,
      );
}
