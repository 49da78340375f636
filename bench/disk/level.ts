/** LevelDB through classic-level, where it is installed: by itself, and under a double of level-cache. */
import { Packr } from 'msgpackr';
import { type Disk, nameOf, type OpenDisk } from './disk.ts';

interface Level {
  open(): Promise<void>;
  put(key: string, value: unknown): Promise<void>;
  get(key: string): Promise<unknown>;
  getSync(key: string): unknown;
  del(key: string): Promise<void>;
  batch(operations: readonly object[]): Promise<void>;
  iterator(range: { readonly gte: string; readonly lt: string }): AsyncIterable<[string, unknown]>;
  close(): Promise<void>;
}

async function openLevel(path: string, valueEncoding: unknown): Promise<Level | string> {
  try {
    const { ClassicLevel } = await import('classic-level');
    const db = new ClassicLevel<string, unknown>(path, { valueEncoding: valueEncoding as string }) as unknown as Level;
    await db.open();
    return db;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return 'classic-level is not installed';
    throw error;
  }
}

const packr = new Packr();
const msgpack = {
  name: 'msgpack',
  format: 'buffer',
  encode: (value: unknown) => packr.pack(value),
  decode: (bytes: Buffer) => packr.unpack(bytes) as unknown,
};

/** classic-level with values as MessagePack. `reads` says which of its two ways to get a value is taken. */
export function classicLevel(reads: 'get' | 'getSync'): OpenDisk {
  return async (path) => {
    const db = await openLevel(path, msgpack);
    if (typeof db === 'string') return db;
    const steady: Disk = {
      name: `classic-level, ${reads}`,
      survives: 'process',
      set: ({ whole }, value) => db.put(whole, value),
      batch: (steps) =>
        db.batch(
          steps.map(({ key: { whole: key }, value }) => (value ? { type: 'put', key, value } : { type: 'del', key })),
        ),
      get: reads === 'get' ? ({ whole }) => db.get(whole) : ({ whole }) => db.getSync(whole),
      async scan(namespace) {
        let rows = 0;
        const name = nameOf(namespace);
        for await (const [, value] of db.iterator({ gte: `${name}:`, lt: `${name};` })) if (value) rows++;
        return rows;
      },
      delete: ({ whole }) => db.del(whole),
      close: () => db.close(),
    };
    return steady;
  };
}

/** What level-cache keeps: the value, and until when. */
interface Envelope {
  readonly v: unknown;
  readonly x?: number;
}

const DAY = 24 * 60 * 60 * 1000;
const MARK = '\u241f';

/**
 * A double of level-cache, made after a description of what it does: JSON envelopes, a TTL of a day by default, glued keys,
 * expired entries removed when they are read. Views and checks that cost next to nothing are left out.
 */
export const levelCache: OpenDisk = async (path) => {
  const db = await openLevel(path, 'json');
  if (typeof db === 'string') return db;
  const glued = (namespace: number, id: string) => `${nameOf(namespace)}${MARK}${id}`;
  const wrapped = (v: object, ttl: number): Envelope => ({ v, x: Date.now() + ttl });
  const isOver = ({ x }: Envelope) => x !== undefined && x <= Date.now();
  return {
    name: 'level-cache (a double of it)',
    survives: 'process',
    set: ({ namespace, id }, value, ttl = DAY) => db.put(glued(namespace, id), wrapped(value, ttl)),
    batch: (steps, ttl = DAY) =>
      db.batch(
        steps.map(({ key: { namespace, id }, value }) => {
          const key = glued(namespace, id);
          return value ? { type: 'put', key, value: wrapped(value, ttl) } : { type: 'del', key };
        }),
      ),
    async get({ namespace, id }) {
      const key = glued(namespace, id);
      const found = (await db.get(key)) as Envelope | undefined;
      if (found === undefined) return undefined;
      if (!isOver(found)) return found.v;
      await db.del(key);
      return undefined;
    },
    async scan(namespace) {
      let rows = 0;
      const prefix = nameOf(namespace) + MARK;
      for await (const [, found] of db.iterator({ gte: prefix, lt: prefix + '\uffff' }))
        if (!isOver(found as Envelope)) rows++;
      return rows;
    },
    delete: ({ namespace, id }) => db.del(glued(namespace, id)),
    close: () => db.close(),
  };
};
