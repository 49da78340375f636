/**
 * D1 as Miniflare has it, asked through a Worker that does nothing else. Miniflare's own way from Node to a binding waits
 * synchronously for each call of `prepare` and `bind`: this one sends a statement, or a batch, when it is executed.
 */
import { Miniflare } from 'miniflare';
import type { D1Statement } from 'tidemark/backends/d1';
import type { D1WithBatches } from 'tidemark/content';

/** A Worker that executes what it is sent in its binding `DB`. */
export const DATABASE_WORKER = `
  const bytes = (value) =>
    value !== null && typeof value === 'object' ? Uint8Array.from(atob(value.bytes), (c) => c.charCodeAt(0)) : value;
  export default {
    async fetch(request, env) {
      const statements = (await request.json()).map(({ sql, params }) => {
        const statement = env.DB.prepare(sql);
        return params.length > 0 ? statement.bind(...params.map(bytes)) : statement;
      });
      try {
        const all = new URL(request.url).pathname === '/batch' ? await env.DB.batch(statements) : [await statements[0].all()];
        return Response.json(all.map(({ results }) => results));
      } catch (error) {
        return new Response(String(error.message), { status: 500 });
      }
    },
  };
`;

type Param = Parameters<D1Statement['bind']>[number];
type Rows = Awaited<ReturnType<D1Statement['all']>>['results'];
type Ask = (url: string, init: { readonly method: string; readonly body: string }) => Promise<Answered>;

interface Answered {
  readonly ok: boolean;
  text(): Promise<string>;
}

/** A database, with what its batches answer. */
export interface D1Database extends D1WithBatches {
  batch(statements: readonly D1Statement[]): Promise<readonly { readonly results: Rows }[]>;
}

/** A database behind a {@link DATABASE_WORKER}. */
export function d1Over(ask: Ask): D1Database {
  const execute = async (path: string, statements: readonly Sent[]): Promise<readonly Rows[]> => {
    const body = JSON.stringify(statements.map(({ sql, params }) => ({ sql, params: params.map(sent) })));
    const response = await ask(`http://database/${path}`, { method: 'POST', body });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return JSON.parse(text) as Rows[];
  };
  class Sent implements D1Statement {
    readonly sql: string;
    readonly params: readonly Param[];

    constructor(sql: string, params: readonly Param[]) {
      this.sql = sql;
      this.params = params;
    }

    bind(...params: Param[]): D1Statement {
      return new Sent(this.sql, params);
    }

    async all(): Promise<{ readonly results: Rows }> {
      return { results: (await execute('all', [this]))[0] };
    }
  }
  return {
    prepare: (sql) => new Sent(sql, []),
    batch: async (statements) =>
      (await execute('batch', statements as readonly Sent[])).map((results) => ({ results })),
  };
}

function sent(param: Param): unknown {
  return param instanceof Uint8Array ? { bytes: Buffer.from(param).toString('base64') } : param;
}

/** A database of its own. */
export async function openD1(): Promise<{ readonly database: D1Database; readonly close: () => Promise<void> }> {
  const miniflare = new Miniflare({ modules: true, script: DATABASE_WORKER, d1Databases: ['DB'] });
  await miniflare.ready;
  return { database: d1Over((url, init) => miniflare.dispatchFetch(url, init)), close: () => miniflare.dispose() };
}
