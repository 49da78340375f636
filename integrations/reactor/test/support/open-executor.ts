/** A whole reactor, whose executor can be given another write cache. */
import { PGlite } from '@electric-sql/pglite';
import {
  JobStatus,
  ReactorBuilder,
  type Database,
  type ILogger,
  type IWriteCache,
  type ReactorModule,
} from '@powerhousedao/reactor';
import { driveDocumentModelModule } from 'document-drive';
import type { Action, Operation } from 'document-model';
import { Kysely } from 'kysely';
import { PGliteDialect } from 'kysely-pglite-dialect';

// The reactor asks for what Node 20 doesn't have.
const known = Error as unknown as { isError?: (value: unknown) => boolean };
known.isError ??= (value) => value instanceof Error;

export interface OpenExecutor extends AsyncDisposable {
  readonly module: ReactorModule;
  readonly database: Kysely<Database>;
  /** Make a drive; answers with its id. */
  create(): Promise<string>;
  /** Run actions and wait until they are committed. Throws if they fail. */
  execute(id: string, ...actions: Action[]): Promise<void>;
  /** What another replica sends, and wait until it is committed. */
  load(id: string, ...operations: Operation[]): Promise<void>;
}

/** @param replace What is to stand in the place of the executor's own cache. */
export async function openExecutor(replace?: (module: ReactorModule) => IWriteCache): Promise<OpenExecutor> {
  const connection = new Kysely<Database>({ dialect: new PGliteDialect(new PGlite()) });
  const module = await new ReactorBuilder()
    .withDocumentModels([driveDocumentModelModule])
    .withKysely(connection)
    .withLogger(SILENT)
    .buildModule();
  if (replace) {
    const cache = replace(module);
    // There is no seam for it: the builder makes cache and executors in one go.
    for (const executor of module.executorManager.getExecutors() as unknown as {
      writeCache: IWriteCache;
      executionScope: { writeCache: IWriteCache };
    }[])
      executor.writeCache = executor.executionScope.writeCache = cache;
  }
  const { reactor } = module;
  const committed = async (job: { readonly id: string }): Promise<void> => {
    for (;;) {
      const { status, error } = await reactor.getJobStatus(job.id);
      if (status === JobStatus.FAILED) throw new Error(error?.message ?? 'failed');
      if (status === JobStatus.READ_READY) return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  return {
    module,
    database: connection.withSchema('reactor'),
    async create() {
      const drive = driveDocumentModelModule.utils.createDocument();
      await committed(await reactor.create(drive));
      return drive.header.id;
    },
    execute: async (id, ...actions) => committed(await reactor.execute(id, 'main', actions)),
    load: async (id, ...operations) => committed(await reactor.load(id, 'main', operations)),
    async [Symbol.asyncDispose]() {
      const { completed } = reactor.kill() as { completed?: Promise<void> };
      await completed;
      await connection.destroy();
    },
  };
}

const nothing = (): void => undefined;
const SILENT: ILogger = {
  level: 'error',
  child: () => SILENT,
  verbose: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  errorHandler: nothing,
};
