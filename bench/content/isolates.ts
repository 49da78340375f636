/** The same day at several isolates at two locations: what memory answers, what KV does, and what is left to the database. */
import { createCache, memory } from 'tidemark';
import { createRepository, memorySource } from 'tidemark/content';
import { workersKv } from 'tidemark/stores/workers-kv';
import { laggingKv, manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import type { Table } from '../table.ts';
import { counted } from './counted.ts';
import { FIELDS, type Post, post } from './posts.ts';
import { answer, POSTS, requests } from './requests.ts';

const REQUESTS = 100_000;
const DAY = 86_400_000;
const LOCATIONS = ['fra', 'fra', 'syd', 'syd'];

/** Each request comes to one of four isolates in turn, over a simulated day; KV lags by up to a minute. */
export async function contentIsolates(): Promise<Table> {
  const clock = manualClock({ now: Date.UTC(2030, 0) });
  const kv = laggingKv({ clock, operations: Infinity });
  const space = new SharedSpace(); // in the place of D1's log
  const inner = memorySource<Post>();
  await inner.create(Array.from({ length: POSTS }, (_, n) => post(n)));
  const { source, reads } = counted(inner);
  const isolates = LOCATIONS.map((location) => {
    const store = workersKv({ namespace: kv.invocation(location), clock });
    const { log } = sharedBackend({ space });
    const cache = createCache({ name: 'bench', clock, tiers: [memory(), store], log, background: () => {} });
    return { cache, items: createRepository<Post>({ cache, name: 'post', source, fields: FIELDS }) };
  });
  const all = requests(REQUESTS);
  for (const [n, asked] of all.entries()) {
    await answer(asked, n, isolates[n % isolates.length].items);
    await clock.advanceAsync(DAY / REQUESTS);
  }
  const asking = all.filter((asked) => !('write' in asked)).length;
  const askedKv = isolates.reduce((sum, { cache }) => sum + cache.stats().tiers[1].reads, 0);
  for (const { cache } of isolates) await cache.close();
  const share = (of: number, total: number) => `${((100 * of) / total).toFixed(1)} %`;
  const combined = 1 - reads() / asking;
  return {
    title: `Content at ${LOCATIONS.length} isolates: ${REQUESTS.toLocaleString('en')} requests in a day, KV lags by up to a minute`,
    rows: [
      { name: 'reads that an isolate’s memory answers', figure: share(asking - askedKv, asking), ratios: {} },
      { name: 'of the others, those that KV answers', figure: share(askedKv - reads(), askedKv), ratios: {} },
      {
        name: 'reads that either answers',
        figure: share(asking - reads(), asking),
        ratios: {},
        budget: { text: '≥ 95 %', kept: combined >= 0.95 },
      },
    ],
  };
}
