/** Asking a server: what is tried again, which redirects are followed, and who is told the secrets. */
import type { MaybePromise } from '../../engine/maybe.ts';

/** What is sent along with each request, such as a token. */
export type RequestHeaders = Readonly<Record<string, string>>;

/** Options of {@link HttpExchange}. */
export interface HttpExchangeOptions {
  readonly fetch: typeof fetch;
  readonly headers: () => MaybePromise<RequestHeaders>;
}

/** A question to a server. */
export interface Question {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly url: URL;
  readonly headers?: RequestHeaders;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 3;

/** Asks, and never follows a redirect with secrets to where they don't belong. */
export class HttpExchange {
  readonly #options: HttpExchangeOptions;

  constructor(options: HttpExchangeOptions) {
    this.#options = options;
  }

  /**
   * The server's answer, whatever it is; its body is to be read or cancelled. Where reading is redirected, that is
   * followed, to another origin without the caller's headers, and never from `https` to `http`.
   */
  async ask(question: Question): Promise<Response> {
    const { method, signal } = question;
    const own = await this.#options.headers();
    let { url } = question;
    let trusted = true;
    for (let hops = 0; ; hops++) {
      signal.throwIfAborted();
      const headers = { ...(trusted ? own : {}), ...question.headers };
      const answer = await this.#tried({ ...question, url, headers });
      const to = method !== 'PUT' && REDIRECTS.includes(answer.status) ? answer.headers.get('location') : null;
      if (to === null) return answer;
      await discarded(answer);
      const next = new URL(to, url);
      if (hops === MOST_REDIRECTS) throw new Error(`redirects again and again, at last to ${next.origin}`);
      if (next.protocol !== url.protocol && next.protocol !== 'https:')
        throw new Error(`redirects from ${url.protocol} to ${next.protocol}, which isn't followed`);
      trusted &&= next.origin === question.url.origin;
      url = next;
    }
  }

  /** A connection that was kept open may be closed by the server just as it is used: what can be sent again is, once. */
  async #tried(question: Question): Promise<Response> {
    const { body, signal } = question;
    try {
      return await this.#sent(question);
    } catch (error) {
      if (signal.aborted || (body !== undefined && !(body instanceof Uint8Array))) throw error;
      return this.#sent(question);
    }
  }

  #sent({ method, url, headers, body, signal }: Question): Promise<Response> {
    const init = { method, headers: { ...headers }, signal };
    if (body === undefined) return this.#options.fetch(url, { ...init, redirect: 'manual' });
    // Unless told like this that it won't be sent again, `fetch` keeps a copy of all that is sent in memory.
    return this.#options.fetch(url, { ...init, body, duplex: 'half', redirect: 'error', window: null });
  }
}

/** Let go of an answer's body, so that its connection is free. */
export async function discarded(answer: Response): Promise<void> {
  await answer.body?.cancel().catch(() => {});
}
