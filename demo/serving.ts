/** The program of a replica: it serves the catalogue until the process that started it lets go of it. */
import { Repository, openCache } from './repository.ts';
import { RemoteSource } from './remote.ts';
import type { Order, Started } from './replica.ts';
import { listen } from './server.ts';
import { createService } from './service.ts';

const open: (() => unknown)[] = [];
let ready: Promise<unknown> = Promise.resolve();

process.on('SIGINT', () => {}); // Ctrl-C reaches every process of a terminal: the one that started this one decides
process.once('message', (order: Order) => void (ready = begin(order)));
process.once('disconnect', () => void end());

async function begin(order: Order): Promise<void> {
  try {
    tell({ url: await serve(order) });
  } catch (error) {
    tell({ trouble: error instanceof Error ? error.message : String(error) });
  }
}

/** Serve on any port that is free. Resolves to the address. */
async function serve({ place, url, token }: Order): Promise<string> {
  const source = new RemoteSource({ url, token });
  open.push(() => source.close());
  const cache = 'path' in place ? openCache(place.path) : (await import('./redis-cache.ts')).openRedisCache(place);
  open.push(() => cache.close());
  const server = await listen(0);
  open.push(() => server.close());
  const repository = new Repository({ cache, source });
  server.serve(createService({ source, repository, cache, token }));
  return server.url;
}

function tell(started: Started): void {
  if (process.connected) process.send!(started);
}

async function end(): Promise<void> {
  await ready;
  for (const close of open.toReversed()) await close();
}
