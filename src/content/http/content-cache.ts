/** The shared HTTP cache as a middleware of Hono, for some of an application's routes. */
import { aFunction } from '../../engine/options.ts';
import type { HttpCacheOptions } from './http-cache-options.ts';
import { type HttpCache, httpCache, type HttpCacheContext } from './shared-cache.ts';

/** An application, as far as the middleware uses it: Hono's has that. */
export interface MiddlewareApp {
  readonly fetch: (request: Request, env?: never, context?: never) => Response | Promise<Response>;
}

/** A middleware's context, as far as it is used: Hono's has that. */
export interface MiddlewareContext {
  readonly req: { readonly raw: Request };
  readonly env: unknown;
  /** Throws where the platform has none. */
  readonly executionCtx: { waitUntil(work: Promise<unknown>): void };
}

/** Options of {@link contentCache}: those of the HTTP cache, and the application that it is used in. */
export interface ContentCacheOptions extends Omit<HttpCacheOptions, 'fetch'> {
  readonly app: MiddlewareApp;
}

/**
 * A middleware that answers from a shared cache what it may. The cache is the origin's client, with conditions of its own and
 * refreshes in the background, so the rest of the way is a request of its own to the application, which this middleware lets
 * pass.
 *
 * @throws `bad_option` naming the option.
 * @example
 * app.use('/posts/*', contentCache({ app, store: engineHttpStore({ cache }), hiddenFields: ['Cache-Tag'] }));
 */
export function contentCache({
  app,
  ...options
}: ContentCacheOptions): (context: MiddlewareContext, next: () => Promise<void>) => Promise<Response | void> {
  aFunction('contentCache: app.fetch', app?.fetch);
  const nowhere = async (): Promise<Response> => new Response(null, { status: 500 });
  const cache: HttpCache = httpCache({ ...options, fetch: nowhere });
  let pass: string | undefined; // nobody else knows it, so nobody else passes by
  return async (context, next) => {
    pass ??= crypto.randomUUID(); // in Workers there is no chance outside of a request
    const { raw } = context.req;
    if (raw.headers.get(PASS) === pass) return next();
    const platform = contextOf(context);
    const fetch = async (request: Request): Promise<Response> => {
      const passing = new Request(request);
      passing.headers.set(PASS, pass!);
      return app.fetch(passing, context.env as never, platform as never);
    };
    const waitUntil: HttpCacheContext = platform ? { waitUntil: (work) => platform.waitUntil(work) } : {};
    return cache(raw, { fetch, ...waitUntil });
  };
}

/** The field by which a request of the cache's own is known. */
const PASS = 'x-tidemark-pass';

function contextOf(context: MiddlewareContext): MiddlewareContext['executionCtx'] | undefined {
  try {
    return context.executionCtx;
  } catch {
    return undefined; // Hono throws where there is none
  }
}
