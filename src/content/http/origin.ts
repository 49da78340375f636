/** The origin's answers: taken for stored responses that still hold, stored if they may be, and passed on while they come. */
import type { Times } from './age.ts';
import { collect, respond } from './body.ts';
import type { Flight } from './flights.ts';
import type { Judged } from './freshness.ts';
import { endToEnd } from './hop-by-hop.ts';
import type { CheckedOptions } from './http-cache-options.ts';
import { formatHttpDate } from './http-date.ts';
import { headersOf, type StoredResponse } from './http-store.ts';
import type { Records } from './records.ts';
import { type Asked, mayStore, unstoredFields } from './storable.ts';
import { directivesFor } from './targeted.ts';
import { freshened, isAbout, originHeaders } from './validation.ts';
import { select, varyNames } from './vary.ts';

/** What a flight brought to the one who leads it. */
export type Fetched =
  | {
      /** The stored response holds, or may stand in for an error; `status` is what the origin said. */
      readonly kind: 'stored';
      readonly response: StoredResponse;
      readonly status: number;
      readonly stored: boolean;
    }
  | {
      /** The origin's own answer, for one client. */
      readonly kind: 'passed';
      readonly response: Response;
      readonly headers: Headers;
      /** It is being stored, too. */
      readonly stored: boolean;
    };

/** What a flight is sent for. */
export interface Errand {
  readonly asked: Asked;
  /** What is to be confirmed or replaced. */
  readonly stored?: StoredResponse | undefined;
  /** Whether `stored` may be served in place of a response with this status. */
  readonly standsIn: (status: number) => boolean;
  readonly fetch: (request: Request) => Promise<Response>;
}

/** A way to the origin that lands when what it brought is stored, or won't be. */
export class Origin {
  readonly #options: CheckedOptions;
  readonly #records: Records;

  constructor(options: CheckedOptions, records: Records) {
    this.#options = options;
    this.#records = records;
  }

  /** Sends a GET. */
  async ask(flight: Flight, errand: Errand): Promise<Fetched> {
    const { asked, stored, standsIn, fetch } = errand;
    try {
      const { url, headers } = asked;
      const request = new Request(url, { headers, redirect: 'manual', signal: flight.signal });
      const response = await fetch(request);
      flight.arrive();
      if (stored && response.status === 304) {
        if (isAbout(stored, response.headers)) return this.#confirm(flight, asked, stored, response);
        return await this.ask(flight, {
          asked: { ...asked, headers: originHeaders(headers, undefined) },
          standsIn,
          fetch,
        });
      }
      if (stored && standsIn(response.status)) {
        flight.land({ kind: 'in-need' });
        void response.body?.cancel().catch(() => {});
        return { kind: 'stored', response: stored, status: response.status, stored: false };
      }
      return this.receive(flight, asked, response, stored);
    } catch (error) {
      flight.land({ kind: 'failed', error });
      throw error;
    }
  }

  /** Takes a response in: stores it if it may be, or else removes `replaced`, which it shows to be old. */
  receive(flight: Flight, asked: Asked, response: Response, replaced?: StoredResponse): Fetched {
    const times = this.#times(flight);
    const headers = endToEnd(response.headers);
    if (!headers.has('date')) headers.set('date', formatHttpDate(times.responseTime));
    const { status, statusText } = response;
    const length = Number(headers.get('content-length') ?? 0);
    if (length > this.#options.maxBodyBytes || !this.#mayStore(asked, { ...times, status, headers })) {
      this.#landAfter(flight, status < 500 ? this.#discard(flight, asked, replaced) : undefined);
      return { kind: 'passed', response, headers, stored: false };
    }
    const [forClient, forStore] = response.body?.tee() ?? [null, null];
    const names = varyNames(headers.get('vary'));
    const selection = select(names === '*' ? [] : names, asked.headers);
    const fields = { ...times, selection, status, statusText, headers: this.#stored(headers) };
    this.#landAfter(flight, this.#store(flight, fields, forStore));
    return { kind: 'passed', response: respond(forClient, { status, statusText, headers }), headers, stored: true };
  }

  /** The stored response with what the 304, or the 200 to a HEAD, tells about it; and that is stored, if it may be. */
  async freshen(flight: Flight, asked: Asked, stored: StoredResponse, news: Headers): Promise<StoredResponse> {
    const [response, work] = this.#freshen(flight, asked, stored, news);
    await work;
    return response;
  }

  #confirm(flight: Flight, asked: Asked, stored: StoredResponse, { headers }: Response): Fetched {
    const [response, work] = this.#freshen(flight, asked, stored, headers);
    this.#landAfter(flight, work);
    return { kind: 'stored', response, status: 304, stored: false };
  }

  #freshen(
    flight: Flight,
    { url, headers: askedHeaders }: Asked,
    stored: StoredResponse,
    news: Headers,
  ): readonly [StoredResponse, Promise<void> | undefined] {
    const response = freshened(stored, news, this.#times(flight));
    const headers = headersOf(response);
    // Judged as the answer to a GET, which it was.
    const asked = { method: 'GET', url, headers: askedHeaders };
    return this.#mayStore(asked, { ...response, headers })
      ? [response, this.#records.keep(flight, { ...response, headers: this.#stored(headers) })]
      : [response, this.#discard(flight, asked, stored)];
  }

  #mayStore(asked: Asked, response: Judged): boolean {
    const directives = directivesFor(response.headers, this.#options.targets);
    return mayStore(asked, response, directives, this.#options.cookies);
  }

  /** What the answer to somebody in particular says nothing about stays. */
  #discard(flight: Flight, { headers }: Asked, replaced: StoredResponse | undefined): Promise<void> | undefined {
    return replaced && !headers.has('authorization') ? this.#records.drop(flight, replaced.selection) : undefined;
  }

  #stored(headers: Headers): StoredResponse['headers'] {
    const kept = new Headers(headers);
    for (const name of unstoredFields(directivesFor(headers, this.#options.targets).said)) kept.delete(name);
    return [...kept];
  }

  #times({ startedAt }: Flight): Times {
    return { requestTime: startedAt, responseTime: Math.max(startedAt, this.#options.clock.now()) };
  }

  async #store(
    flight: Flight,
    fields: Omit<StoredResponse, 'body'>,
    stream: ReadableStream<Uint8Array> | null,
  ): Promise<void> {
    const body = stream ? await collect(stream, this.#options.maxBodyBytes) : new Uint8Array();
    if (body && isWhole(body, fields)) await this.#records.keep(flight, { ...fields, body });
  }

  #landAfter(flight: Flight, work: Promise<void> | undefined): void {
    if (!work) {
      flight.land({ kind: 'landed' });
      return;
    }
    // A body that broke off was told to the client by its own stream: the others look again.
    void work.catch(this.#options.onError).then(() => flight.land({ kind: 'landed' }));
  }
}

/** Whether all came that was announced. A body that `fetch` has decoded has another length. */
function isWhole(body: Uint8Array, stored: Omit<StoredResponse, 'body'>): boolean {
  const fields = headersOf(stored);
  const length = fields.get('content-length');
  return length === null || fields.has('content-encoding') || Number(length) === body.byteLength;
}
