/** A small CMS with something in its cache, and the API over it: as a handler, and as a server for a browser. */
import type { AddressInfo } from 'node:net';
import { serve, type ServerType } from '@hono/node-server';
import { type Cache, type Collection, createCache, memory } from 'tidemark';
import { type Content, createContent, memorySource, type Repository } from 'tidemark/content';
import { anyOf, basicAuth, bearerToken, contentAdmin, type ContentAdminOptions } from 'tidemark/content/admin';

interface Post {
  readonly id: string;
  readonly title: string;
  readonly status: string;
}

export const TOKEN = 'a token that only deploys know';
export const LOOKING = 'a token that only lets look';
export const ADA = { user: 'ada', password: 'lovelace: 1815' };

export interface Cms {
  readonly cache: Cache;
  readonly content: Content;
  readonly posts: Repository<Post>;
  /** For keys of any kind. */
  readonly odd: Collection<unknown, readonly string[]>;
  readonly admin: (request: Request) => Promise<Response>;
  /** Ask as the deploy does; `with` replaces and adds fields, and takes away those that are undefined. */
  readonly ask: (path: string, asked?: Asked) => Promise<Response>;
  /** The body of an answer. */
  readonly json: <T = Record<string, unknown>>(path: string, asked?: Asked) => Promise<T>;
}

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly with?: Readonly<Record<string, string | undefined>>;
}

export const ORIGIN = 'https://cms.test';

export async function cms(options: Partial<ContentAdminOptions> = {}): Promise<Cms> {
  const cache = createCache({ name: 'site', tiers: [memory({ maxBytes: '10mb' })] });
  const content = createContent({ cache });
  const posts = content.repository<Post>({
    policy: 'content',
    name: 'post',
    source: memorySource<Post>(),
    fields: { status: 'text' },
  });
  await posts.createMany([
    { id: '1', title: 'tides', status: 'published' },
    { id: '2', title: 'marks', status: 'published' },
    { id: '3', title: 'stamps', status: 'draft' },
  ]);
  const odd = cache.define<unknown, readonly string[]>('odd');
  const authorize = anyOf(
    bearerToken(TOKEN, 'deploy'),
    bearerToken(LOOKING, 'looker', { readOnly: true }),
    basicAuth([ADA]),
  );
  const admin = contentAdmin({ content, authorize, ...options });
  const ask = (path: string, { method, body, with: more = {} }: Asked = {}) => {
    const fields = {
      authorization: `Bearer ${TOKEN}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...more,
    };
    const headers = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const sent = body === undefined ? {} : { body: text };
    return admin(
      new Request(`${ORIGIN}${path}`, { method: method ?? (body === undefined ? 'GET' : 'POST'), headers, ...sent }),
    );
  };
  const json = async <T>(path: string, asked?: Asked) => (await (await ask(path, asked)).json()) as T;
  return { cache, content, posts, odd, admin, ask, json };
}

/** The API on a port of this machine. */
export async function served(
  admin: Cms['admin'],
): Promise<{ readonly origin: string; readonly stop: () => Promise<void> }> {
  const server = await new Promise<ServerType>((resolve) => {
    const made: ServerType = serve({ fetch: admin, hostname: '127.0.0.1', port: 0 }, () => resolve(made));
  });
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      if ('closeAllConnections' in server) server.closeAllConnections();
    });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}
