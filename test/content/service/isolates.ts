/** Isolates of a Worker: each has a cache and services of its own, over one KV namespace and one log. */
import { type Cache, type CacheOptions, createCache, memory } from 'tidemark';
import { type CacheServices, type CacheServicesOptions, createCacheServices } from 'tidemark/content/service';
import { workersKv } from 'tidemark/stores/workers-kv';
import {
  laggingKv,
  type LaggingKv,
  type LaggingKvOptions,
  type ManualClock,
  manualClock,
  sharedBackend,
  SharedSpace,
} from 'tidemark/testing';

export interface Isolate {
  readonly cache: Cache;
  readonly services: CacheServices;
  /** All that it has put into KV is there. */
  readonly settle: () => Promise<void>;
}

export interface World {
  readonly clock: ManualClock;
  readonly kv: LaggingKv;
  /** Changes in the log. */
  readonly changes: () => number;
  /** Another isolate, in a location of its own. */
  readonly isolate: (options?: Partial<CacheServicesOptions & Pick<CacheOptions, 'consistency'>>) => Isolate;
}

/** Nothing of KV comes late unless it is told to. Reads ask the log first, so that no test has to wait for news. */
export function world(lags: Partial<LaggingKvOptions> = {}): World {
  const clock = manualClock();
  const kv = laggingKv({ clock, maxLag: 0, homeLag: 0, cached: 0, ...lags });
  const space = new SharedSpace({ clock });
  let isolates = 0;
  return {
    clock,
    kv,
    changes: () => space.position.head,
    isolate: ({ consistency = 'strong', ...options } = {}) => {
      const namespace = kv.invocation(`location ${++isolates}`);
      const work: Promise<unknown>[] = [];
      const store = workersKv({ namespace, clock, defer: (one) => void work.push(one) });
      const { log } = sharedBackend({ space });
      const cache = createCache({ name: 'cms', clock, log, tiers: [memory(), store], consistency });
      const settle = async () => {
        for (let left = work.length; left > 0; left = work.length) {
          if (store.usage.waiting > 0) await clock.advanceAsync(1000);
          await Promise.all(work.splice(0, left));
        }
      };
      return { cache, services: createCacheServices({ cache, clock, ...options }), settle };
    },
  };
}

/** One cache in memory alone. */
export function alone(options: Partial<CacheServicesOptions> = {}): Isolate & { readonly clock: ManualClock } {
  const clock = manualClock();
  const cache = createCache({ name: 'cms', clock, tiers: [memory()] });
  return { clock, cache, services: createCacheServices({ cache, clock, ...options }), settle: async () => {} };
}
