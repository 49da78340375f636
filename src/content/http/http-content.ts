/** Answers about data: representations made once, kept with what they rest on, and 304s that need neither data nor body. */
import { parseCacheControl } from './cache-control.ts';
import { type AskedField, Inquiry } from './inquiry.ts';
import { type CacheStatus, formatCacheStatus } from './cache-status.ts';
import { type Current, judgeConditions, notModified, preconditionFailed } from './conditions.ts';
import { entityTag } from './etag.ts';
import { type GuardedWrite, guardedWrite, type OVERTAKEN } from './guarded-write.ts';
import { type CheckedContentOptions, checkedContentOptions, type HttpContentOptions } from './http-content-options.ts';
import { formatHttpDate } from './http-date.ts';
import { type Audience, cachingFields, UNSAID } from './http-policy.ts';
import { encodePath, pathOf, type Path } from '../../engine/key.ts';
import { type Principal, principalOf, seenBy, segmentOf } from '../principal.ts';
import type { Reading, ReadingContext } from './reading.ts';
import { type Made, missing, type Parts, represent, type Shown } from './representation.ts';

/** How a reading is answered. */
export interface Answering<T> extends Shown<T> {
  /**
   * The name of this way to answer. Needed where one reading is answered in two ways that both have a `serialize`, a
   * `version` or the like of their own: else one would be given what was made for the other.
   */
  readonly form?: string;
  /** Which representation is wanted. What it looks at is named in Vary; what it answers is a part of key and ETag. */
  readonly represent?: (asked: AskedField, request: Request) => Parts;
  /** Read for this request alone, and to be kept by nobody: what an editor looks at before it is published. */
  readonly preview?: boolean;
}

/** How a write is answered. */
export interface Writing<T> extends Pick<Answering<T>, 'represent' | 'serialize' | 'version' | 'lastModified'> {
  /** What is there now, from the source itself; `undefined` or `null` if nothing is. */
  readonly current: () => Promise<T | null | undefined>;
  /** As in {@link GuardedWrite}: writes if what is there is still what it is shown, or answers {@link OVERTAKEN}. */
  readonly write: (current: T | undefined) => Promise<Response | typeof OVERTAKEN>;
  readonly required?: boolean;
}

/** A responder for data. */
export interface HttpContent {
  /**
   * Answers a GET or HEAD with what a reading brings, or with a 404 if there is nothing; with a 304 if the client has it.
   * Throws what the reading throws, and the reason of the request's signal.
   */
  respond<T>(
    request: Request,
    of: Reading<T> | ((who: Principal) => Reading<T>),
    how?: Answering<T>,
  ): Promise<Response>;
  /**
   * Answers a write whose conditions are about the ETags and dates that {@link HttpContent.respond} gives. Of several who
   * send what they have seen under If-Match exactly one is written; the others get a 412.
   */
  write<T>(request: Request, how: Writing<T>): Promise<Response>;
}

/**
 * A responder for what repositories, or any loaders, read through a cache. What it has made is kept in the cache under what
 * it rests on, so that a request for what is unchanged costs neither a read of the data nor its serialisation.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const http = httpContent({ cache, policies: { post: { public: true, sMaxage: 60, staleWhileRevalidate: 600 } } });
 * app.get('/posts/:id', (c) => http.respond(c.req.raw, itemOf(posts, c.req.param('id'))));
 */
export function httpContent(options: HttpContentOptions): HttpContent {
  return new Responder(checkedContentOptions(options));
}

/** A request while it is answered. */
interface Visit<T> {
  readonly request: Request;
  readonly asked: Inquiry;
  readonly reading: Reading<T>;
  readonly how: Answering<T>;
  readonly parts: Parts;
  /** Of what is kept. */
  readonly key: Path;
  readonly audience: Audience;
}

/** What a look into the cache throws that may not load. */
const NOT_KEPT: unique symbol = Symbol('not kept');

class Responder implements HttpContent {
  readonly #o: CheckedContentOptions;

  constructor(options: CheckedContentOptions) {
    this.#o = options;
  }

  async respond<T>(
    request: Request,
    of: Reading<T> | ((who: Principal) => Reading<T>),
    how: Answering<T> = {},
  ): Promise<Response> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD', 'cache-control': 'no-store' } });
    const visit = await this.#visit(request, of, how);
    const { onlyIfCached, noStore, noCache, maxAge } = this.#directives(request);
    const off = !this.#o.cached(policyOf(visit.reading), encodePath(visit.key));
    if (visit.audience === 'none' || noStore || off)
      return this.#present(visit, await this.#alone(visit), { forwarded: noStore ? 'request' : 'bypass' });
    let loaded = false;
    const look = async (load: 'load' | 'only look'): Promise<Made> => {
      for (;;) {
        try {
          return await this.#kept(visit, (context) => {
            if (load === 'only look') throw NOT_KEPT;
            loaded = true;
            return this.#make(visit, context);
          });
        } catch (error) {
          if (error !== NOT_KEPT || load === 'only look') throw error;
          // The load that was joined was that of somebody who only looks.
        }
      }
    };
    try {
      if (noCache) await this.#forget(visit);
      let made = await look(onlyIfCached ? 'only look' : 'load');
      if (!loaded && !onlyIfCached && (this.#o.clock.now() - made.madeAt) / 1000 > (maxAge ?? Infinity)) {
        await this.#forget(visit);
        made = await look('load');
      }
      const again = noCache || maxAge !== undefined;
      return this.#present(
        visit,
        made,
        loaded ? { forwarded: again ? 'request' : 'miss', stored: true } : { hit: true },
      );
    } catch (error) {
      if (error !== NOT_KEPT) throw error;
      return new Response(null, { status: 504, headers: { 'cache-control': 'no-store' } });
    }
  }

  async write<T>(request: Request, how: Writing<T>): Promise<Response> {
    const { current, write, required, represent: choose, ...shown } = how;
    const parts = choose?.(new Inquiry(request).field, request) ?? {};
    const { release, clock } = this.#o;
    const guard: GuardedWrite<Current & { readonly value: T }> = {
      current: async () => {
        const value = await current();
        if (value === undefined || value === null) return undefined;
        const { etag, lastModified } = await represent(value, { parts, shown, release }, [], clock.now());
        return { value, ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
      },
      write: (seen) => write(seen?.value),
      ...(required !== undefined && { required }),
    };
    return guardedWrite(request, guard);
  }

  async #visit<T>(
    request: Request,
    of: Reading<T> | ((who: Principal) => Reading<T>),
    how: Answering<T>,
  ): Promise<Visit<T>> {
    const { principal, release } = this.#o;
    const asked = new Inquiry(request);
    const forAll = typeof of !== 'function' && of.scope === 'everyone';
    const asks = principal && !forAll ? principalOf(await principal(asked.field, request)) : 'anonymous';
    const reading = typeof of === 'function' ? of(asks) : of;
    const scope = reading.scope ?? 'user';
    const unknown = !principal && scope !== 'everyone' && request.headers.has('authorization');
    const seen = seenBy(scope, reading.principal ?? asks);
    const few = seen !== undefined && seen !== 'anonymous';
    const parts = how.represent?.(asked.field, request) ?? {};
    const named = entityTag({ mark: wayOf(how), ...parts });
    return {
      request,
      asked,
      reading,
      how,
      parts,
      key: ['http', release, segmentOf(seen), ...pathOf(reading.key), named],
      audience: how.preview === true || unknown ? 'none' : few ? 'some' : 'all',
    };
  }

  #directives(request: Request): ReturnType<typeof parseCacheControl> {
    return this.#o.trusted(request) ? parseCacheControl(request.headers.get('cache-control')) : {};
  }

  #kept<T>({ key, request }: Visit<T>, load: (context: ReadingContext & Times) => Promise<Made>): Promise<Made> {
    return this.#o.cache.getOrLoad<Made>({
      key,
      signal: request.signal,
      ttl: this.#o.ttl,
      values: 'shared', // nobody but this class sees them
      load: (_, context) => load(context),
    });
  }

  async #forget<T>({ key, reading }: Visit<T>): Promise<void> {
    await this.#o.cache.invalidate({ ...reading.anew, keys: [key, ...(reading.anew?.keys ?? [])] });
  }

  #alone<T>(visit: Visit<T>): Promise<Made> {
    return this.#make(visit, { signal: visit.request.signal, tag() {}, dependsOn() {}, ttl() {} });
  }

  async #make<T>({ reading, how, parts }: Visit<T>, context: ReadingContext & Times): Promise<Made> {
    const { release, clock, negativeTtl } = this.#o;
    const tags = new Set(reading.tags);
    context.tag(...tags);
    context.dependsOn(...(reading.dependsOn ?? []));
    const value = await reading.read({
      signal: context.signal,
      dependsOn: (...keys) => context.dependsOn(...keys),
      tag: (...more) => {
        context.tag(...more);
        for (const tag of more) tags.add(tag);
      },
    });
    const now = clock.now();
    if (value !== undefined && value !== null) return represent(value, { parts, shown: how, release }, [...tags], now);
    context.ttl(negativeTtl);
    return missing([...tags], now);
  }

  #present<T>({ request, asked, reading, audience }: Visit<T>, made: Made, told: CacheStatus): Response {
    const { policies, clock, name } = this.#o;
    const { status, etag, lastModified, type, body, length, restricted, tags } = made;
    const policy = policies.get(policyOf(reading)) ?? UNSAID;
    const headers = new Headers();
    const found = { status, audience: narrowed(audience, restricted), tags };
    for (const [field, value] of cachingFields(policy, found)) headers.set(field, value);
    headers.set('date', formatHttpDate(clock.now()));
    headers.set('cache-status', formatCacheStatus(name, told));
    if (asked.vary !== undefined) headers.set('vary', asked.vary);
    // Of what isn't there nothing can be unmodified.
    if (status === 404) return new Response(null, { status, headers });
    if (etag !== undefined) headers.set('etag', etag);
    if (lastModified !== undefined) headers.set('last-modified', formatHttpDate(lastModified));
    const current: Current = { etag: etag ?? null, ...(lastModified !== undefined && { lastModified }) };
    const verdict = judgeConditions(request, current, clock.now());
    if (verdict === 'not-modified') return notModified(headers);
    if (verdict === 'precondition-failed') return preconditionFailed(current);
    headers.set('content-type', type ?? 'application/octet-stream');
    headers.set('content-length', String(length));
    return new Response(request.method === 'HEAD' ? null : (body as string | Uint8Array<ArrayBuffer>), {
      status,
      headers,
    });
  }
}

interface Times {
  ttl(ttl: number): void;
}

/** What an answer is made by beside its reading: one of another making isn't the same, and has another key. */
function wayOf<T>(how: Answering<T>): string {
  const own = (['serialize', 'version', 'lastModified', 'restricted'] as const).filter((part) => how[part]);
  return `${own.join(' ')}/${how.form ?? ''}`;
}

function policyOf<T>({ policy, key }: Reading<T>): string {
  return policy ?? pathOf(key)[0];
}

function narrowed(audience: Audience, restricted: boolean): Audience {
  return restricted && audience === 'all' ? 'some' : audience;
}
