/**
 * A shared HTTP cache in front of an origin (RFC 9111): it answers from its store what it may, asks the origin for the
 * rest, once for all who ask for the same, and forgets what unsafe requests have changed.
 */
import { abortable, within } from '../../engine/wait.ts';
import { answerFrom, answerOf, gatewayTimeout } from './answer.ts';
import { type CacheControl, parseCacheControl } from './cache-control.ts';
import type { CacheStatus, Forwarded } from './cache-status.ts';
import { type Flight, Flights, type Landing } from './flights.ts';
import { type Freshness, freshnessOf, servesInNeed, useOf } from './freshness.ts';
import { endToEnd } from './hop-by-hop.ts';
import { type CheckedOptions, checkedOptions, type HttpCacheOptions } from './http-cache-options.ts';
import { headersOf, type StoredResponse } from './http-store.ts';
import { changedUris, isSafe, uriOf } from './invalidated.ts';
import { type Fetched, Origin } from './origin.ts';
import { type Found, Records } from './records.ts';
import { select } from './vary.ts';
import { describesStored, isConditional, originHeaders } from './validation.ts';

/** What the platform offers for one request. */
export interface HttpCacheContext {
  /** Keeps the request's context alive until the work has ended, as `ctx.waitUntil` does in Workers. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
  /** The origin for this request, where that needs what the platform hands over with each. Default: that of the options. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

type FetchOrigin = CheckedOptions['fetch'];

/** Answers a request. Rejects as the origin does when nothing stored may stand in, or with the reason of the request's signal. */
export type HttpCache = (request: Request, context?: HttpCacheContext) => Promise<Response>;

/**
 * A shared cache as a Fetch-standard handler. Throws `bad_option`.
 *
 * @example
 * const cache = httpCache({ fetch: (request) => app.fetch(request) });
 * export default { fetch: (request, env, ctx) => cache(request, { waitUntil: (work) => ctx.waitUntil(work) }) };
 */
export function httpCache(options: HttpCacheOptions): HttpCache {
  const cache = new SharedCache(checkedOptions(options));
  return (request, context = {}) => cache.handle(request, context);
}

/** A request on its way through the cache. */
interface Visit {
  readonly request: Request;
  readonly context: HttpCacheContext;
  readonly uri: string;
  readonly asked: CacheControl;
}

/** A stored response that may not be used as it is, or nothing. */
interface Lacking extends Found {
  readonly freshness?: Freshness;
  readonly forwarded: Forwarded;
}

class SharedCache {
  readonly #options: CheckedOptions;
  readonly #records: Records;
  readonly #flights: Flights;
  readonly #origin: Origin;

  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#flights = new Flights(() => options.clock.now());
    this.#records = new Records({ ...options, latest: () => this.#flights.latest });
    this.#origin = new Origin(options, this.#records);
  }

  async handle(request: Request, context: HttpCacheContext): Promise<Response> {
    const response = await this.#answerTo(request, context);
    for (const name of this.#options.hiddenFields) response.headers.delete(name);
    return response;
  }

  async #answerTo(request: Request, context: HttpCacheContext): Promise<Response> {
    const uri = uriOf(request.url);
    const visit: Visit = { request, context, uri, asked: this.#directivesOf(request) };
    if (request.method !== 'GET' && request.method !== 'HEAD') return this.#pass(visit);
    return visit.asked.noStore ? this.#forward(visit, 'request') : this.#read(visit);
  }

  #directivesOf(request: Request): CacheControl {
    if (!this.#options.trusted(request)) return {};
    const field = request.headers.get('cache-control');
    if (field !== null) return parseCacheControl(field);
    return /^\s*no-cache\s*$/i.test(request.headers.get('pragma') ?? '') ? { noCache: true } : {};
  }

  /** Other methods go through, and what they have changed is forgotten before the client knows. */
  async #pass(visit: Visit): Promise<Response> {
    const { request, context, uri } = visit;
    const flight = this.#flights.open(uri, await this.#records.begin());
    context.waitUntil?.(flight.landing);
    try {
      const response = await this.#fetchFor(visit)(outbound(request));
      if (!isSafe(request.method)) await this.#forget(changedUris(uri, response), flight);
      const fetched = this.#origin.receive(flight, request, response);
      return this.#present(visit, fetched, { forwarded: 'method', stored: fetched.stored });
    } catch (error) {
      // Nobody knows whether it was done.
      if (!isSafe(request.method)) await this.#forget([uri], flight);
      flight.land({ kind: 'failed', error });
      throw error;
    }
  }

  async #forget(uris: readonly string[], by: Flight): Promise<void> {
    for (const uri of uris) this.#flights.outdate(uri, by);
    await Promise.all(uris.map((uri) => this.#records.forget(uri)));
  }

  async #read(visit: Visit): Promise<Response> {
    const { request, asked, uri } = visit;
    for (let joined = 0; ; joined++) {
      const found = await this.#records.find(uri, request.headers);
      const lacking = this.#judge(visit, found, joined > 0);
      if (lacking instanceof Response) return lacking;
      if (asked.onlyIfCached) return gatewayTimeout({ ...this.#options, status: { forwarded: lacking.forwarded } });
      if (request.method === 'HEAD') return this.#head(visit, lacking);
      const alone = joined > 1 || goesAlone(visit, lacking);
      const variant = alone ? undefined : variantOf(found, request);
      const flight = variant === undefined ? undefined : this.#flights.find(uri, variant);
      if (!flight) return this.#lead(visit, lacking, variant);
      const answer = await this.#join(visit, flight, lacking);
      if (answer === 'late') return this.#lead(visit, lacking, variant);
      if (answer) return answer;
    }
  }

  /** An answer from what was found, if it may be used; else why it may not. */
  #judge(visit: Visit, found: Found, collapsed: boolean): Response | Lacking {
    const { stored, names } = found;
    if (!stored) return { ...found, forwarded: names ? 'vary-miss' : 'uri-miss' };
    const freshness = this.#freshness(stored);
    const use = useOf(freshness, visit.asked);
    if (use === 'validate') return { ...found, freshness, forwarded: freshness.ttl > 0 ? 'request' : 'stale' };
    if (use === 'stale-while-revalidate') this.#refresh(visit, { ...found, freshness, forwarded: 'stale' });
    const status: CacheStatus = collapsed ? { forwarded: 'miss', collapsed } : { hit: true };
    return this.#answer(visit, stored, freshness, status);
  }

  /** Waits for another's flight. `undefined`: look again. */
  async #join(visit: Visit, flight: Flight, { stored }: Lacking): Promise<Response | 'late' | undefined> {
    const { joinTimeout, clock } = this.#options;
    flight.enter();
    try {
      const landing = within<Landing | { kind: 'late' }>(flight.landing, joinTimeout, clock, () => ({ kind: 'late' }));
      const end = await abortable(landing, visit.request.signal);
      if (end.kind === 'late') {
        flight.abandoned = true;
        return 'late';
      }
      if (end.kind === 'landed') return undefined;
      const status: CacheStatus = { forwarded: stored ? 'stale' : 'miss', collapsed: true };
      if (end.kind === 'failed') return this.#inNeed(visit, stored, end.error, status);
      return stored && this.#answer(visit, stored, this.#freshness(stored), status);
    } finally {
      flight.leave();
    }
  }

  /** Goes to the origin; those who ask for the same `variant` meanwhile wait for it. */
  async #lead(visit: Visit, lacking: Lacking, variant: string | undefined): Promise<Response> {
    const { request, context } = visit;
    const { stored, forwarded } = lacking;
    const flight = this.#flights.open(visit.uri, lacking.since, variant);
    flight.enter();
    const fetching = this.#fetch(flight, visit, lacking);
    context.waitUntil?.(flight.landing);
    try {
      const fetched = await abortable(fetching, request.signal);
      return this.#present(visit, fetched, { forwarded, stored: fetched.stored });
    } catch (error) {
      if (request.signal.aborted) {
        void fetching.then(discard, () => {});
        throw error;
      }
      return this.#inNeed(visit, stored, error, { forwarded });
    } finally {
      flight.leave();
    }
  }

  /** Asks anew in the background, unless somebody does. */
  #refresh(visit: Visit, lacking: Lacking): void {
    const variant = variantOf(lacking, visit.request);
    if (this.#flights.find(visit.uri, variant)) return;
    const flight = this.#flights.open(visit.uri, lacking.since, variant);
    flight.enter();
    this.#fetch(flight, visit, lacking).then(discard, this.#options.onError);
    visit.context.waitUntil?.(flight.landing);
  }

  #fetch(flight: Flight, visit: Visit, { stored }: Lacking): Promise<Fetched> {
    const { request, uri, asked } = visit;
    const asIs = !stored && (isConditional(request.headers) || request.headers.has('range'));
    const headers = asIs ? endToEnd(request.headers) : originHeaders(request.headers, stored);
    const standsIn = (status: number): boolean => {
      if (!stored || status < 500) return false;
      const freshness = this.#freshness(stored);
      const allowed = freshness.ifError !== undefined || asked.staleIfError !== undefined;
      return allowed && servesInNeed(freshness, asked, 0);
    };
    const fetch = this.#fetchFor(visit);
    return this.#origin.ask(flight, { asked: { method: 'GET', url: uri, headers }, stored, standsIn, fetch });
  }

  /** A HEAD goes to the origin as it is; a 200 tells how the stored GET is doing. */
  async #head(visit: Visit, { stored, forwarded, since }: Lacking): Promise<Response> {
    const { request, uri } = visit;
    const flight = this.#flights.open(uri, since);
    try {
      const response = await this.#fetchFor(visit)(outbound(request));
      if (stored && response.status === 200) {
        if (describesStored(stored, response.headers))
          await this.#origin.freshen(flight, request, stored, response.headers);
        else if (!request.headers.has('authorization')) await this.#records.drop(flight, stored.selection);
      }
      return answerOf(response, endToEnd(response.headers), request, this.#telling({ forwarded }));
    } catch (error) {
      if (request.signal.aborted) throw error;
      return this.#inNeed(visit, stored, error, { forwarded });
    } finally {
      flight.land({ kind: 'landed' });
    }
  }

  async #forward(visit: Visit, forwarded: Forwarded): Promise<Response> {
    const { request } = visit;
    const response = await this.#fetchFor(visit)(outbound(request));
    return answerOf(response, endToEnd(response.headers), request, this.#telling({ forwarded }));
  }

  #present(visit: Visit, fetched: Fetched, status: CacheStatus): Response {
    if (fetched.kind === 'passed')
      return answerOf(fetched.response, fetched.headers, visit.request, this.#telling(status));
    const told = { ...status, forwardedStatus: fetched.status };
    return this.#answer(visit, fetched.response, this.#freshness(fetched.response), told);
  }

  /** The origin could not be asked. */
  #inNeed(visit: Visit, stored: StoredResponse | undefined, error: unknown, status: CacheStatus): Response {
    if (!stored) throw error;
    const freshness = this.#freshness(stored);
    if (servesInNeed(freshness, visit.asked, this.#options.staleIfUnreachable / 1000))
      return this.#answer(visit, stored, freshness, { ...status, detail: 'unreachable' });
    if (freshness.stale === 'never') return gatewayTimeout({ ...this.#options, status });
    throw error;
  }

  #answer({ request }: Visit, stored: StoredResponse, { age, ttl }: Freshness, status: CacheStatus): Response {
    return answerFrom(stored, request, age, this.#telling({ ...status, ttl }));
  }

  #telling(status: CacheStatus): { name: string; status: CacheStatus; now: number } {
    return { name: this.#options.name, status, now: this.#now() };
  }

  #freshness(stored: StoredResponse): Freshness {
    const headers = headersOf(stored);
    return freshnessOf({ ...stored, headers }, this.#options.targets, this.#now());
  }

  #fetchFor({ context }: Visit): FetchOrigin {
    return context.fetch ?? this.#options.fetch;
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

/** The same request on its way to the origin. A client that goes away ends it. */
function outbound(request: Request): Request {
  return new Request(request, { headers: endToEnd(request.headers), redirect: 'manual' });
}

/** Which of a URI's variants a request is for, as far as it is known what they vary by. */
function variantOf({ names }: Found, { headers }: Request): string {
  return names ? JSON.stringify(select(names, headers)) : '';
}

/** Whether the answer could be for this request only, so that nobody should wait for it, nor it for others. */
function goesAlone({ request, asked }: Visit, { stored, freshness }: Lacking): boolean {
  if (request.headers.has('authorization') || asked.noCache || asked.maxAge === 0) return true;
  if (stored) return freshness?.alwaysAsk === true;
  return request.headers.has('range') || isConditional(request.headers);
}

/** What nobody reads any more. */
function discard(fetched: Fetched): void {
  if (fetched.kind === 'passed') void fetched.response.body?.cancel().catch(() => {});
}
