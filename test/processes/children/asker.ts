/** Asks a cache for keys whose values only the test knows, so that the test sees every load. */
import { type Clock, createCache, memory, systemClock } from 'tidemark';
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { given, serve } from './meeting.ts';

/** What an asker is given. */
export interface AskerOptions {
  readonly path: string;
}

/** A time that stands still: no lease ends by itself, only by being released or by the death of its holder. */
const NOON: Clock = { now: () => 1_800_000_000_000, after: (ms, task) => systemClock.after(ms, task) };

const backend = lmdbBackend({ path: (given() as AskerOptions).path, clock: NOON });
const cache = createCache({ tiers: [memory(), { store: backend, timeout: '1m' }], clock: NOON });

const test = serve({
  /** Begin to read a key; the answer comes at once. */
  begin: ({ key }: { readonly key: string }) => void reads.set(key, values.get(key)),
  /** What the read of a key came to. */
  finish: ({ key }: { readonly key: string }) => reads.get(key),
  leave: () => cache.close(),
});
const values = cache.define<string>('value', { load: (key) => test.ask<string>('load', { key }) });
const reads = new Map<string, Promise<string>>();
