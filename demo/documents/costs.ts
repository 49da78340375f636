/** What reads cost: operations and milliseconds with and without keyframes, from memory, and of many at once. */
import type { KeyValueStore } from 'tidemark/documents';
import { bytesText } from '../pages.ts';
import { percent, time } from '../results.ts';
import { readTree } from './executor.ts';
import { isOf, type Moment, spread, verdict, wrongAt } from './moments.ts';
import type { Stage } from './stage.ts';
import { openCache } from './stores.ts';

const ROWS = 5;
const TIMES = 3;
const AT_ONCE = 16;
const HITS = 1000;

/** What reading a revision with nothing in memory cost. */
interface Cost {
  readonly ms: number;
  readonly replayed: number;
}

/** Measure reads with nothing in memory, then those from memory. */
export async function showCosts(stage: Stage): Promise<void> {
  await fromNothing(stage);
  await fromMemory(stage);
  await atOnce(stage);
  await damaged(stage);
}

async function fromNothing({ terminal, stores, moments, checks, signal }: Stage): Promise<void> {
  const rows: string[][] = [];
  const costs: (readonly [slow: Cost, fast: Cost])[] = [];
  const chosen = spread(moments, ROWS + 1).slice(1); // the first is the beginning itself, nearly
  for (const moment of chosen) {
    signal.throwIfAborted();
    const slow = await cost(moment, 'none');
    const fast = await cost(moment, 'read');
    costs.push([slow, fast]);
    rows.push([
      `revision ${moment.revision}`,
      ...[slow.replayed, time(slow.ms), fast.replayed, time(fast.ms)].map(String),
      `${(slow.ms / fast.ms).toFixed(1)} ×`,
    ]);
  }
  terminal.table(['nothing in memory', 'operations', 'from all', 'operations', 'from a keyframe', ''], rows);
  const [slow, fast] = costs.at(-1)!;
  const share = `${fast.replayed.toLocaleString('en')} of ${slow.replayed.toLocaleString('en')}`;
  const never = costs.every(([all, some]) => some.replayed <= all.replayed);
  checks.add('operations replayed for the last', share, never && fast.replayed < slow.replayed);

  /** The median of some reads, each by a cache of its own. */
  async function cost({ revision }: Moment, keyframes: 'none' | 'read'): Promise<Cost> {
    const found: Cost[] = [];
    for (let i = 0; i < TIMES; i++) {
      const cache = await openCache(stores, { keyframes });
      const began = performance.now();
      await readTree(cache, revision);
      found.push({ ms: performance.now() - began, replayed: cache.stats().replayed });
    }
    return found.toSorted((a, b) => a.ms - b.ms)[TIMES >> 1];
  }
}

async function fromMemory({ terminal, stores, caches, signal }: Stage): Promise<void> {
  signal.throwIfAborted();
  const cache = await openCache(stores);
  caches.push({ name: 'from memory', cache });
  await readTree(cache);
  const mean = async (check: 'checked' | 'trusted', reads: number): Promise<number> => {
    const began = performance.now();
    for (let i = 0; i < reads; i++) await readTree(cache, undefined, { check });
    return (performance.now() - began) / reads;
  };
  const [checked, trusted] = [await mean('checked', HITS / 10), await mean('trusted', HITS)];
  terminal.say(
    `The head from memory: ${time(trusted)} where every append goes through the cache, ${time(checked)} where the ` +
      'database is asked first whether somebody else has appended.',
  );
}

async function atOnce({ stores, moments, caches, checks }: Stage): Promise<void> {
  const cache = await openCache(stores);
  caches.push({ name: `${AT_ONCE} at once`, cache });
  const { commit } = moments.at(-1)!;
  const trees = await Promise.all(Array.from({ length: AT_ONCE }, () => readTree(cache)));
  const wrong = trees.filter((tree) => !isOf(commit, tree)).map(() => moments.at(-1)!.revision);
  checks.add(`${AT_ONCE} readers at once, nothing in memory`, ...verdict(wrong));
  const { joined, resumed, cold } = cache.stats();
  checks.add('rebuilds that they cost', String(resumed + cold), resumed + cold === 1 && joined === AT_ONCE - 1);
}

/** Keyframes that aren't what was written. */
async function damaged({ stores, moments, caches, checks, signal }: Stage): Promise<void> {
  const { keyframes } = stores;
  const broken: KeyValueStore = {
    get: async (key, abort) => (await keyframes.get(key, abort))?.map((byte, i) => (i % 97 === 96 ? byte ^ 1 : byte)),
    put: async () => {},
    delete: async () => {},
    clear: async () => {},
    startup: async () => {},
    shutdown: async () => {},
  };
  const cache = await openCache({ ...stores, keyframes: broken });
  caches.push({ name: 'damaged keyframes', cache });
  const wrong = await wrongAt(cache, spread(moments, ROWS), signal);
  checks.add('read where bits of keyframes are turned', ...verdict(wrong));
  const { resumed } = cache.stats();
  checks.add('such keyframes that were used', String(resumed), resumed === 0);
}

/** How all reads ended, and what keyframes take. */
export function showFigures({ terminal, caches, stores, cache, checks }: Stage): void {
  const figures = caches.map((one) => [one.name, one.cache.stats()] as const);
  terminal.table(
    ['cache', 'reads', 'hits', 'warm', 'resumed', 'cold', 'joined', 'replayed'],
    figures.map(([name, { reads, hits, warm, resumed, cold, joined, replayed }]) => [
      name,
      ...[reads, hits, warm, resumed, cold, joined, replayed].map((count) => count.toLocaleString('en')),
    ]),
  );
  terminal.say(
    'Replayed are operations. A hit was in memory, warm went on from what was, resumed from a keyframe, cold from the beginning; who joined waited ' +
      'for the same work.',
  );
  const failed = figures.reduce((all, [, stats]) => all + stats.failed + stats.aborted, 0);
  checks.add('reads that failed', String(failed), failed === 0);
  const { written, bytes, coalesced, failed: lost, dropped } = cache.stats().keyframes;
  const { bytes: own } = stores.operations;
  terminal.say(
    `${written} keyframes were written beside the work, ${bytesText(bytes)} in all, ${percent(bytes / own)} of the ` +
      `operations' ${bytesText(own)}. Overtaken by a newer one before their turn: ${coalesced}.`,
  );
  checks.add('keyframes that could not be written', String(lost + dropped), lost + dropped === 0);
}
