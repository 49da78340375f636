/** A remote over HTTP: `GET`, `PUT` and `HEAD` of `{url}/{kind}/{name}`, which most servers for files can do. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import { checkOptions, functionOrNothing, nonEmptyText, trueOrFalse } from '../../engine/options.ts';
import { checkName, checkWritable } from './checked-name.ts';
import { outgoing } from './http-body.ts';
import { discarded, HttpExchange, type RequestHeaders } from './http-exchange.ts';
import type { RemoteBody, RemoteCall, RemoteKind, RemoteStore } from './remote-store.ts';

/** How a server is used as a remote. */
export interface HttpRemoteOptions {
  /** What stands before `/{kind}/{name}`: `http:` or `https:`, without user, query and fragment. */
  readonly url: string;
  /** Asked before each request, for a token: `() => ({ authorization: 'Bearer …' })`. Never sent to another origin. */
  readonly headers?: () => MaybePromise<RequestHeaders>;
  /** Never write to it. Default: false. */
  readonly readOnly?: boolean;
  /**
   * Send what gets smaller by it as gzip, with `content-encoding`: for a server that keeps this header and answers with it.
   * What a server sends so is unpacked in any case. Default: false.
   */
  readonly compress?: boolean;
  /** What it is called in events and statistics. Default: the address. */
  readonly name?: string;
  /** In place of the platform's own. It must leave redirects alone when it is told `redirect: 'manual'`. */
  readonly fetch?: typeof fetch;
}

const NAMES = ['url', 'headers', 'readOnly', 'compress', 'name', 'fetch'];

/**
 * A server as a remote.
 *
 * - `GET` answers 200 with the bytes, or 404 (or 410) for nothing; anything else is a failure. Redirects are followed, to
 *   another origin without the caller's headers.
 * - `PUT` answers 2xx; 409 and 412 say that it is there already.
 * - `HEAD` answers as `GET`, without the bytes; 405 and 501 say that it can't, and then everything is sent.
 *
 * @throws `bad_option`
 * @example
 * const remote = httpRemote({ url: 'https://builds.example/main', headers: () => ({ authorization: `Bearer ${token}` }) });
 */
export function httpRemote(options: HttpRemoteOptions): RemoteStore {
  checkOptions('httpRemote', options, NAMES);
  functionOrNothing('headers', options.headers);
  functionOrNothing('fetch', options.fetch);
  const url = checkedUrl(options.url);
  return new HttpRemote({
    url,
    name: nonEmptyText('name', options.name ?? url),
    readOnly: trueOrFalse('readOnly', options.readOnly),
    compress: trueOrFalse('compress', options.compress),
    exchange: new HttpExchange({ fetch: options.fetch ?? fetch, headers: options.headers ?? (() => ({})) }),
  });
}

interface Settings {
  readonly url: string;
  readonly name: string;
  readonly readOnly: boolean;
  readonly compress: boolean;
  readonly exchange: HttpExchange;
}

class HttpRemote implements RemoteStore {
  readonly name: string;
  readonly readOnly: boolean;
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.name = settings.name;
    this.readOnly = settings.readOnly;
    this.#settings = settings;
  }

  async get(kind: RemoteKind, name: string, { signal }: RemoteCall): Promise<RemoteBody | undefined> {
    const url = this.#address(kind, name);
    const answer = await this.#settings.exchange.ask({ method: 'GET', url, signal });
    if (answer.status === 200) return { size: sizeOf(answer), chunks: answer.body ?? nothing() };
    await discarded(answer);
    if (isMissing(answer)) return undefined;
    throw refused(answer);
  }

  async put(kind: RemoteKind, name: string, body: RemoteBody, { signal }: RemoteCall): Promise<void> {
    checkWritable(this);
    const url = this.#address(kind, name);
    const { exchange, compress } = this.#settings;
    const answer = await exchange.ask({ method: 'PUT', url, signal, ...(await outgoing(body, compress)) });
    await discarded(answer);
    if (!answer.ok && answer.status !== 409 && answer.status !== 412) throw refused(answer);
  }

  async has(kind: RemoteKind, name: string, { signal }: RemoteCall): Promise<boolean> {
    const url = this.#address(kind, name);
    const answer = await this.#settings.exchange.ask({ method: 'HEAD', url, signal });
    await discarded(answer);
    if (answer.status === 200) return true;
    if (isMissing(answer) || answer.status === 405 || answer.status === 501) return false;
    throw refused(answer);
  }

  #address(kind: RemoteKind, name: string): URL {
    checkName(kind, name);
    return new URL(`${this.#settings.url}/${kind}/${name}`);
  }
}

/** The address without a slash at its end. */
function checkedUrl(text: string): string {
  const url = URL.canParse(nonEmptyText('url', text)) ? new URL(text) : undefined;
  const plain = url && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
  if (!plain)
    throw new TidemarkError('bad_option', `url must be an http(s) address without query, not ${describe(text)}`);
  if (url.username !== '' || url.password !== '')
    throw new TidemarkError('bad_option', 'url must not hold a user or a password: give them as headers');
  return url.href.replace(/\/+$/, '');
}

/** What is packed on its way has another size. */
function sizeOf(answer: Response): number | undefined {
  const length = answer.headers.get('content-length');
  return length !== null && /^\d{1,15}$/.test(length) && !answer.headers.has('content-encoding')
    ? Number(length)
    : undefined;
}

function isMissing({ status }: Response): boolean {
  return status === 404 || status === 410;
}

function refused({ status, statusText }: Response): Error {
  return new Error(`the server answered ${status} ${statusText}`.trimEnd());
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
