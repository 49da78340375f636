/** Tables as a backend: entries, log and leases in one database, checked against each other in one statement. */
import { type Backend, everyDependency } from '../../engine/backend.ts';
import { type Codec, decodeEntry, encodeEntry } from '../../engine/codec.ts';
import type { Entry } from '../../engine/entry.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { LazyAbort } from '../../engine/lazy-abort.ts';
import type { Call, Stored } from '../../engine/store.ts';
import type { Connection } from './connection.ts';
import { LeaseRows } from './leases.ts';
import type { Listening } from './listening.ts';
import { SqlLog, type SqlLogOptions } from './log.ts';
import { restOf, rowOf } from './names.ts';
import { type Candidate, Putting } from './putting.ts';

/** A backend in a database. */
export interface SqlBackend extends Backend {
  readonly log: SqlLog;
  readonly leases: LeaseRows;
  /** Make the tables now, where they are missing. With `migrations: 'auto'` the first use does it. */
  migrate(): Promise<void>;
  /**
   * Say that the database has been put back to an earlier state, as after a restore from a copy: every cache drops what it
   * holds from it. Where the database shows that by itself, as Postgres mostly does, nobody has to say it.
   */
  newIncarnation(): Promise<void>;
}

/** What a backend works with. */
export interface TablesOptions extends SqlLogOptions {
  readonly name: string;
  readonly codec: Codec;
  readonly listening: Listening | undefined;
  /** The most bytes of an entry: a larger one isn't kept. */
  readonly largest: number;
}

const SWEEP_EVERY = 200; // entries stored

/** The backend of one connection. */
export class Tables implements SqlBackend {
  readonly name: string;
  readonly sync = false;
  readonly log: SqlLog;
  readonly leases: LeaseRows;
  readonly #connection: Connection;
  readonly #codec: Codec;
  readonly #listening: Listening | undefined;
  readonly #putting: Putting;
  #unswept = SWEEP_EVERY; // so that what lives for one request only sweeps, too

  constructor(options: TablesOptions) {
    const { name, codec, connection, listening, largest } = options;
    this.name = name;
    this.#connection = connection;
    this.#codec = codec;
    this.#listening = listening;
    this.log = new SqlLog(options);
    this.leases = new LeaseRows(connection, listening);
    this.#putting = new Putting(connection, largest);
  }

  async getMany(keys: readonly string[], call: Call): Promise<readonly (Entry | undefined)[]> {
    if (keys.length === 0) return [];
    const asked = JSON.stringify(keys.map(rowOf));
    const rows = await this.#connection.run(this.#connection.statements.get, [asked], call);
    const found = new Map(rows.map((row) => [row.key, row]));
    return keys.map((key) => {
      const row = found.get(rowOf(key));
      return row && row.whole === restOf(key) ? this.#entryOf(bytesIn(row.bytes)) : undefined;
    });
  }

  /** An entry of another codec or release is a miss. */
  #entryOf(bytes: Uint8Array): Entry | undefined {
    try {
      return decodeEntry(bytes, this.#codec);
    } catch (error) {
      if (error instanceof TidemarkError && error.code === 'bad_bytes') return undefined;
      throw error;
    }
  }

  async setMany(records: readonly Stored[], call: Call): Promise<readonly boolean[]> {
    const candidates = records.map(({ key, entry }): Candidate => ({
      row: rowOf(key),
      whole: restOf(key),
      bytes: encodeEntry(entry, this.#codec),
      entry,
      names: everyDependency(key, entry),
      ruled: entry.mark,
    }));
    const kept = await this.#putting.put(candidates, call);
    this.#unswept += records.length;
    if (this.#unswept >= SWEEP_EVERY) await this.#sweep(call);
    return candidates.map((candidate) => kept.has(candidate));
  }

  /** Remove what has ended, at least as fast as new entries come. */
  async #sweep(call: Call): Promise<void> {
    this.#unswept = 0;
    const { statements } = this.#connection;
    try {
      await this.#connection.run(statements.sweepEntries, [], call);
      await this.#connection.run(statements.sweepLeases, [], call);
    } catch {
      // what was to be stored is stored; the rest is for the next time
    }
  }

  async deleteMany(keys: readonly string[], call: Call): Promise<void> {
    if (keys.length === 0) return;
    await this.#connection.run(this.#connection.statements.delete, [JSON.stringify(keys.map(rowOf))], call);
  }

  async clear(call: Call): Promise<void> {
    await this.#connection.run(this.#connection.statements.clear, [], call);
  }

  migrate(): Promise<void> {
    return this.#connection.migrate();
  }

  newIncarnation(): Promise<void> {
    return this.#connection.newIncarnation(new LazyAbort());
  }

  async close(): Promise<void> {
    await this.#listening?.close();
  }
}

/** Bytes as clients answer with them: as they are, as a buffer, or as numbers. */
function bytesIn(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return value instanceof ArrayBuffer ? new Uint8Array(value) : Uint8Array.from(value as ArrayLike<number>);
}
