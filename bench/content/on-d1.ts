/** How long reads take in a Worker over D1, with a cache and without, as Miniflare runs them. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';
import { rolldown } from 'rolldown';
import { time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { REQUESTS, requests } from './requests.ts';

const PIECE = 100; // requests that the Worker is sent at once: what the way to it costs is shared by them
const SAMPLE = 4; // of so many pieces one is asked without the cache, too

/** `cold`: the first half of the requests, at first with nothing cached; `warm`: the second. */
type Side = 'uncached' | 'cold' | 'warm';
type Totals = Record<Side, { ms: number; reads: number; asked: number }>;

/** Undefined, with a word why, where it can't be measured. */
export async function contentOnD1(): Promise<Table | undefined> {
  let totals: Totals;
  try {
    totals = await measured();
  } catch (error) {
    console.log(`Content on D1: not measured, since Miniflare or its Worker failed: ${String(error)}\n`);
    return undefined;
  }
  const mean = (side: Side) => (1e6 * totals[side].ms) / totals[side].asked;
  const ratio = (side: Side) => mean(side) / mean('uncached');
  const reads = totals.warm.reads / totals.warm.asked;
  return {
    title: `Content on D1 in Miniflare: ${REQUESTS.toLocaleString('en')} such requests, at first nothing cached`,
    rows: [
      { name: 'a read, uncached, on average', figure: time(mean('uncached')), ratios: {} },
      { name: 'through the cache, the first half', figure: time(mean('cold')), ratios: { uncached: ratio('cold') } },
      {
        name: 'through the cache, the second half',
        figure: time(mean('warm')),
        ratios: { uncached: ratio('warm') },
        budget: { text: '≤ 0.2', kept: ratio('warm') <= 0.2 },
      },
      {
        name: 'its reads that reach the posts in D1',
        figure: `${(100 * reads).toFixed(1)} %`,
        ratios: {},
        budget: { text: '≤ 10 %', kept: reads <= 0.1 },
      },
    ],
  };
}

async function measured(): Promise<Totals> {
  const miniflare = new Miniflare({
    modules: [{ type: 'ESModule', path: join(import.meta.dirname, 'worker.js'), contents: await bundle() }],
    modulesRoot: import.meta.dirname,
    compatibilityDate: '2026-01-01',
    d1Databases: ['DB'],
  });
  try {
    const ask = async (path: string): Promise<number> => {
      const answer = await miniflare.dispatchFetch(`http://worker/${path}`);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${path}: ${text.split('\n')[0]}`);
      return Number(text);
    };
    await ask('fill');
    return await play(ask);
  } finally {
    await miniflare.dispose();
  }
}

/** Piece by piece. Only reads are timed; the writes are made between them. */
async function play(ask: (path: string) => Promise<number>): Promise<Totals> {
  const none = () => ({ ms: 0, reads: 0, asked: 0 });
  const totals: Totals = { uncached: none(), cold: none(), warm: none() };
  const all = requests(REQUESTS);
  for (let from = 0, piece = 0; from < REQUESTS; piece++) {
    let to = from + 1;
    if ('write' in all[from]) await ask(`cached?from=${from}&to=${to}`);
    else {
      while (to < REQUESTS && to - from < PIECE && !('write' in all[to])) to++;
      const through: Side = from < REQUESTS / 2 ? 'cold' : 'warm';
      for (const side of piece % SAMPLE === 0 ? (['uncached', through] as const) : [through]) {
        const begin = performance.now();
        const reads = await ask(`${side === 'uncached' ? side : 'cached'}?from=${from}&to=${to}`);
        totals[side].ms += performance.now() - begin;
        totals[side].reads += reads;
        totals[side].asked += to - from;
      }
    }
    from = to;
  }
  return totals;
}

async function bundle(): Promise<string> {
  const input = fileURLToPath(new URL('d1-worker.js', import.meta.url));
  const build = await rolldown({ input, platform: 'neutral', logLevel: 'silent' });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  return output[0].code;
}
