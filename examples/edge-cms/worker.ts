/** The site in a Worker: memory, then KV, then D1. One cache for the isolate, made with it. */
import { env, waitUntil } from 'cloudflare:workers';
import { createCache, memory } from 'tidemark';
import { d1Backend } from 'tidemark/backends/d1';
import {
  contentEnvironment,
  type ContentItem,
  contentTable,
  d1Source,
  type Media,
  mediaTable,
  type Session,
  sessionTable,
  type User,
  userTable,
} from 'tidemark/content';
import { kvBudget, workersKv } from 'tidemark/stores/workers-kv';
import { createApp } from './app.ts';
import { createSite } from './site.ts';

const environment = contentEnvironment(env);
let budget = kvBudget(); // of the newest request
const kv = workersKv({ namespace: env.CACHE, defer: waitUntil, budget: () => budget });
const database = env.DB;

const cache = createCache({
  name: 'edge-cms',
  tiers: [memory({ maxBytes: environment.maxMemoryBytes ?? '50mb' }), ...(environment.kvEnabled ? [kv] : [])],
  log: d1Backend({ database }).log,
  maxSilence: '5s',
  background: waitUntil,
});
const site = createSite({
  cache,
  environment,
  sources: {
    content: d1Source<ContentItem>({ database, ...contentTable }),
    users: d1Source<User>({ database, ...userTable }),
    media: d1Source<Media>({ database, ...mediaTable }),
    sessions: d1Source<Session>({ database, ...sessionTable }),
  },
  background: waitUntil,
});
const app = createApp({
  site,
  adminToken: env.ADMIN_TOKEN,
  ...(environment.kvEnabled && { kv: { namespace: env.CACHE } }),
});

// A Worker is what its module exports by default.
// oxlint-disable-next-line import/no-default-export
export default {
  fetch(request: Request): Promise<Response> {
    budget = kvBudget();
    waitUntil(site.warmer.startup()); // once for the isolate, in the first request
    return app(request);
  },

  async scheduled(): Promise<void> {
    budget = kvBudget();
    await site.warmer.scheduled();
    await site.sessions.deleteExpired();
  },
};
