/** Invalidating many entries and one: in memory the time, in KV and in a database the operations. */
import { createCache, memory } from 'tidemark';
import { sqlBackend } from 'tidemark/backends/sql';
import { workersKv } from 'tidemark/stores/workers-kv';
import { laggingKv, manualClock } from 'tidemark/testing';
import { PGlite } from '@electric-sql/pglite';
import type { Table } from '../table.ts';
import { median, time } from '../rounds.ts';

const MANY = 100_000;
const STORED = 1000; // that KV holds: what its double charges for is the writing

/** Measure invalidations. */
export async function contentInvalidations(): Promise<Table> {
  const [one, many] = await inMemory();
  const stored = await inStores();
  return {
    title: `Content invalidations: ${MANY.toLocaleString('en')} entries and one`,
    rows: [
      { name: 'one entry, in memory (CPU)', figure: time(one), ratios: {} },
      {
        name: `${MANY.toLocaleString('en')} entries, in memory (CPU)`,
        figure: time(many),
        ratios: { 'one entry': many / one },
        budget: { text: '≤ 10 µs', kept: many <= 10_000 },
      },
      {
        name: `${STORED.toLocaleString('en')} entries in KV: operations of KV`,
        figure: String(stored.kv),
        ratios: {},
        budget: { text: '0', kept: stored.kv === 0 },
      },
      {
        name: 'statements to the database that has the log',
        figure: String(stored.log),
        ratios: {},
        budget: { text: '1', kept: stored.log === 1 },
      },
    ],
  };
}

async function inMemory(): Promise<readonly [one: number, many: number]> {
  const cache = createCache({ name: 'bench', tiers: [memory({ maxEntries: 2 * MANY })] });
  const posts = cache.define<object, readonly string[]>('content', { load: ([, id]) => ({ id }), ttl: '1h' });
  const fill = async (prefix: string, count: number) => {
    for (let i = 0; i < count; i += 1000)
      await posts.getMany(Array.from({ length: Math.min(1000, count) }, (_, k) => [prefix, String(i + k)]));
  };
  await fill('post', MANY);
  await fill('media', 1);
  const held = cache.stats().tiers[0].usage?.entries;
  if (held !== MANY + 1) throw new Error(`the tier holds ${held} entries`);
  const cpu = async (prefix: string) => {
    const batches: number[] = [];
    for (let batch = 0; batch < 20; batch++) {
      const begin = process.cpuUsage();
      for (let i = 0; i < 100; i++) await cache.invalidate({ prefix: ['content', prefix] });
      const { user, system } = process.cpuUsage(begin);
      batches.push((user + system) * 10);
    }
    return median(batches);
  };
  await cpu('warm up');
  const figures = [await cpu('media'), await cpu('post')] as const;
  await cache.close();
  return figures;
}

/** Operations of one invalidation of everything that KV holds, with the log in a database. */
async function inStores(): Promise<{ readonly kv: number; readonly log: number }> {
  const clock = manualClock({ now: Date.UTC(2030, 0) });
  const kv = laggingKv({ clock, operations: Infinity });
  const database = await PGlite.create();
  let statements = 0;
  const query = async (sql: string, params: unknown[]) => {
    statements++;
    return (await database.query<Record<string, unknown>>(sql, params)).rows;
  };
  const { log } = sqlBackend({ dialect: 'postgres', query });
  const pending: Promise<unknown>[] = [];
  const background = (work: Promise<unknown>) => void pending.push(work);
  const store = workersKv({ namespace: kv.invocation('here'), clock, defer: background });
  const cache = createCache({ name: 'bench', clock, log, tiers: [memory(), store], background });
  const posts = cache.define<object>('content', { load: (id) => ({ id }), ttl: '1h' });
  await posts.getMany(Array.from({ length: STORED }, (_, n) => String(n)));
  const settled = async () => {
    while (pending.length > 0) await pending.pop();
  };
  await settled();
  if (kv.calls.put < STORED) throw new Error(`KV was given ${kv.calls.put} entries`);
  const calls = () => Object.values(kv.calls).reduce((sum, count) => sum + count, 0);
  const before = { kv: calls(), log: statements };
  await cache.invalidate({ prefix: 'content' });
  await settled();
  const after = { kv: calls() - before.kv, log: statements - before.log };
  await cache.close();
  await database.close();
  return after;
}
