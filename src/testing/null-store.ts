/** A store that keeps nothing, and says so. */
import type { Entry } from '../engine/entry.ts';
import type { Store, Stored } from '../engine/store.ts';

/** For tests of what happens when no tier ever has anything. */
export function nullStore(): Store {
  return {
    name: 'null',
    sync: true,
    getMany: (keys: readonly string[]): (Entry | undefined)[] => keys.map(() => undefined),
    setMany: (records: readonly Stored[]) => records.map(() => false),
    deleteMany: () => {},
    clear: () => {},
  };
}
