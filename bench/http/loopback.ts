/** A Fetch-standard handler as a reverse proxy on loopback, with an origin that is asked by Node's own HTTP client. */
import {
  Agent,
  createServer,
  type IncomingMessage,
  type InformationEvent,
  request as send,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';

/** A proxy that runs. */
export interface LoopbackProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** Whose request is being answered: what comes before the answer (1xx) is passed on while there is somebody to take it. */
const answering = new AsyncLocalStorage<ServerResponse>();
// A kept connection may be closed by the other side just when it is used again.
const agent = new Agent({ keepAlive: false });

/** Serves `handler` on a free port of loopback; the URLs that it sees are those of the origin. */
export async function serve(
  originUrl: string,
  handler: (request: Request) => Promise<Response>,
): Promise<LoopbackProxy> {
  const server: Server = createServer((incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.on('close', () => gone.abort());
    const request = new Request(new URL(incoming.url ?? '/', originUrl), {
      method: incoming.method ?? 'GET',
      headers: headersOf(incoming),
      signal: gone.signal,
      ...(hasBody(incoming) ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' as const } : {}),
    });
    answering
      .run(outgoing, () => handler(request))
      .then((response) => write(response, outgoing))
      .catch(() => {
        if (outgoing.headersSent) outgoing.destroy();
        else outgoing.writeHead(502).end();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Asks over the network, without the decoding and the checks of the global `fetch`. */
export function fetchOverHttp(request: Request): Promise<Response> {
  const client = answering.getStore();
  return new Promise((resolve, reject) => {
    const outgoing = send(request.url, {
      method: request.method,
      headers: Object.fromEntries(request.headers),
      agent,
      signal: request.signal,
    });
    outgoing.on('error', reject);
    outgoing.on('information', (early) => passOn(early, client));
    outgoing.on('response', (incoming) => {
      const status = incoming.statusCode ?? 0;
      if (status > 599) {
        incoming.resume();
        resolve(new Response(null, { status: 502, headers: headersOf(incoming) }));
        return;
      }
      const bodiless = [204, 205, 304].includes(status) || request.method === 'HEAD';
      if (bodiless) incoming.resume();
      const init = { status, statusText: incoming.statusMessage ?? '', headers: headersOf(incoming) };
      resolve(new Response(bodiless ? null : (Readable.toWeb(incoming) as ReadableStream), init));
    });
    if (request.body) Readable.fromWeb(request.body as never).pipe(outgoing);
    else outgoing.end();
  });
}

function passOn({ statusCode, headers }: InformationEvent, client: ServerResponse | undefined): void {
  if (!client || client.headersSent) return;
  if (statusCode === 102) client.writeProcessing();
  if (statusCode === 103) client.writeEarlyHints(headers as Record<string, string>);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at], rawHeaders[at + 1]);
  return headers;
}

async function write(response: Response, outgoing: ServerResponse): Promise<void> {
  const fields = new Map<string, string | string[]>(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) fields.set('set-cookie', cookies);
  for (const [name, value] of fields) outgoing.setHeader(name, value);
  outgoing.writeHead(response.status, response.statusText);
  if (!response.body) {
    outgoing.end();
    return;
  }
  for await (const chunk of response.body) outgoing.write(chunk);
  outgoing.end();
}
