/** Records in memory, within a limit of bytes: who was used longest ago leaves first. */
import { checkOptions, size, type Size } from '../../engine/options.ts';
import type { HttpRecord, HttpStore } from './http-store.ts';

/** Options of {@link memoryHttpStore}. */
export interface MemoryHttpStoreOptions {
  /** The most bytes of bodies, fields and keys together. Default `'64mb'`. */
  readonly maxBytes?: Size;
}

/** What a record costs beside what is in it. */
const OVERHEAD = 512;

/** A store for one process. Throws `bad_option`. */
export function memoryHttpStore(options: MemoryHttpStoreOptions = {}): HttpStore {
  checkOptions('memoryHttpStore', options, ['maxBytes']);
  const limit = size('memoryHttpStore: maxBytes', options.maxBytes ?? '64mb');
  const kept = new Map<string, { readonly record: HttpRecord; readonly bytes: number }>();
  let total = 0;

  const remove = (key: string): void => {
    total -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
  };

  return {
    get(key) {
      const found = kept.get(key);
      if (!found) return undefined;
      kept.delete(key);
      kept.set(key, found);
      return found.record;
    },
    put(key, record) {
      remove(key);
      const bytes = bytesOf(key, record);
      if (bytes > limit) return;
      for (const oldest of kept.keys()) {
        if (total + bytes <= limit) break;
        remove(oldest);
      }
      kept.set(key, { record, bytes });
      total += bytes;
    },
    delete: remove,
  };
}

function bytesOf(key: string, { variants }: HttpRecord): number {
  let bytes = OVERHEAD + 2 * key.length;
  for (const { headers, selection, body } of variants) {
    bytes += OVERHEAD + body.byteLength;
    for (const [name, value] of [...headers, ...selection]) bytes += 2 * (name.length + (value?.length ?? 0));
  }
  return bytes;
}
