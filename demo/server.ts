/** Serving on this machine alone, and saying clearly why a port can't be had. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { Trouble } from './trouble.ts';

/** A server that listens. Until it is given a service, it answers that it is starting. */
export interface Listening {
  readonly url: string;
  serve(service: Hono): void;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** Take a port, 0 for any that is free. Throws {@link Trouble} if it can't be had. */
export async function listen(port: number): Promise<Listening> {
  let answer: (request: IncomingMessage, response: ServerResponse) => unknown = (_, response) =>
    response.writeHead(503).end('starting\n');
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Trouble(reason(port, error), error)));
    server.listen(port, HOST, resolve);
  });
  const { port: given } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${given}`,
    serve: (service) => void (answer = getRequestListener(service.fetch)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function reason(port: number, { code, message }: NodeJS.ErrnoException): string {
  const instead = 'Use --port with another number, or --port 0 for any that is free.';
  if (code === 'EADDRINUSE') return `Port ${port} is taken: something else listens there on ${HOST}. ${instead}`;
  if (code === 'EACCES') return `Port ${port} is not for this user: ports below 1024 belong to the system. ${instead}`;
  return `Can't listen on port ${port}: ${message}. ${instead}`;
}
