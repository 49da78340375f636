/** The HTTP service: pages as HTML or JSON, read through the cache or past it, and one write that needs a token. */
import { type Context, Hono } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';
import { bodyLimit } from 'hono/body-limit';
import type { Cache } from 'tidemark';
import { listPath, searchPath } from './addresses.ts';
import type { PackageChange, Reads, Source } from './model.ts';
import { dependentsHtml, type Html, licencesHtml, listHtml, packageHtml, problemHtml } from './pages.ts';
import type { Repository } from './repository.ts';

/** What the service serves. */
export interface ServiceOptions {
  /** What `?cache=off` reads. */
  readonly source: Source;
  readonly repository: Repository;
  readonly cache: Cache;
  /** What a write has to bring as `Authorization: Bearer …`. */
  readonly token: string;
}

const LONGEST = { description: 500, licence: 60, search: 100 };
const HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
  'x-content-type-options': 'nosniff',
};

/**
 * The routes. Every page answers to `?format=json` as well, and to `?cache=off`, which reads the source directly; the
 * header `server-timing` says how long its read took. Beside a package's page, `why` explains what the cache has of it.
 */
export function createService({ source, repository, cache, token }: ServiceOptions): Hono {
  const app = new Hono();

  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    await next();
  });

  app.get('/', async (c) => page(c, await read(c, (from) => from.licences()), licencesHtml));

  app.get('/packages', async (c) => {
    const licence = c.req.query('licence');
    const list = await read(c, (from) => from.list({ licence, page: pageNumber(c) }));
    const title = licence === undefined ? 'All packages' : `Licence ${licence}`;
    return page(c, list, (found) => listHtml(title, found, (to) => listPath({ licence, page: to })));
  });

  app.get('/search', async (c) => {
    const text = (c.req.query('q') ?? '').trim().slice(0, LONGEST.search);
    const list = await read(c, (from) => from.search(text, pageNumber(c)));
    return page(c, list, (found) => listHtml(`Search for “${text}”`, found, (to) => searchPath(text, to)));
  });

  app.get('/packages/:id', async (c) => page(c, await read(c, (from) => from.package(c.req.param('id'))), packageHtml));

  app.get('/packages/:id/dependents', async (c) =>
    page(c, await read(c, (from) => from.dependents(c.req.param('id'))), dependentsHtml),
  );

  app.get('/packages/:id/why', async (c) => c.json(await cache.explain(['package', c.req.param('id')])));

  app.patch('/packages/:id', bearerAuth({ token }), bodyLimit({ maxSize: 10_000 }), async (c) => {
    const change = changeOf(await c.req.json<unknown>().catch(() => undefined));
    if (typeof change === 'string') return c.json({ error: change }, 400);
    const result = await repository.change(c.req.param('id'), change);
    return result ? c.json(result) : c.json({ error: 'there is no such package' }, 404);
  });

  app.get('/stats', (c) => c.json({ queries: source.queries, cache: cache.stats() }));

  app.notFound((c) => c.html(problemHtml('There is no such page.'), 404));

  /** Ask the cache or, for the comparison, the source; the answer's header says how long that took. */
  async function read<T>(c: Context, ask: (from: Reads) => Promise<T>): Promise<T> {
    const began = performance.now();
    const answer = await ask(c.req.query('cache') === 'off' ? source : repository);
    c.header('server-timing', `read;dur=${(performance.now() - began).toFixed(4)}`);
    return answer;
  }

  return app;
}

/** Answer with a page, as the client wants it. */
function page<T>(c: Context, found: T | null, show: (found: T) => Html): Response | Promise<Response> {
  const json = c.req.query('format') === 'json';
  if (found === null)
    return json ? c.json({ error: 'there is no such package' }, 404) : c.html(problemHtml('No such package.'), 404);
  return json ? c.json(found) : c.html(show(found));
}

/** The page that a list is asked for; 1 for anything that isn't a page. */
function pageNumber(c: Context): number {
  const asked = c.req.query('page') ?? '';
  return /^[1-9]\d{0,4}$/.test(asked) ? Number(asked) : 1;
}

/** The change that a request asks for, or what is wrong with it. */
function changeOf(body: unknown): PackageChange | string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 'send a JSON object';
  const change: Record<string, string> = {};
  for (const [field, value] of Object.entries(body) as [string, unknown][]) {
    if (field !== 'description' && field !== 'licence') return `only description and licence can be changed`;
    if (
      typeof value !== 'string' ||
      value === '' ||
      value.length > LONGEST[field] ||
      /[\p{Cc}\p{Surrogate}]/u.test(value)
    )
      return `${field} must be one line of text with 1 to ${LONGEST[field]} characters`;
    change[field] = value;
  }
  return Object.keys(change).length > 0 ? change : 'say a description, a licence, or both';
}
