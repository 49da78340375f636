/** A store of bytes over a `Map`, which a test can spoil: one method replaced, the rest as it should be. */
import { decodeEntry, encodeEntry, type Entry, type Store, type Stored } from 'tidemark';
import { jsonCodec } from 'tidemark/codecs/json';

/** A store of bytes that keeps the whole contract, synchronously. */
export interface BytesStore extends Store {
  readonly bytes: Map<string, Uint8Array>;
  readonly getMany: (keys: readonly string[]) => (Entry | undefined)[];
  readonly setMany: (records: readonly Stored[]) => boolean[];
  readonly deleteMany: (keys: readonly string[]) => void;
  readonly clear: () => void;
}

/** A store of bytes; on the given ones if it is opened again. */
export function bytesStore(bytes: Map<string, Uint8Array> = new Map()): BytesStore {
  return {
    name: 'bytes',
    sync: true,
    bytes,
    getMany: (keys) =>
      keys.map((key) => {
        const found = bytes.get(key);
        return found && decodeEntry(found, jsonCodec);
      }),
    setMany: (records) => {
      const encoded = records.map(({ key, entry }) => [key, encodeEntry(entry, jsonCodec)] as const);
      for (const [key, entry] of encoded) bytes.set(key, entry);
      return records.map(() => true);
    },
    deleteMany: (keys) => {
      for (const key of keys) bytes.delete(key);
    },
    clear: () => bytes.clear(),
  };
}
