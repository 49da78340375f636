/** Read your own writes, whichever process answers: a write's answer carries a bookmark, and what comes with one waits for it. */
import { aFunction, checkOptions, duration, type Duration, oneOf } from '../../engine/options.ts';
import { checkedSecret, Signer } from '../signature.ts';
import { fieldName } from './http-cache-options.ts';
import { FOR_NOBODY } from './http-policy.ts';
import { isSafe } from './invalidated.ts';

/** What is needed of a cache. */
export interface Bookmarked {
  /** A place in the change log that holds everything said here so far. */
  bookmark(): string;
  /** Learn what the log had at a bookmark; false if it doesn't answer, or the bookmark isn't one of it. */
  catchUp(bookmark: string, options?: { readonly signal?: AbortSignal }): Promise<boolean>;
}

/** Options of {@link withBookmark}. */
export interface BookmarkOptions {
  /** The name of the cookie; `false` for none. Default `'tidemark-bookmark'`. */
  readonly cookie?: string | false;
  /** The name of the field, for clients without cookies; `false` for none. Default `'X-Tidemark-Bookmark'`. */
  readonly header?: string | false;
  /** How long the cookie lasts: longer than any process takes to follow the log. Default `'1m'`. */
  readonly maxAge?: Duration;
  /** Whether the cookie is for https only: `'auto'` (default) as the request came. */
  readonly secure?: 'auto' | 'always';
  /**
   * Signs bookmarks, the same in all processes; at least 16 characters. Then one that a stranger has made up is passed over
   * without a look at the log; without it, it lets a process give up what it holds while the log doesn't answer.
   */
  readonly secret?: string;
}

/** A handler of requests, with whatever its platform hands over beside each. */
export type Handler<Rest extends readonly unknown[]> = (request: Request, ...rest: Rest) => Promise<Response>;

/** Longer ones are nobody's. */
const LONGEST = 512;

/**
 * A handler that lets the cache catch up with the bookmark that a request brings, before it is handled, and gives one to
 * the answers of unsafe methods alone, which then are kept by nobody. What isn't a bookmark of this log is passed over. A
 * request costs at most one look at the log, which those that come at once share.
 *
 * @throws `bad_option` naming the option.
 * @example
 * export default { fetch: withBookmark(cache, (request, env, ctx) => app.fetch(request, env, ctx)) };
 */
export function withBookmark<Rest extends readonly unknown[]>(
  cache: Bookmarked,
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
  options: BookmarkOptions = {},
): Handler<Rest> {
  checkOptions('withBookmark', options, ['cookie', 'header', 'maxAge', 'secure', 'secret']);
  for (const method of ['bookmark', 'catchUp'] as const) aFunction(`withBookmark: cache.${method}`, cache[method]);
  aFunction('withBookmark: handler', handler);
  const { cookie = 'tidemark-bookmark', header = 'X-Tidemark-Bookmark' } = options;
  for (const name of [cookie, header]) if (name !== false) fieldName('withBookmark: cookie and header', name);
  const seconds = Math.ceil(duration('withBookmark: maxAge', options.maxAge ?? '1m') / 1000);
  const secure = oneOf('withBookmark: secure', options.secure ?? 'auto', ['auto', 'always']) === 'always';
  const secret = checkedSecret('withBookmark: secret', options.secret);
  const signer = secret === undefined ? undefined : new Signer(secret);

  return async (request, ...rest) => {
    const text = broughtBy(request, cookie, header);
    const brought = signer && text !== undefined ? await unsigned(text, signer) : text;
    if (brought !== undefined) await cache.catchUp(brought, { signal: request.signal }).catch(() => false);
    const response = await handler(request, ...rest);
    if (isSafe(request.method)) return response;
    const headers = new Headers(response.headers);
    const known = cache.bookmark();
    const bookmark = encodeURIComponent(signer ? `${known}.${await signer.sign(meant(known))}` : known);
    if (header !== false) headers.set(header, bookmark);
    if (cookie !== false) {
      const https = secure || request.url.startsWith('https:') ? '; Secure' : '';
      headers.append('set-cookie', `${cookie}=${bookmark}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${https}`);
    }
    // It is one client's own: what may be shared of an answer to an unsafe method is less than what it could leak.
    headers.set('cache-control', FOR_NOBODY);
    for (const name of ['cdn-cache-control', 'cloudflare-cdn-cache-control', 'expires']) headers.delete(name);
    const { status, statusText } = response;
    return new Response(response.body, { status, statusText, headers });
  };
}

/** The bookmark in what was signed; `undefined` if that wasn't done here. */
async function unsigned(text: string, signer: Signer): Promise<string | undefined> {
  const [, bookmark, signature] = /^(.*)\.([0-9a-f]{64})$/s.exec(text) ?? [];
  return bookmark !== undefined && (await signer.knows(meant(bookmark), signature)) ? bookmark : undefined;
}

/** A signature for something else under the same secret is none for a bookmark. */
function meant(bookmark: string): string {
  return `tidemark bookmark\n${bookmark}`;
}

/** The field counts before the cookie: who sends it means it. */
function broughtBy({ headers }: Request, cookie: string | false, header: string | false): string | undefined {
  const field = header === false ? null : headers.get(header);
  const text = field ?? (cookie === false ? undefined : cookieNamed(cookie, headers.get('cookie')));
  if (text === undefined || text === '' || text.length > LONGEST) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function cookieNamed(name: string, cookies: string | null): string | undefined {
  for (const pair of (cookies ?? '').split(';')) {
    const text = pair.trim();
    if (text.startsWith(`${name}=`)) return text.slice(name.length + 1);
  }
  return undefined;
}
