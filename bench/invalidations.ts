/** What it costs to say that something changed, however much rests on it. */
import { createCache, memory } from 'tidemark';
import { median, time } from './rounds.ts';
import type { Table } from './table.ts';

const ENTRIES = 100_000;

/** Measure the CPU time of invalidations. */
export async function invalidations(): Promise<Table> {
  const cache = createCache({ name: 'bench', tiers: [memory({ maxEntries: 2 * ENTRIES })] });
  const posts = cache.define('post', {
    load: (id) => ({ id }),
    ttl: '1h',
    tags: ({ id }) => (id === 'one' ? ['one'] : ['many']),
  });
  await posts.get('one');
  for (let i = 0; i < ENTRIES; i += 1000) await posts.getMany(Array.from({ length: 1000 }, (_, k) => String(i + k)));
  const filled = cache.stats().tiers[0].usage?.entries;
  if (filled !== ENTRIES + 1) throw new Error(`the tier holds ${filled} entries`);
  await cpu(() => cache.invalidate({ tags: ['warm up'] }));
  const many = await cpu(() => cache.invalidate({ tags: ['many'] }));
  const one = await cpu(() => cache.invalidate({ tags: ['one'] }));
  const whole = await cpu(() => posts.invalidate());
  const pattern = await cpu(() => cache.invalidate({ pattern: 'post:*' }));
  await cache.close();
  return {
    title: `Invalidation with ${ENTRIES.toLocaleString('en')} entries in memory (CPU time, median of 2,000)`,
    rows: [
      { name: 'a tag of one entry', figure: time(one), ratios: {} },
      {
        name: `a tag of ${ENTRIES.toLocaleString('en')} entries`,
        figure: time(many),
        ratios: { 'one entry': many / one },
        budget: { text: '≤ 10 µs', kept: many <= 10_000 },
      },
      { name: 'the whole collection', figure: time(whole), ratios: { 'one entry': whole / one } },
      { name: 'a pattern', figure: time(pattern), ratios: { 'one entry': pattern / one } },
    ],
  };
}

/** Nanoseconds of CPU for one call: the median of batches of a hundred. */
async function cpu(call: () => Promise<unknown>): Promise<number> {
  const batches: number[] = [];
  for (let batch = 0; batch < 20; batch++) {
    const begin = process.cpuUsage();
    for (let i = 0; i < 100; i++) await call();
    const { user, system } = process.cpuUsage(begin);
    batches.push(((user + system) * 1000) / 100);
  }
  return median(batches);
}
