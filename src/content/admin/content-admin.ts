/** The API over a content cache and the page that shows it, as one handler of the Fetch standard. */
import { type Context, type Handler, Hono } from 'hono';
import { encodePath } from '../../engine/key.ts';
import { checkOptions } from '../../engine/options.ts';
import { Administered, offered } from './administered.ts';
import { adminSchema } from './admin-schema.ts';
import { type AdminSettings, adminSettings, type ContentAdminOptions } from './admin-options.ts';
import { bodyOf, type ChangeAsked, changeAsked, clearAsked, limitAsked, restOf } from './asked.ts';
import { challengeOf, type Permission } from './authorize.ts';
import { adminStats } from './figures.ts';
import { heldKeys, pathOfText } from './held-keys.ts';
import { kvKeys } from './kv-keys.ts';
import { logAnswer } from './log-answer.ts';
import { METRICS_TYPE, metricsText } from './metrics.ts';
import { oneEntry } from './one-entry.ts';
import { drawNonce, pagePolicy, pageText } from './page/page.ts';
import { isOurs, refused, Refusal } from './refusal.ts';
import { assertMeant, Tokens } from './same-site.ts';

type Env = { Variables: { permission: Permission } };

/** Fields of every answer. The page replaces the policy by its own. */
const PROTECTION: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Figures, keys, reasons and buttons for a content cache: `GET /cache` is a page, what is below it an API whose answers
 * `GET /cache/schema.json` describes. Every request must be let in by `authorize`; what changes something must come
 * from the page, or from a program with credentials of its own. Nothing of an answer is ever stored on the way.
 *
 * Nothing is begun when it is made, so that it may be made where a module loads.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const admin = contentAdmin({ content, authorize: bearerToken(env.CACHE_ADMIN_TOKEN, 'deploy') });
 * export default { fetch: (request) => (new URL(request.url).pathname.startsWith('/cache') ? admin(request) : site(request)) };
 */
export function contentAdmin(options: ContentAdminOptions): (request: Request) => Promise<Response> {
  const settings = adminSettings(options);
  const app = routes(settings);
  return async (request) => {
    const response = await app.fetch(request);
    for (const [name, value] of Object.entries(PROTECTION))
      if (!response.headers.has(name)) response.headers.set(name, value);
    return response;
  };
}

function routes(settings: AdminSettings): Hono<Env> {
  const { basePath: base, authorize, readOnly, showValues, kv, warm, origins } = settings;
  const content = new Administered(settings.content);
  const { cache } = content;
  const tokens = new Tokens(settings.secret);
  // As it was sent: a key may have anything in it, and is decoded once.
  const app = new Hono<Env>({ getPath: (request) => new URL(request.url).pathname });

  app.onError((error) => {
    if (isOurs(error)) settings.onError(error);
    return refused(error);
  });
  app.notFound(() => refused(new Refusal('not_found', 'there is nothing here')));

  app.use('*', async (c, next) => {
    const permission = await authorize(c.req.raw);
    if (!permission) throw new Refusal('unauthorized', 'who are you?', { 'www-authenticate': challengeOf(authorize) });
    c.set('permission', { actor: permission.actor, canWrite: permission.canWrite && !readOnly });
    if (!['GET', 'HEAD'].includes(c.req.method)) {
      if (!c.var.permission.canWrite) throw new Refusal('read_only', 'you may look, and change nothing');
      await assertMeant(c.req.raw, permission.actor, tokens, origins);
    }
    await next();
  });

  const serve = (method: 'GET' | 'POST', path: string, handler: Handler<Env>) => {
    app.on(method, base + path, handler);
    app.all(base + path, () => {
      throw new Refusal('method_not_allowed', `only ${method} here`, {
        allow: method === 'GET' ? 'GET, HEAD' : method,
      });
    });
  };

  const figures = () => adminStats(cache, content.figures);
  const namespaceOf = (name: string) => {
    const found = figures().namespaces.find((one) => one.name === name);
    if (!found) throw new Refusal('not_found', 'there is no such namespace');
    return found;
  };
  const page = async (c: Context<Env>) => {
    const { actor, canWrite } = c.var.permission;
    const nonce = drawNonce();
    const token = canWrite ? await tokens.make(actor, Date.now()) : '';
    const kvTier = kv ? (kv.name ?? 'workers-kv') : '';
    const text = pageText({
      cache: cache.name,
      actor,
      canWrite,
      token,
      nonce,
      showValues,
      kvTier,
      warm: warm !== undefined,
      ...content.offers,
    });
    return c.html(text, 200, { 'content-security-policy': pagePolicy(nonce) });
  };
  serve('GET', '', page);
  serve('GET', '/', page);

  serve('GET', '/stats', (c) => c.json(figures()));
  serve('GET', '/stats/:namespace{.+}', (c) => {
    return c.json(namespaceOf(restOf(c.req.raw, `${base}/stats/`)));
  });
  serve('GET', '/health', (c) => {
    const health = content.health();
    return c.json(health, health.ok ? 200 : 503);
  });
  serve('GET', '/metrics', (c) => {
    const text = metricsText(figures(), content.health().ok);
    return c.body(text, 200, { 'content-type': METRICS_TYPE });
  });
  serve('GET', '/schema.json', (c) => c.json(adminSchema, 200, { 'content-type': 'application/schema+json' }));

  serve('GET', '/keys', async (c) => {
    const { prefix: text = '', search = '', after = '', limit: most, tier } = c.req.query();
    const asked = { prefix: pathOfText(text), search, after, limit: limitAsked(most) };
    if (tier === undefined) return c.json(heldKeys(cache, asked));
    if (!kv || tier !== (kv.name ?? 'workers-kv')) throw new Refusal('not_available', 'this tier has no list of keys');
    return c.json(await kvKeys(kv, cache.name, asked));
  });
  serve('GET', '/keys/:key{.+}', async (c) => {
    const key = pathOfText(restOf(c.req.raw, `${base}/keys/`));
    const values = c.req.query('value') === '1';
    if (values && !showValues) throw new Refusal('not_available', 'values are not shown here');
    return c.json(await oneEntry(cache, key, { values }));
  });

  serve('GET', '/log', (c) => {
    const { after, limit: most } = c.req.query();
    const asked = { limit: limitAsked(most), ...(after !== undefined && { after }) };
    return c.json(logAnswer(content.log(asked)));
  });

  const change = async (c: Context<Env>, { what, dryRun }: ChangeAsked) => {
    if (dryRun) {
      const { keys, ...rest } = content.dryRun(what);
      return c.json({ dryRun, ...rest, keys: keys.map((key) => ({ key, text: encodePath(key) })) });
    }
    const { mark = null, reach = null } = (await content.change(what, { actor: c.var.permission.actor })) ?? {};
    return c.json({ dryRun, mark, reach });
  };
  serve('POST', '/invalidate', async (c) => change(c, changeAsked(await bodyOf(c.req.raw))));
  serve('POST', '/clear', async (c) => {
    const { collection, namespace, dryRun } = clearAsked(await bodyOf(c.req.raw));
    const named = namespace === undefined ? collection && [collection] : namespaceOf(namespace).collections;
    if (named) return change(c, { what: { prefixes: named.map((name) => [name]) }, dryRun });
    if (dryRun) return change(c, { what: { all: true }, dryRun });
    const { mark = null, reach = null } = (await content.clear({ actor: c.var.permission.actor })) ?? {};
    return c.json({ dryRun, mark, reach });
  });
  serve('POST', '/warm', async (c) => {
    checkOptions('warm', await bodyOf(c.req.raw), []);
    const run = offered(warm, 'warming');
    const { warmed, failed } = await run({ actor: c.var.permission.actor });
    return c.json({ warmed, failed });
  });
  return app;
}
