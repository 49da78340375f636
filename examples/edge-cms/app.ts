/** The site over HTTP: pages and an API for everyone, writes for editors, and the cache's own page for whoever looks after it. */
import { Hono } from 'hono';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
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

/** An entry as it is read. */
type Entry = ContentItem & { readonly author?: User | null };

/** An entry as it is shown: of its author no more than everybody may know. */
export type Shown = ContentItem & { readonly author: Pick<User, 'id' | 'name'> | null };

const LARGEST_BODY = 262_144; // bytes
const LAST_OFFSET = 10_000;
const WORD = /^[\w-]{1,100}$/;

const withAuthor = { include: { author: true } } as const;
const published = (query: Query): Query => ({ ...query, where: { and: [query.where ?? {}, { status: 'published' }] } });

/** The application. Every request catches up with what its client has written before, in whichever isolate that was. */
export function createApp({ site, adminToken, kv }: AppOptions): (request: Request) => Promise<Response> {
  const { content, sources, entries, users, media, http, warmer } = site;
  const app = new Hono();
  app.onError((error, c) => {
    const told = error instanceof HTTPException;
    if (!told) console.error(error);
    const [status, message] = told ? [error.status, error.message] : ([500, 'something failed'] as const);
    return c.json({ error: message }, status, { 'cache-control': 'no-store' });
  });
  app.notFound((c) => c.json({ error: 'there is nothing here' }, 404, { 'cache-control': 'no-store' }));
  const shown = { ...withAuthor, policy: 'content' };
  const editor = adminToken === undefined ? undefined : bearerToken(adminToken, 'editor');

  app.get('/', (c) =>
    http.respond(c.req.raw, listOf(entries, frontPage, shown), {
      form: 'page', // the API may be asked for the same list
      serialize: (posts) => html(page('Tides', posts.map(forAll))),
    }),
  );
  app.get('/api/posts', (c) =>
    http.respond(c.req.raw, listOf(entries, postsAskedFor(c), shown), {
      serialize: (posts) => json(posts.map(forAll)),
    }),
  );
  app.get('/api/:collection{posts|pages}/:slug', (c) => {
    const { collection } = c.req.param();
    const slug = word('slug', c.req.param('slug'));
    const query = published({ where: { collectionId: collection, slug }, limit: 1 });
    const reading = listOf(entries, query, shown);
    const read: (typeof reading)['read'] = async (ctx) => {
      const found = await reading.read(ctx);
      return found?.length ? found : undefined; // what isn't there, or isn't published, is a 404
    };
    return http.respond(
      c.req.raw,
      { ...reading, key: [...(reading.key as string[]), 'one'], read },
      { serialize: ([entry]) => json(forAll(entry)) },
    );
  });
  app.get('/api/users/:id', (c) =>
    http.respond(c.req.raw, itemOf(users, word('id', c.req.param('id'))), {
      represent: () => ({ fields: ['id', 'name'] }),
    }),
  );
  app.get('/api/media', (c) => {
    const folder = word('folder', c.req.query('folder') ?? 'images');
    return http.respond(c.req.raw, listOf(media, { where: { folder }, sort: ['filename'], limit: 50 }));
  });

  app.use('/api/admin/*', async (c, next) => {
    const permission = await editor?.(c.req.raw);
    if (!permission) refuse(401, 'who are you?');
    return next();
  });
  app.use(
    '/api/admin/*',
    bodyLimit({ maxSize: LARGEST_BODY, onError: () => refuse(413, `no more than ${LARGEST_BODY} bytes, please`) }),
  );
  const asEditor = entries.as({ user: 'editor' });
  // An editor sees drafts, and what is there now: answered to nobody else, and kept by nobody.
  app.get('/api/admin/posts/:id', (c) =>
    http.respond(c.req.raw, itemOf(entries, c.req.param('id')), { preview: true }),
  );
  app.post('/api/admin/posts', async (c) => {
    const { title, slug, collectionId = 'posts', authorId = null, data = null } = await bodyOf(c);
    const now = new Date().toISOString();
    const entry = {
      id: crypto.randomUUID(),
      collectionId: word('collectionId', collectionId),
      slug: word('slug', slug),
      title: line('title', title),
      status: 'draft',
      data,
      authorId: authorId === null ? null : word('authorId', authorId),
      createdAt: now,
      updatedAt: now,
      publishedAt: null,
    };
    const made = await asEditor.create(entry).catch(async (error: unknown) => {
      if (await entries.findBySlug(entry.collectionId, entry.slug)) refuse(409, 'there is one with this slug');
      throw error;
    });
    return c.json(made, 201);
  });
  app.patch('/api/admin/posts/:id', async (c) => {
    const id = c.req.param('id');
    const { title, data } = await bodyOf(c);
    if (title === undefined && data === undefined) refuse(400, 'title or data, please');
    const fields = {
      ...(title !== undefined && { title: line('title', title) }),
      ...(data !== undefined && { data }),
      updatedAt: new Date().toISOString(),
    };
    return http.write<ContentItem>(c.req.raw, {
      current: async () => (await sources.content.findByIds([id]))[0],
      write: async (current) => {
        if (!current) refuse(404, 'there is no such post');
        return c.json(await asEditor.update(id, fields, { ifSame: current })); // a conflict is answered with a 412
      },
    });
  });
  app.post('/api/admin/posts/:id/:what{publish|unpublish}', async (c) => {
    const { id, what } = c.req.param();
    const done = what === 'publish' ? await asEditor.publish(id) : await asEditor.unpublish(id);
    return done ? c.json(done) : refuse(404, 'there is no such post');
  });
  app.delete('/api/admin/posts/:id', async (c) =>
    (await asEditor.delete(c.req.param('id'))) ? c.body(null, 204) : refuse(404, 'there is no such post'),
  );
  app.patch('/api/admin/users/:id', async (c) => {
    const { name } = await bodyOf(c);
    const fields = { name: line('name', name), updatedAt: new Date().toISOString() };
    const saved = await users.as({ user: 'editor' }).update(c.req.param('id'), fields);
    return saved ? c.json(saved) : refuse(404, 'there is no such user');
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

  return withBookmark(content.cache, (request) => app.fetch(request), {
    ...(adminToken !== undefined && adminToken.length >= 16 && { secret: adminToken }),
  });
}

/** What everybody may see of an entry. */
function forAll({ author, ...entry }: Entry): Shown {
  return { ...entry, author: author ? { id: author.id, name: author.name } : null };
}

function json(value: unknown): { readonly body: string; readonly type: string } {
  return { body: JSON.stringify(value), type: 'application/json' };
}

/** Nothing is done. */
function refuse(status: 400 | 401 | 404 | 409 | 413, message: string): never {
  throw new HTTPException(status, { message });
}

async function bodyOf(c: Context): Promise<Readonly<Record<string, unknown>>> {
  const text = await c.req.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // isn't an object, either
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    refuse(400, 'the body must be an object in JSON');
  return body as Readonly<Record<string, unknown>>;
}

/** What ids, slugs and names of folders are made of: nothing else is looked for, nor remembered not to be there. */
function word(name: string, value: unknown): string {
  if (typeof value !== 'string' || !WORD.test(value)) refuse(400, `${name} must be 1 to 100 letters, digits, _ or -`);
  return value;
}

function line(name: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '' || value.length > 500)
    refuse(400, `${name} must be text of 1 to 500 characters`);
  return value;
}

function postsAskedFor(c: Context): Query {
  const most = Math.min(Number(c.req.query('limit') ?? 20) || 20, 100);
  const author = c.req.query('author');
  return {
    where: {
      collectionId: 'posts',
      status: 'published',
      ...(author !== undefined && { authorId: word('author', author) }),
    },
    sort: ['-publishedAt'],
    limit: Math.max(1, Math.trunc(most)),
    offset: Math.min(LAST_OFFSET, Math.max(0, Math.trunc(Number(c.req.query('offset') ?? 0) || 0))),
  };
}
