/** What stays the same when a file grows to two million entries, and what doesn't. */
import { mkdtempSync, readFileSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BatchOperation, type Cache, type CacheOptions, openLmdbCache } from 'tidemark/embedded';
import { time } from '../rounds.ts';
import { line } from './line.ts';
import { numbers, SIZES, values } from './values.ts';

const SIZES_OF_FILE = [10_000, 100_000, 1_000_000, 2_000_000];
const BATCH = 1000;
const EXTRA = 20; // batches that are stored to see what expiry and bounds cost
const READS = 20_000;
const SETS = 2000;
const NEEDED = 4e9; // bytes of disk; about a quarter of it is used

type Figures = Record<string, string>;

/** Fill a file step by step, and measure it at each. Takes minutes, and about a gigabyte of disk for that time. */
export async function millions(): Promise<void> {
  const { bavail, bsize } = statfsSync(tmpdir());
  if (bavail * bsize < NEEDED) throw new Error(`${tmpdir()} has less than ${NEEDED / 1e9} GB left`);
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  try {
    const columns: Figures[] = [];
    for (const [i, size] of SIZES_OF_FILE.entries()) columns.push(await grow(folder, SIZES_OF_FILE[i - 1] ?? 0, size));
    console.log('A file that grows: entries of 186 B, keys in no order');
    console.log(
      line(
        'entries',
        SIZES_OF_FILE.map((size) => size.toLocaleString('en')),
      ),
    );
    for (const name of Object.keys(columns[0]))
      console.log(
        line(
          name,
          columns.map((figures) => figures[name]),
        ),
      );
    console.log('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const all = values(SIZES['186 B']);

/** Each number's key is somewhere else: the product with an odd number, modulo a power of two, meets each value once. */
function keyOf(number: number): string {
  return `key:${(Math.imul(number, 0x9e3779b1) >>> 0).toString(36)}`;
}

function put(number: number, ttlMs?: number): BatchOperation<object> {
  return { type: 'put', key: keyOf(number), value: all[number % all.length], ttlMs };
}

function open(path: string, options: Partial<CacheOptions> = {}): Promise<Cache<object>> {
  return openLmdbCache<object>({ path, maxBytes: Infinity, cleanupIntervalMs: 0, ...options });
}

/** Nanoseconds, all in all and of the longest part. */
async function measure(parts: number, part: (i: number) => unknown): Promise<{ whole: number; longest: number }> {
  let whole = 0;
  let longest = 0;
  for (let i = 0; i < parts; i++) {
    const begin = process.hrtime.bigint();
    await part(i);
    const ns = Number(process.hrtime.bigint() - begin);
    whole += ns;
    longest = Math.max(longest, ns);
  }
  return { whole, longest };
}

/** Bytes of memory that are the process's own, and, where the platform tells them apart, pages of files that it has mapped. */
function resident(): { readonly own: number; readonly mapped: number | undefined } {
  try {
    const status = readFileSync('/proc/self/status', 'latin1');
    const [own, mapped] = ['RssAnon', 'RssFile'].map(
      (name) => 1024 * Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)![1]),
    );
    return { own, mapped };
  } catch {
    return { own: process.memoryUsage().rss, mapped: undefined };
  }
}

/** Put back what was evicted, and remove what came instead. */
async function mend(path: string, count: number, [first, end]: readonly [number, number]): Promise<void> {
  const cache = await open(path);
  const steps: BatchOperation<object>[] = [];
  for (let number = first; number < end; number++) steps.push({ type: 'del', key: keyOf(number) });
  for (let number = 0; number < count; number++) if (!(await cache.has(keyOf(number)))) steps.push(put(number));
  for (let i = 0; i < steps.length; i += BATCH) await cache.batch(steps.slice(i, i + BATCH));
  await cache.close();
}

async function grow(path: string, from: number, to: number): Promise<Figures> {
  const growing = await open(path);
  const batchFrom = (first: number, ttlMs?: number) => Array.from({ length: BATCH }, (_, k) => put(first + k, ttlMs));
  const fill = await measure((to - from) / BATCH, (i) => growing.batch(batchFrom(from + i * BATCH)));
  const close = await measure(1, () => growing.close());

  let cache!: Cache<object>;
  const opening = await measure(1, async () => {
    cache = await open(path);
    await cache.get(keyOf(0));
  });
  const at = numbers(to);
  const get = await measure(READS, async () => {
    if ((await cache.get(keyOf(at(to)))) === undefined) throw new Error('a miss');
  });
  const first = await measure(SETS, () => cache.set(keyOf(at(to)), all[at(all.length)]));
  const set = await measure(SETS, () => cache.set(keyOf(at(to)), all[at(all.length)]));

  const beyond = 3e9; // numbers that no entry has had
  const short = await measure(EXTRA, (i) => cache.batch(batchFrom(beyond + i * BATCH, 1)));
  await new Promise((resolve) => setTimeout(resolve, 5)); // until the last of them has expired
  let removed = 0;
  const sweep = await measure(1, async () => (removed = await cache.sweepExpired()));
  if (removed !== EXTRA * BATCH) throw new Error(`${removed} entries were swept`);
  await cache.close();

  const bounded = await open(path, { maxEntries: to });
  const evict = await measure(EXTRA, (i) => bounded.batch(batchFrom(beyond + (EXTRA + i) * BATCH)));
  const { evicted, totalEntries } = await bounded.getStats();
  if (totalEntries > to) throw new Error(`${totalEntries} entries are kept`);
  const memory = resident();
  await bounded.close();
  await mend(path, to, [beyond + EXTRA * BATCH, beyond + 2 * EXTRA * BATCH]);

  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return {
    file: mb(statSync(join(path, 'data.mdb')).size),
    'file, an entry': `${(statSync(join(path, 'data.mdb')).size / to).toFixed(0)} B`,
    'open, with a first get': time(opening.whole),
    close: time(close.whole),
    'memory of the process': mb(memory.own),
    'pages of the file in memory': memory.mapped === undefined ? '-' : mb(memory.mapped),
    'batch of 1,000, an entry': time(fill.whole / (to - from)),
    'the longest batch': time(fill.longest),
    get: time(get.whole / READS),
    'set, the first 2,000 after opening': time(first.whole / SETS),
    'set, the next 2,000': time(set.whole / SETS),
    'batch with TTL, an entry': time(short.whole / (EXTRA * BATCH)),
    'sweep, an expired entry': time(sweep.whole / removed),
    'batch at the bound, an entry': time(evict.whole / (EXTRA * BATCH)),
    'the longest such batch': time(evict.longest),
    'evicted per entry stored': (evicted / (EXTRA * BATCH)).toFixed(2),
  };
}
