/** A process with a cache on a shared place: it does what the test asks, and asks the test for what it loads. */
import { type Clock, createCache, type Key, memory, type Selector, type Store, systemClock } from 'tidemark';
import { given, serve } from '../../processes/children/meeting.ts';
import { type Address, openPlace } from './place.ts';

/** What a member is given. */
export interface MemberOptions {
  readonly address: Address;
  /** A tier of its own on the disk, between memory and the place. */
  readonly disk?: string;
  readonly consistency?: 'bounded' | 'strong';
  /** Milliseconds; see `createCache`. */
  readonly maxSilence?: number;
  /** Milliseconds that one operation on the place may take. */
  readonly timeout?: number;
  /** Milliseconds by which its clock is ahead of the machine's. */
  readonly ahead?: number;
}

/** What a member knows of the log. */
export interface Knowledge {
  readonly incarnation: string;
  readonly applied: number;
  readonly unsaid: number;
  readonly silent: boolean;
  /** Why it has dropped what it held, each time that it did. */
  readonly gaps: readonly string[];
}

/** What came of a read, and how many milliseconds it took. */
export interface Read {
  readonly value: number | undefined;
  readonly ms: number;
}

const { address, disk, consistency, maxSilence, timeout = 1000, ahead = 0 } = given() as MemberOptions;
const clock: Clock = { now: () => Date.now() + ahead, after: (ms, task) => systemClock.after(ms, task) };
const place = await openPlace(address, clock);
const gaps: string[] = [];

/** A tier on the disk, if there is to be one. */
async function tiersOn(path: string | undefined): Promise<readonly Store[]> {
  if (path === undefined) return [];
  const { lmdbBackend } = await import('tidemark/backends/lmdb');
  return [lmdbBackend({ path, clock })];
}

const cache = createCache({
  name: 'shop',
  clock,
  tiers: [memory({ clock }), ...(await tiersOn(disk)), { store: place.backend, timeout }],
  ...(consistency && { consistency }),
  ...(maxSilence !== undefined && { maxSilence }),
  on: { gap: ({ reason }) => gaps.push(reason) },
});

const reads = new Map<string, Promise<Read>>();
const nameOf = (key: Key) => JSON.stringify(key);

async function get(key: Key): Promise<Read> {
  const began = performance.now();
  const value = await values.get(key);
  return { value, ms: performance.now() - began };
}

const test = serve({
  get,
  /** What the tiers have, without a load. */
  find: (key: Key) => values.get(key, { load: false }),
  /** The different values of so many reads at the same time. */
  getAtOnce: async ({ key, times }: { readonly key: Key; readonly times: number }) => [
    ...new Set((await Promise.all(Array.from({ length: times }, () => get(key)))).map(({ value }) => value)),
  ],
  /** One read of each key, all at the same time. */
  getAll: (keys: readonly Key[]) => Promise.all(keys.map((key) => get(key))),
  /** The answer of a read that waits for nothing outside the process; undefined if it does. */
  getPromptly: (key: Key) =>
    Promise.race([values.get(key), new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]),
  /** Begin to read; the answer comes at once. */
  begin: (key: Key) => void reads.set(nameOf(key), get(key)),
  /** What the read came to. */
  finish: (key: Key) => reads.get(nameOf(key)),
  invalidate: (what: Selector) => cache.invalidate(what),
  delete: (key: Key) => values.delete(key),
  set: ({ key, value }: { readonly key: Key; readonly value: number }) => values.set(key, value),
  knowledge: (): Knowledge => {
    const { incarnation, applied, unsaid, silent } = cache.stats().log;
    return { incarnation, applied, unsaid, silent, gaps };
  },
  leave: async () => {
    await cache.close();
    await place.close();
  },
});

const values = cache.define<number, Key>('value', {
  load: (key) => test.ask<number>('load', key),
  ttl: '1h',
  tags: (_, key) => [`tag of ${nameOf(key)}`],
});
