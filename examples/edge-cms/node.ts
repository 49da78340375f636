/** The site in Node: memory, then an LMDB file, then Postgres, here PGlite in this very process. */
import { serve } from '@hono/node-server';
import { PGlite } from '@electric-sql/pglite';
import { createCache, memory } from 'tidemark';
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { sqlBackend } from 'tidemark/backends/sql';
import {
  contentEnvironment,
  type ContentItem,
  contentTable,
  contentTables,
  type Media,
  mediaTable,
  type Session,
  sessionTable,
  sqlSource,
  type User,
  userTable,
} from 'tidemark/content';
import { createApp } from './app.ts';
import { seed } from './seed.ts';
import { createSite, type Site } from './site.ts';

/** A site in this process. */
export interface NodeSite {
  readonly site: Site;
  readonly app: (request: Request) => Promise<Response>;
  /** How many statements the tables of the site have been asked; what the cache's own tables are asked isn't counted. */
  readonly reads: () => number;
  close(): Promise<void>;
}

/** What it is made with. */
export interface NodeSiteOptions {
  readonly adminToken?: string;
  readonly posts?: number;
  /** A folder for an LMDB file, which the processes of a machine share and which outlives them. Default: memory alone. */
  readonly folder?: string;
  /** As the deploy's variables. */
  readonly vars?: Readonly<Record<string, string | undefined>>;
}

/** A site over a database of its own, in memory, with something in it. */
export async function openSite({
  adminToken,
  posts = 100,
  folder,
  vars = {},
}: NodeSiteOptions = {}): Promise<NodeSite> {
  const database = await PGlite.create();
  for (const statement of contentTables('postgres')) await database.exec(statement);
  const environment = contentEnvironment(vars);
  const backend = sqlBackend({ dialect: 'postgres', query: (sql, params) => database.query(sql, params) });
  const cache = createCache({
    name: 'edge-cms',
    tiers: [
      memory({ maxBytes: environment.maxMemoryBytes ?? '50mb' }),
      ...(folder === undefined ? [] : [lmdbBackend({ path: folder })]),
    ],
    log: backend.log,
  });
  let reads = 0;
  const place = {
    dialect: 'postgres',
    query: (sql: string, params: unknown[]) => {
      reads++;
      return database.query<Record<string, unknown>>(sql, params);
    },
    transaction: <R>(work: (transaction: unknown) => Promise<R>) => database.transaction((tx) => work(tx)),
  } as const;
  const sources = {
    content: sqlSource<ContentItem>({ ...place, ...contentTable }),
    users: sqlSource<User>({ ...place, ...userTable }),
    media: sqlSource<Media>({ ...place, ...mediaTable }),
    sessions: sqlSource<Session>({ ...place, ...sessionTable }),
  };
  const site = createSite({ cache, environment, sources });
  const first = seed(posts);
  await site.users.createMany(first.users);
  await site.entries.createMany(first.content);
  await site.media.createMany(first.media);
  return {
    site,
    app: createApp({ site, adminToken }),
    reads: () => reads,
    async close() {
      site.warmer.close();
      site.content.close();
      await cache.close();
      await database.close();
    },
  };
}

// Started by itself it serves: ADMIN_TOKEN=… node node.js
if (process.argv[1] === import.meta.filename) {
  const { ADMIN_TOKEN, CACHE_FOLDER, PORT } = process.env;
  const { app, site } = await openSite({
    ...(ADMIN_TOKEN && { adminToken: ADMIN_TOKEN }),
    ...(CACHE_FOLDER && { folder: CACHE_FOLDER }),
    vars: process.env,
  });
  await site.warmer.startup();
  const server = serve({ fetch: app, hostname: '127.0.0.1', port: Number(PORT ?? 8788) }, ({ port }) =>
    console.log(`http://127.0.0.1:${port}/${ADMIN_TOKEN ? `  and  http://127.0.0.1:${port}/cache` : ''}`),
  );
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => server.close(() => process.exit(0)));
}
