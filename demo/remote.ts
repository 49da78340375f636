/** The database at a distance: what the process that has it offers on this machine, and what the others ask it through. */
import { Hono } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';
import { bodyLimit } from 'hono/body-limit';
import { Client } from './client.ts';
import type {
  DependentsPage,
  LicenceCount,
  ListOptions,
  ListPage,
  PackageChange,
  PackagePage,
  Source,
  Summary,
} from './model.ts';

type Ask = keyof Omit<Source, 'queries'>;

/** A question: a method of the source, and what it is called with. */
interface Question {
  readonly ask: Ask;
  readonly of: readonly unknown[];
}

const ASKS: readonly string[] = ['package', 'dependents', 'list', 'search', 'licences', 'change'] satisfies Ask[];

/** Answers the questions of a {@link RemoteSource}; all of them need the token. */
export function createSourceService(source: Source, token: string): Hono {
  const app = new Hono();
  app.post('/', bearerAuth({ token }), bodyLimit({ maxSize: 10_000 }), async (c) => {
    const { ask, of } = await c.req.json<Question>();
    if (!ASKS.includes(ask)) return c.json({ error: 'there is no such question' }, 400);
    const method = source[ask] as (...of: readonly unknown[]) => Promise<unknown>;
    return c.json((await method.call(source, ...of)) ?? null);
  });
  return app;
}

/** A source in another process of this machine. */
export class RemoteSource implements Source {
  queries = 0;
  readonly #client: Client;
  readonly #token: string;

  constructor({ url, token }: { readonly url: string; readonly token: string }) {
    this.#client = new Client(url);
    this.#token = token;
  }

  package(id: string): Promise<PackagePage | null> {
    return this.#ask('package', id);
  }

  dependents(id: string): Promise<DependentsPage | null> {
    return this.#ask('dependents', id);
  }

  list(options: ListOptions): Promise<ListPage> {
    return this.#ask('list', options);
  }

  search(text: string, page: number): Promise<ListPage> {
    return this.#ask('search', text, page);
  }

  licences(): Promise<readonly LicenceCount[]> {
    return this.#ask('licences');
  }

  async change(id: string, change: PackageChange): Promise<Summary | undefined> {
    return (await this.#ask<Summary | null>('change', id, change)) ?? undefined;
  }

  close(): void {
    this.#client.close();
  }

  async #ask<T>(ask: Ask, ...of: readonly unknown[]): Promise<T> {
    this.queries++;
    const question: Question = { ask, of };
    const { status, body } = await this.#client.ask('/', { method: 'POST', token: this.#token, json: question });
    if (status !== 200)
      throw new Error(`The database answered the question '${ask}' with the status ${status}: ${body}`);
    return JSON.parse(body) as T;
  }
}
