/** The demo's own HTTP client: kept connections, and every answer timed. */
import { Agent, request } from 'node:http';

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Milliseconds from asking to the end of the body. */
  readonly ms: number;
  /** Milliseconds of it that the service spent reading, as it says itself. */
  readonly readMs: number;
}

/** What to send besides the address. */
export interface Sending {
  readonly method?: 'GET' | 'PATCH' | 'POST';
  readonly token?: string;
  readonly json?: unknown;
}

const PATIENCE = 30_000; // milliseconds of silence

/** Speaks to one server. */
export class Client {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(url: string) {
    this.#url = url;
  }

  /** Ask for a path. Rejects if the connection breaks or is silent for 30 seconds; any status is an answer. */
  ask(path: string, { method = 'GET', token, json }: Sending = {}): Promise<Answer> {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const sent = request(this.#url + path, { agent: this.#agent, method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const timing = /read;dur=([\d.]+)/.exec(String(response.headers['server-timing']));
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString(),
            ms: performance.now() - began,
            readMs: Number(timing?.[1] ?? Number.NaN),
          });
        });
      });
      sent.once('error', reject);
      sent.setTimeout(PATIENCE, () => sent.destroy(new Error('there was no answer within 30 seconds')));
      sent.end(body);
    });
  }

  /** End every connection; what is under way is rejected. */
  close(): void {
    this.#agent.destroy();
  }
}
