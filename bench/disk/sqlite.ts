/** SQLite, through Node's own door where this Node has it, or better-sqlite3 where it is installed. */
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import { nameOf, type OpenDisk, type Survives } from './disk.ts';

interface Statement {
  run(...values: unknown[]): unknown;
  get(...values: unknown[]): unknown;
  iterate(...values: unknown[]): Iterable<unknown>;
}

interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): void;
}

type Constructor = new (path: string) => Database;

/** Where it may come from. Names that the compiler doesn't follow: neither has to be there. */
const DOORS = {
  'node:sqlite': (door: { readonly DatabaseSync: Constructor }) => door.DatabaseSync,
  'better-sqlite3': (door: { readonly default: Constructor }) => door.default,
} as const;

const packr = new Packr();

/** SQLite with a write-ahead log, values as MessagePack, and prepared statements. */
export function sqlite(door: keyof typeof DOORS, survives: Survives): OpenDisk {
  return async (path) => {
    const module = await import(door).catch(() => undefined);
    if (!module) return `${door} is not there`;
    const db = new (DOORS[door](module as never))(join(path, 'rows.sqlite'));
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${survives === 'process' ? 'NORMAL' : 'FULL'};`);
    db.exec('CREATE TABLE rows (key TEXT PRIMARY KEY, value BLOB, until INTEGER) WITHOUT ROWID');
    const put = db.prepare('INSERT OR REPLACE INTO rows VALUES (?, ?, ?)');
    const get = db.prepare('SELECT value, until FROM rows WHERE key = ?');
    const range = db.prepare('SELECT value FROM rows WHERE key >= ? AND key < ?');
    const remove = db.prepare('DELETE FROM rows WHERE key = ?');
    const valueOf = (row: unknown) => packr.unpack((row as { readonly value: Uint8Array }).value) as object;
    const store = (key: string, value: object, ttl: number | undefined) =>
      put.run(key, packr.pack(value), ttl === undefined ? null : Date.now() + ttl);
    return {
      name: `${door}, ${survives === 'process' ? 'NORMAL' : 'FULL'}`,
      survives,
      set: ({ whole }, value, ttl) => void store(whole, value, ttl),
      batch(steps, ttl) {
        db.exec('BEGIN');
        for (const { key, value } of steps) void (value ? store(key.whole, value, ttl) : remove.run(key.whole));
        db.exec('COMMIT');
      },
      get({ whole }) {
        const row = get.get(whole) as { readonly until: number | null } | undefined;
        return row && (row.until === null || row.until > Date.now()) ? valueOf(row) : undefined;
      },
      scan(namespace) {
        let rows = 0;
        const name = nameOf(namespace);
        for (const row of range.iterate(`${name}:`, `${name};`)) if (valueOf(row)) rows++;
        return rows;
      },
      delete: ({ whole }) => void remove.run(whole),
      close: () => db.close(),
    };
  };
}
