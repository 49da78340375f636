/** The embedded cache, and a cache of the engine over the LMDB backend alone, as subjects. */
import { createCache } from 'tidemark';
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { openLmdbCache } from 'tidemark/embedded';
import { type Disk, nameOf, NAMESPACES, type OpenDisk, type Survives } from './disk.ts';

/** The embedded cache, a view for each namespace. */
export function embedded(survives: Survives): OpenDisk {
  return async (path) => {
    const cache = await openLmdbCache<object>({ path, durability: survives });
    const views = Array.from({ length: NAMESPACES }, (_, i) => cache.withNamespace(nameOf(i)));
    return {
      name: `tidemark/embedded, '${survives}'`,
      survives,
      set: ({ namespace, id }, value, ttlMs) => views[namespace].set(id, value, { ttlMs }),
      batch: (steps, ttlMs) =>
        views[steps[0].key.namespace].batch(
          steps.map(({ key: { id: key }, value }) =>
            value ? { type: 'put', key, value, ttlMs } : { type: 'del', key },
          ),
        ),
      get: ({ namespace, id }) => views[namespace].get(id),
      async scan(namespace) {
        let rows = 0;
        for await (const [, value] of views[namespace].entries()) if (value) rows++;
        return rows;
      },
      delete: ({ namespace, id }) => views[namespace].del(id),
      close: () => cache.close(),
    };
  };
}

/** The engine with no memory tier: each hit is read from the file, judged, and served. */
export const engine: OpenDisk = async (path) => {
  const cache = createCache({ name: 'bench', tiers: [lmdbBackend({ path })] });
  const parts = Array.from({ length: NAMESPACES }, (_, i) => cache.define<object>(nameOf(i), { values: 'shared' }));
  return {
    name: 'createCache over lmdbBackend alone',
    survives: 'process',
    set: ({ namespace, id }, value, ttl) => parts[namespace].set(id, value, ttl === undefined ? {} : { ttl }),
    get: ({ namespace, id }) => parts[namespace].get(id),
    delete: ({ namespace, id }) => parts[namespace].delete(id),
    close: () => cache.close(),
  } satisfies Disk;
};
