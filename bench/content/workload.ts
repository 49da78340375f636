/** How often the cache answers by itself: a day at a CMS, and clients that have what they ask for. */
import { createCache } from 'tidemark';
import { createRepository, memorySource } from 'tidemark/content';
import { httpContent, itemOf, listOf } from 'tidemark/content/http';
import type { Table } from '../table.ts';
import { counted } from './counted.ts';
import { FIELDS, type Post, post, SECTIONS, sectionQuery } from './posts.ts';
import { answer, POSTS, requests, WRITES } from './requests.ts';

const REQUESTS = 100_000;

/** How often the cache answers by itself. */
export async function contentWorkload(): Promise<Table> {
  const cache = createCache({ name: 'bench' });
  const inner = memorySource<Post>();
  await inner.create(Array.from({ length: POSTS }, (_, n) => post(n)));
  const { source, reads } = counted(inner);
  const items = createRepository<Post>({ cache, name: 'post', source, fields: FIELDS });
  const all = requests(REQUESTS);
  for (const [n, asked] of all.entries()) await answer(asked, n, items);
  const asking = all.filter((asked) => !('write' in asked)).length;
  const hit = 1 - reads() / asking;
  const figures = cache.stats();
  await cache.close();
  const conditional = await notModified();
  return {
    title: `Content workload: ${REQUESTS.toLocaleString('en')} requests, ${POSTS.toLocaleString('en')} posts and ${SECTIONS} lists by Zipf, ${WRITES * 100} % writes`,
    rows: [
      {
        name: 'reads that the cache answers',
        figure: percent(hit),
        ratios: {},
        budget: { text: '≥ 95 %', kept: hit >= 0.95 },
      },
      {
        name: 'reads of the database, uncached: all of them',
        figure: percent(reads() / asking - 1),
        ratios: {},
        budget: { text: '≤ −90 %', kept: hit >= 0.9 },
      },
      { name: 'the same by the cache’s own figures', figure: percent(figures.hits / figures.reads), ratios: {} },
      {
        name: '1,000 requests that are answered 304',
        figure: `${conditional} reads`,
        ratios: {},
        budget: { text: 'no read of the database', kept: conditional === 0 },
      },
    ],
  };
}

/** How often the source is read by those who have what they ask for. */
async function notModified(): Promise<number> {
  const cache = createCache({ name: 'bench' });
  const inner = memorySource<Post>();
  await inner.create(Array.from({ length: 100 }, (_, n) => post(n)));
  const { source, reads } = counted(inner);
  const items = createRepository<Post>({ cache, name: 'post', source, fields: FIELDS });
  const http = httpContent({ cache, policies: { post: { public: true, maxAge: 0 } } });
  const ask = async (kind: 'item' | 'list', headers: Record<string, string> = {}) => {
    const request = new Request(`https://cms.example/${kind}`, { headers });
    return kind === 'item'
      ? http.respond(request, itemOf(items, '7'))
      : http.respond(request, listOf(items, sectionQuery(7)));
  };
  const tags = { item: (await ask('item')).headers.get('etag'), list: (await ask('list')).headers.get('etag') };
  const before = reads();
  for (let i = 0; i < 500; i++)
    for (const kind of ['item', 'list'] as const)
      if ((await ask(kind, { 'if-none-match': tags[kind]! })).status !== 304) throw new Error('not a 304');
  await cache.close();
  return reads() - before;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
