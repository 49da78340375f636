/** The shared HTTP cache in front of a Worker's handler. */
import { aFunction } from '../../engine/options.ts';
import type { HttpCacheOptions } from './http-cache-options.ts';
import { type HttpCache, httpCache } from './shared-cache.ts';

/** What a Worker is handed beside a request, as far as it is needed. */
export interface WorkerContext {
  waitUntil(work: Promise<unknown>): void;
}

/** A handler as Workers, and `app.fetch` of Hono, have it. */
export type WorkerHandler<Env, Context extends WorkerContext> = (
  request: Request,
  env: Env,
  context: Context,
) => Response | Promise<Response>;

/** Options of the HTTP cache, or how to make them of a Worker's bindings, which come with the first request. */
export type CacheSettings<Env> = Omit<HttpCacheOptions, 'fetch'> | ((env: Env) => Omit<HttpCacheOptions, 'fetch'>);

/**
 * A Worker's `fetch` behind a shared cache: one for the isolate, made with the first request; the handler gets the bindings
 * and the context of the request that it is called for, and storing and refreshing go on after the answer (`waitUntil`).
 *
 * @throws `bad_option` if the handler isn't a function; the answer rejects with it for options of the cache.
 * @example
 * export default { fetch: workerCache(app.fetch, (env) => ({ store: engineHttpStore({ cache: cacheOf(env) }) })) };
 */
export function workerCache<Env, Context extends WorkerContext>(
  handler: WorkerHandler<Env, Context>,
  settings: CacheSettings<Env> = {},
): (request: Request, env: Env, context: Context) => Promise<Response> {
  aFunction('workerCache: handler', handler);
  let cache: HttpCache | undefined;
  return async (request, env, context) => {
    const fetch = async (asked: Request): Promise<Response> => handler(asked, env, context);
    cache ??= httpCache({ ...(typeof settings === 'function' ? settings(env) : settings), fetch });
    return cache(request, { fetch, waitUntil: (work) => context.waitUntil(work) });
  };
}
