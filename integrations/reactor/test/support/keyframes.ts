/** Keyframes in memory, which outlive the caches that write them. */
import type { KeyValueStore } from 'tidemark/documents';

export interface KeptKeyframes extends KeyValueStore {
  /** By key. */
  readonly kept: ReadonlyMap<string, Uint8Array>;
}

export function keptKeyframes(): KeptKeyframes {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    get: (key) => Promise.resolve(kept.get(key)),
    put: (key, value) => Promise.resolve(void kept.set(key, value)),
    delete: (key) => Promise.resolve(void kept.delete(key)),
    clear: () => Promise.resolve(kept.clear()),
    startup: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}
