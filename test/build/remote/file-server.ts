/** A server for files on the loopback, as a remote has it in front of it: it can be made to fail in every way. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** What the server does instead of what it should. */
export type ServerFault =
  | { readonly do: 'answer'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** No answer, ever. */
  | { readonly do: 'hang' }
  /** The connection is closed before a word. */
  | { readonly do: 'reset' }
  /** The connection is closed, or nothing more is sent, after so many bytes. */
  | { readonly do: 'cut' | 'stall'; readonly after: number }
  /** One bit of the body is another. */
  | { readonly do: 'flip'; readonly bit: number }
  /** So many bytes come behind the body, as a part of it. */
  | { readonly do: 'append'; readonly bytes: number }
  /** `content-length` is wrong by so many. */
  | { readonly do: 'misstate'; readonly by: number }
  /** Bytes without end. */
  | { readonly do: 'flood' };

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** A server that is closed after the test. */
export class FileServer {
  /** By the path of the address. */
  readonly files = new Map<string, Buffer>();
  /** `content-encoding`, where a file was sent with one. */
  readonly encodings = new Map<string, string>();
  readonly asked: Asked[] = [];
  /** Requests whose connection was closed before they were answered whole. */
  abandoned = 0;
  /** Decides for each request. */
  fault: (request: Asked, count: number) => ServerFault | undefined = () => undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
  }

  static async open(): Promise<FileServer> {
    const server = new FileServer();
    await new Promise<void>((resolve) => void server.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => server.close());
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const asked = { method, path: url, headers };
    this.asked.push(asked);
    response.on('close', () => (this.abandoned += response.writableFinished ? 0 : 1));
    const fault = this.fault(asked, this.asked.length);
    if (fault?.do === 'hang') return;
    if (fault?.do === 'reset') return void request.socket.destroy();
    try {
      const body = await bodyOf(request);
      if (fault?.do === 'answer') return void response.writeHead(fault.status, fault.headers).end('as you were told');
      if (method === 'PUT') return this.#put(url, body, request, response);
      const found = this.files.get(url);
      if (!found) return void response.writeHead(404).end('nothing here');
      if (method === 'HEAD') return void response.writeHead(200, { 'content-length': found.length }).end();
      send(response, found, fault, this.encodings.get(url));
    } catch {
      // cut off on the way: what came is no file
    }
  }

  #put(path: string, body: Buffer, { headers }: IncomingMessage, response: ServerResponse): void {
    this.files.set(path, body);
    const encoding = headers['content-encoding'];
    if (encoding === undefined) this.encodings.delete(path);
    else this.encodings.set(path, encoding);
    response.writeHead(201).end();
  }

  /** What a reader that unpacks would get. */
  content(path: string): Buffer | undefined {
    const file = this.files.get(path);
    return file && this.encodings.get(path) === 'gzip' ? gunzipSync(file) : file;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const held: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) held.push(chunk);
  if (!request.complete) throw new Error('cut off');
  return Buffer.concat(held);
}

function send(response: ServerResponse, file: Buffer, fault: ServerFault | undefined, encoding?: string): void {
  const body = Buffer.from(file);
  if (fault?.do === 'flip' && body.length > 0) body[(fault.bit >> 3) % body.length] ^= 1 << (fault.bit & 7);
  const more = fault?.do === 'append' ? fault.bytes : 0;
  const length = body.length + more + (fault?.do === 'misstate' ? fault.by : 0);
  const packed = encoding === undefined ? {} : { 'content-encoding': encoding };
  if (fault?.do === 'flood') return flood(response);
  response.writeHead(200, { 'content-length': Math.max(0, length), ...packed });
  if (fault?.do === 'cut' || fault?.do === 'stall') {
    response.write(body.subarray(0, fault.after), () => {
      if (fault.do === 'cut') response.destroy();
    });
    return;
  }
  if (fault?.do === 'misstate' && fault.by > 0) return void response.write(body, () => response.destroy());
  response.end(Buffer.concat([body, Buffer.alloc(more, 7)]));
}

function flood(response: ServerResponse): void {
  const piece = Buffer.alloc(256 * 1024, 1);
  response.writeHead(200);
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
}
