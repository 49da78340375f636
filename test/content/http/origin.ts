/** An origin for tests: it answers as it is told, at once or when the test lets it, and remembers what it was asked. */
import { httpCache, type HttpCache, type HttpCacheContext, type HttpCacheOptions } from 'tidemark/content/http';
import { type ManualClock, manualClock } from 'tidemark/testing';
import { deferred, type Deferred } from '../../support/deferred.ts';

/** What the origin answers: a body and fields, or a whole response. */
export type Answer = (request: Request, count: number) => Response | Promise<Response>;

export interface Stage {
  readonly clock: ManualClock;
  readonly cache: HttpCache;
  /** What the origin was asked, in order. */
  readonly asked: Request[];
  /** A request to the cache by its path. */
  readonly get: (
    path: string,
    headers?: Record<string, string>,
    init?: RequestInit,
    context?: HttpCacheContext,
  ) => Promise<Response>;
}

/** 2026-01-01. */
export const START = Date.UTC(2026, 0, 1);

export function stage(answer: Answer, options: Partial<HttpCacheOptions> = {}): Stage {
  const clock = manualClock({ now: START });
  const asked: Request[] = [];
  const cache = httpCache({
    clock,
    fetch: async (request) => answer(request, asked.push(request)),
    ...options,
  });
  return {
    clock,
    cache,
    asked,
    get: (path, headers = {}, init = {}, context = {}) =>
      cache(new Request(`https://site.test${path}`, { headers, ...init }), context),
  };
}

/** A 200 with these fields. */
export function ok(body: string | ReadableStream<Uint8Array>, headers: Record<string, string> = {}): Response {
  return new Response(body, { headers });
}

/** An origin whose every answer waits for the test; a request that is aborted rejects. */
export function paused(): { readonly answer: Answer; readonly calls: Deferred<Response>[] } {
  const calls: Deferred<Response>[] = [];
  return {
    calls,
    answer: (request) => {
      const call = deferred<Response>();
      calls.push(call);
      request.signal.addEventListener('abort', () => call.reject(request.signal.reason));
      return call.promise;
    },
  };
}

/** The member of Cache-Status that this cache has added. */
export function told(response: Response): string {
  return response.headers.get('cache-status') ?? '';
}
