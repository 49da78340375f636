/** A key/value store in this process's memory, within a limit if there is to be one. */
import type { Entry } from '../../engine/entry.ts';
import { checkOptions, size, type Size } from '../../engine/options.ts';
import { memory } from '../../stores/memory.ts';
import { storeKeyValues, type StoreKeyValues } from './of-store.ts';

/** Options of {@link memoryKeyValues}. */
export interface MemoryKeyValuesOptions {
  /** The most bytes to hold, keys included: what was used longest ago leaves first. Default no limit in bytes. */
  readonly maxBytes?: Size;
}

const MOST = 2 ** 24; // entries
const OVERHEAD = 200; // bytes of an entry beside its key and its value, about

/**
 * Keep keyframes in memory: they are gone with the process, and stay over `shutdown` and `startup`. The bytes that `get`
 * answers with are those that are kept, so they aren't to be written to.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const keyframes = memoryKeyValues({ maxBytes: '50mb' });
 */
export function memoryKeyValues(options: MemoryKeyValuesOptions = {}): StoreKeyValues {
  checkOptions('memoryKeyValues', options, ['maxBytes']);
  if (options.maxBytes === undefined) return storeKeyValues(memory({ maxEntries: MOST }));
  return storeKeyValues(memory({ maxBytes: size('memoryKeyValues: maxBytes', options.maxBytes), weigh }));
}

function weigh(entry: unknown, key: string): number {
  return (entry as Entry<Uint8Array>).value.length + 2 * key.length + OVERHEAD;
}
