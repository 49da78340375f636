/** The collections that every cache of a simulation defines: without end, with ages, in batches, and made from others. */
import type { Cache } from '../../engine/cache.ts';
import type { Collection } from '../../engine/collection.ts';
import type { LoadContext } from '../../engine/context.ts';
import { type Source, TTL, type Value } from './source.ts';
import { type Made, type Place, PLACES } from './truth.ts';

const STALE_FOR = 500;
/** Milliseconds that a value of `aged` may be served beyond its time. */
export const GRACE_FOR = 2000;

/** A collection of the simulation. */
type Values = Collection<Value, readonly string[]>;

/** The collections, by name. */
export type Shelves = Readonly<Record<'plain' | 'aged' | 'brief' | 'sum', Values>>;

/** Define them. `kept` is told of each value that a batch loads how long it is fresh, once the whole batch has ended. */
export function shelvesOf(cache: Cache, source: Source, kept: (made: Made, ttl: number) => void): Shelves {
  const load = (shelf: Place['shelf']) => (key: readonly string[], ctx: LoadContext<Value>) =>
    source.load(placeOf(shelf, key), ctx);
  return {
    plain: cache.define('plain', { load: load('plain'), tags: ({ tags }) => tags }),
    aged: cache.define('aged', {
      load: load('aged'),
      ttl: TTL.aged,
      staleFor: STALE_FOR,
      graceFor: GRACE_FOR,
      negativeTtl: TTL.negative,
      earlyRefresh: true,
      values: 'copied',
      timeout: { soft: 100, hard: 3000 },
    }),
    brief: cache.define('brief', {
      load: load('brief'),
      loadMany: async (keys, ctx) => {
        const loads = keys.map((key, i) => source.load(placeOf('brief', key), ctx.at(i)));
        const ends = await Promise.allSettled(loads);
        for (const [i, end] of ends.entries()) {
          if (end.status === 'rejected') continue;
          const made = typeof end.value === 'symbol' ? ctx.at(i).previous?.value : end.value;
          if (made) kept(made, TTL.brief); // all of a batch end with its last
        }
        return ends.map((end) => (end.status === 'fulfilled' ? end.value : (end.reason as Error)));
      },
      ttl: TTL.brief,
      tags: ({ tags }) => tags,
    }),
    sum: cache.define('sum', { load: load('sum') }),
  };
}

function placeOf(shelf: Place['shelf'], key: string | readonly string[]): Place {
  const path = typeof key === 'string' ? [key] : key;
  return PLACES.find((place) => place.shelf === shelf && place.key.join('/') === path.join('/'))!;
}
