/** lmdb-js by itself, with its own MessagePack: the yardstick. It knows no TTL, checks nothing, counts nothing. */
import { open } from 'lmdb';
import { nameOf, type OpenDisk, type Survives } from './disk.ts';

/** With the calls that its manual shows first: they answer with promises, and a writer's thread does the work. */
export function rawLmdb(survives: Survives): OpenDisk {
  return async (path) => {
    const db = openRaw(path, survives);
    return {
      name: `raw lmdb, ${survives === 'process' ? 'noSync' : 'flushed'}`,
      survives,
      set: ({ whole }, value) => db.put(whole, value),
      batch: (steps) =>
        db.transaction(() => {
          for (const { key, value } of steps) void (value ? db.put(key.whole, value) : db.remove(key.whole));
        }),
      get: ({ whole }) => db.get(whole),
      scan: (namespace) => scan(db, namespace),
      delete: ({ whole }) => db.remove(whole),
      close: () => db.close(),
    };
  };
}

/** With the calls that do everything at once, on this thread: the fastest there is. */
export function rawLmdbSync(survives: Survives): OpenDisk {
  return async (path) => {
    const db = openRaw(path, survives);
    return {
      name: `raw lmdb, ${survives === 'process' ? 'noSync' : 'flushed'}, …Sync`,
      survives,
      set: ({ whole }, value) => db.putSync(whole, value),
      batch: (steps) =>
        db.transactionSync(() => {
          for (const { key, value } of steps) void (value ? db.putSync(key.whole, value) : db.removeSync(key.whole));
        }),
      get: ({ whole }) => db.get(whole),
      scan: (namespace) => scan(db, namespace),
      delete: ({ whole }) => db.removeSync(whole),
      close: () => db.close(),
    };
  };
}

type Raw = ReturnType<typeof openRaw>;

function openRaw(path: string, survives: Survives) {
  return open<object, string>({
    path,
    noSubdir: false,
    encoding: 'msgpack',
    overlappingSync: false,
    noSync: survives === 'process',
  });
}

function scan(db: Raw, namespace: number): number {
  let rows = 0;
  const name = nameOf(namespace);
  for (const { value } of db.getRange({ start: `${name}:`, end: `${name};` })) if (value) rows++;
  return rows;
}
