/** The Worker that is measured: one repository over its D1, with a cache and without. Runs in Miniflare. */
import { createCache, memory } from 'tidemark';
import { d1Backend } from 'tidemark/backends/d1';
import { createRepository, type D1WithBatches, d1Source, type Repository } from 'tidemark/content';
import { counted } from './counted.ts';
import { COLUMNS, FIELDS, type Post, post } from './posts.ts';
import { answer, POSTS, REQUESTS, requests } from './requests.ts';

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

interface Ready {
  readonly cached: Repository<Post>;
  readonly uncached: Repository<Post>;
  readonly reads: () => number;
}

let ready: Ready | undefined;
let context: Context;
const all = requests(REQUESTS);

// oxlint-disable-next-line import/no-default-export -- that is what a Worker is
export default {
  /** `/fill`, or `/cached?from=0&to=100`: so many requests one after the other. Answers how often the posts were read. */
  async fetch(request: Request, { DB }: { readonly DB: D1WithBatches }, now: Context): Promise<Response> {
    context = now;
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/fill') return fill(DB);
    ready ??= prepare(DB);
    const before = ready.reads();
    const items = pathname === '/cached' ? ready.cached : ready.uncached;
    for (let n = Number(searchParams.get('from')); n < Number(searchParams.get('to')); n++)
      await answer(all[n], n, items);
    return Response.json(ready.reads() - before);
  },
};

function prepare(database: D1WithBatches): Ready {
  const { log } = d1Backend({ database });
  const cache = createCache({ log, tiers: [memory()], background: (work) => context.waitUntil(work) });
  const { source, reads } = counted(d1Source<Post>({ database, table: 'posts', columns: COLUMNS }));
  const options = { source, fields: FIELDS };
  return {
    cached: createRepository<Post>({ cache, name: 'post', ...options }),
    uncached: createRepository<Post>({ cache: createCache(), name: 'post', ...options, cached: () => false }),
    reads,
  };
}

async function fill(database: D1WithBatches): Promise<Response> {
  const columns = Object.entries(COLUMNS).map(([name, kind]) => `"${name}" ${kind === 'number' ? 'REAL' : 'TEXT'}`);
  await database.prepare(`CREATE TABLE posts (${columns.join(', ')}, PRIMARY KEY ("id"))`).all();
  await database.prepare('CREATE INDEX of_section ON posts ("section", "status", "createdAt")').all();
  const source = d1Source<Post>({ database, table: 'posts', columns: COLUMNS });
  for (let n = 0; n < POSTS; n += 100) await source.create(Array.from({ length: 100 }, (_, i) => post(n + i)));
  return Response.json(POSTS);
}
