/** The reactor's own stores and registry, on a Postgres in memory, with documents to write to. */
import { PGlite } from '@electric-sql/pglite';
import {
  DocumentModelRegistry,
  KyselyKeyframeStore,
  KyselyOperationStore,
  KyselyWriteCache,
  runMigrations,
  type StorageDatabase as Database,
  type IKeyframeStore,
  type IOperationStore,
  type WriteCacheConfig,
} from '@powerhousedao/reactor';
import { driveDocumentModelModule } from 'document-drive';
import { deriveOperationId, generateId, type Operation, type PHDocument } from 'document-model';
import { Kysely } from 'kysely';
import { PGliteDialect } from 'kysely-pglite-dialect';
import { action as newAction, DRIVE, type Step } from './steps.ts';

export const CONFIG: WriteCacheConfig = { maxDocuments: 100, ringBufferSize: 10, keyframeInterval: 10 };

/** A document in the store; what is appended goes to its `global` scope. */
export interface StoredDocument {
  readonly id: string;
  append(...steps: readonly Step[]): Promise<void>;
}

/** What both caches stand on. */
export interface OpenReactor extends AsyncDisposable {
  readonly database: Kysely<Database>;
  readonly operations: KyselyOperationStore;
  readonly keyframes: KyselyKeyframeStore;
  readonly registry: DocumentModelRegistry;
  /** Make a drive. */
  drive(id?: string): Promise<StoredDocument>;
  /** The reactor's own cache. */
  theirs(parts?: {
    operations?: IOperationStore;
    keyframes?: IKeyframeStore;
    config?: Partial<WriteCacheConfig>;
  }): KyselyWriteCache;
  /** What their reducer makes of all operations: their cache, when it holds nothing and has no keyframes. */
  replayed(id: string, scope?: string, revision?: number): Promise<PHDocument>;
}

export async function openReactor(): Promise<OpenReactor> {
  const postgres = new PGlite();
  const connection = new Kysely<Database>({ dialect: new PGliteDialect(postgres) });
  await runMigrations(connection, 'reactor');
  const database = connection.withSchema('reactor');
  const operations = new KyselyOperationStore(database);
  const keyframes = new KyselyKeyframeStore(database);
  const registry = new DocumentModelRegistry();
  registry.registerModules(driveDocumentModelModule);

  const theirs: OpenReactor['theirs'] = (parts = {}) =>
    new KyselyWriteCache(parts.keyframes ?? keyframes, parts.operations ?? operations, registry, {
      ...CONFIG,
      ...parts.config,
    });

  return {
    database,
    operations,
    keyframes,
    registry,
    theirs,

    async drive(id = generateId()) {
      await appendTo(operations, id, 'document', 0, [
        { action: newAction('CREATE_DOCUMENT', { ...CREATED, documentId: id }, 'document') },
        { action: newAction('UPGRADE_DOCUMENT', { ...UPGRADED(), documentId: id }, 'document') },
      ]);
      let next = 0;
      return {
        id,
        async append(...steps) {
          for (let at = 0; at < steps.length; at += 500)
            next = await appendTo(operations, id, 'global', next, steps.slice(at, at + 500));
        },
      };
    },

    replayed: (id, scope = 'global', revision) =>
      theirs({ keyframes: NO_KEYFRAMES }).getState(id, scope, 'main', revision),

    async [Symbol.asyncDispose]() {
      await connection.destroy();
    },
  };
}

/** Keeps nothing. */
export const NO_KEYFRAMES: IKeyframeStore = {
  putKeyframe: () => Promise.resolve(),
  findNearestKeyframe: () => Promise.resolve(undefined),
  listKeyframes: () => Promise.resolve([]),
  deleteKeyframes: () => Promise.resolve(0),
};

const CREATED = { model: DRIVE, version: 0, protocolVersions: { 'base-reducer': 2 } };

const UPGRADED = () => ({
  model: DRIVE,
  fromVersion: 0,
  toVersion: 1,
  initialState: driveDocumentModelModule.utils.createState(),
});

/** Append to a stream whose next index is `next`; answers with the one after. */
export async function appendTo(
  store: IOperationStore,
  id: string,
  scope: string,
  next: number,
  steps: readonly Step[],
): Promise<number> {
  await store.apply(id, DRIVE, scope, 'main', next, (transaction) =>
    transaction.addOperations(...steps.map((step, at) => operationOf(id, scope, next + at, step))),
  );
  return next + steps.length;
}

function operationOf(documentId: string, scope: string, index: number, { action, skip = 0, error }: Step): Operation {
  const id = deriveOperationId(documentId, scope, 'main', action.id);
  const operation = { id, index, skip, hash: '', timestampUtcMs: action.timestampUtcMs, action };
  return error === undefined ? operation : { ...operation, error };
}
