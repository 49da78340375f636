/** The site over HTTP: pages and an API for everyone, writes for editors, and the cache's own page for whoever looks after it. */
import { Hono } from 'hono';
import type { Context } from 'hono';
import { bearerToken, contentAdmin, type KvPlace } from 'tidemark/content/admin';
import type { ContentItem, Query, User } from 'tidemark/content';
import { itemOf, listOf, withBookmark } from 'tidemark/content/http';
import { html, page } from './page.ts';
import { frontPage, type Site } from './site.ts';

/** What an application is made with. */
export interface AppOptions {
  readonly site: Site;
  /** Lets editors write and administrators look into the cache; without one nobody may. */
  readonly adminToken?: string | undefined;
  /** The KV namespace behind the cache, for the page that shows it. */
  readonly kv?: KvPlace | undefined;
}

/** An entry as it is shown. */
export type Shown = ContentItem & { readonly author?: User | null };

const withAuthor = { include: { author: true } } as const;
const published = (query: Query): Query => ({ ...query, where: { and: [query.where ?? {}, { status: 'published' }] } });

/** The application. Every request catches up with what its client has written before, in whichever isolate that was. */
export function createApp({ site, adminToken, kv }: AppOptions): (request: Request) => Promise<Response> {
  const { content, sources, entries, users, media, http, warmer } = site;
  const app = new Hono();
  const shown = { ...withAuthor, with: [users] };
  const editor = adminToken === undefined ? undefined : bearerToken(adminToken, 'editor');

  app.get('/', (c) =>
    http.respond(c.req.raw, listOf(entries, frontPage, shown), {
      serialize: (posts) => html(page('Tides', posts as readonly Shown[])),
    }),
  );
  app.get('/api/posts', (c) => http.respond(c.req.raw, listOf(entries, postsAskedFor(c), shown)));
  app.get('/api/:collection{posts|pages}/:slug', (c) => {
    const { collection, slug } = c.req.param();
    const query = published({ where: { collectionId: collection, slug }, limit: 1 });
    const reading = listOf(entries, query, shown);
    const read: (typeof reading)['read'] = async (ctx) => {
      const found = await reading.read(ctx);
      return found?.length ? found : undefined; // what isn't there, or isn't published, is a 404
    };
    return http.respond(
      c.req.raw,
      { ...reading, key: [...(reading.key as string[]), 'one'], read },
      {
        serialize: ([entry]) => ({ body: JSON.stringify(entry), type: 'application/json' }),
        lastModified: ([entry]) => Date.parse(entry.updatedAt),
      },
    );
  });
  app.get('/api/users/:id', (c) => http.respond(c.req.raw, itemOf(users, c.req.param('id'))));
  app.get('/api/media', (c) => {
    const folder = c.req.query('folder') ?? 'images';
    return http.respond(c.req.raw, listOf(media, { where: { folder }, sort: ['filename'], limit: 50 }));
  });

  app.use('/api/admin/*', async (c, next) => {
    const permission = await editor?.(c.req.raw);
    return permission ? next() : c.json({ error: 'who are you?' }, 401, { 'cache-control': 'no-store' });
  });
  const asEditor = entries.as({ user: 'editor' });
  // An editor sees drafts, and what is there now: answered to nobody else, and kept by nobody.
  app.get('/api/admin/posts/:id', (c) =>
    http.respond(c.req.raw, itemOf(entries, c.req.param('id')), { preview: true }),
  );
  app.post('/api/admin/posts', async (c) => {
    const { title, slug, collectionId = 'posts', authorId, data } = await c.req.json<Partial<ContentItem>>();
    if (typeof title !== 'string' || typeof slug !== 'string') return c.json({ error: 'title and slug, please' }, 400);
    const now = new Date().toISOString();
    const made = await asEditor.create({
      id: crypto.randomUUID(),
      collectionId,
      slug,
      title,
      status: 'draft',
      data: data ?? null,
      authorId: authorId ?? null,
      createdAt: now,
      updatedAt: now,
      publishedAt: null,
    });
    return c.json(made, 201);
  });
  app.patch('/api/admin/posts/:id', async (c) => {
    const id = c.req.param('id');
    const given = await c.req.json<Partial<ContentItem>>();
    const fields = {
      ...(typeof given.title === 'string' && { title: given.title }),
      ...(given.data !== undefined && { data: given.data }),
      updatedAt: new Date().toISOString(),
    };
    return http.write<ContentItem>(c.req.raw, {
      current: async () => (await sources.content.findByIds([id]))[0],
      write: async (current) => {
        if (!current) return c.json({ error: 'there is no such post' }, 404);
        return c.json(await asEditor.update(id, fields, { ifSame: current })); // a conflict is answered with a 412
      },
    });
  });
  app.post('/api/admin/posts/:id/:what{publish|unpublish}', async (c) => {
    const { id, what } = c.req.param();
    const done = what === 'publish' ? await asEditor.publish(id) : await asEditor.unpublish(id);
    return done ? c.json(done) : c.json({ error: 'there is no such post' }, 404);
  });
  app.delete('/api/admin/posts/:id', async (c) =>
    (await asEditor.delete(c.req.param('id'))) ? c.body(null, 204) : c.json({ error: 'there is no such post' }, 404),
  );
  app.patch('/api/admin/users/:id', async (c) => {
    const { name } = await c.req.json<Partial<User>>();
    const saved = name && (await users.update(c.req.param('id'), { name, updatedAt: new Date().toISOString() }));
    return saved ? c.json(saved) : c.json({ error: 'there is no such user' }, 404);
  });

  const admin =
    editor &&
    contentAdmin({
      content,
      authorize: editor,
      ...(kv && { kv }),
      warm: async () => {
        const { warmed, failed } = await warmer.scheduled();
        return { warmed, failed };
      },
    });
  app.all('/cache', (c) => admin?.(c.req.raw) ?? c.notFound());
  app.all('/cache/*', (c) => admin?.(c.req.raw) ?? c.notFound());

  return withBookmark(content.cache, (request) => app.fetch(request));
}

function postsAskedFor(c: Context): Query {
  const most = Math.min(Number(c.req.query('limit') ?? 20) || 20, 100);
  const author = c.req.query('author');
  return {
    where: { collectionId: 'posts', status: 'published', ...(author !== undefined && { authorId: author }) },
    sort: ['-publishedAt'],
    limit: Math.max(1, Math.trunc(most)),
    offset: Math.max(0, Math.trunc(Number(c.req.query('offset') ?? 0) || 0)),
  };
}
