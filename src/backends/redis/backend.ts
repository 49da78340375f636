/** Redis as a backend: entries, log and leases in the keys of one prefix. */
import { everyDependency } from '../../engine/backend.ts';
import type { Clock } from '../../engine/clock.ts';
import { type Codec, decodeEntry, encodeEntry } from '../../engine/codec.ts';
import type { Entry } from '../../engine/entry.ts';
import type { Call, Stored } from '../../engine/store.ts';
import { Bell } from './bell.ts';
import { Connection } from './connection.ts';
import { PUT_FENCED } from './entry-scripts.ts';
import { Keyspace, nameOf } from './keys.ts';
import { RedisLeases } from './leases.ts';
import type { Connector, Reply, Send } from './link.ts';
import { type LogLimits, RedisLog } from './log.ts';
import { PUT } from './log-scripts.ts';
import type { RedisBackend, RedisStats } from './offer.ts';
import { listOf, numberOf, textOf } from './reply.ts';

/** The door's options, checked and with nothing left open. Times in milliseconds. */
export interface BackendSettings {
  readonly name: string;
  readonly connector: Connector;
  readonly prefix: string;
  readonly codec: Codec;
  readonly limits: LogLimits;
  /** The longest that an entry is kept. */
  readonly maxLife: number;
  readonly clock: Clock;
}

/** An entry on its way to the server. */
interface Ready {
  readonly record: Stored;
  readonly key: string;
  readonly bytes: Uint8Array;
  /** How long it is kept. */
  readonly life: string;
}

const TRIES = 5; // before an entry is refused since rules change all the time
const SCANNED = '1000'; // keys that a server looks at in one step of clearing

/** A backend with two connections of its own: one for commands, one that waits for news. */
export class ServerBackend implements RedisBackend {
  readonly name: string;
  readonly sync = false;
  readonly log: RedisLog;
  readonly leases: RedisLeases;
  readonly #settings: BackendSettings;
  readonly #keyspace: Keyspace;
  readonly #commands: Connection;
  readonly #news: Connection;
  readonly #bell: Bell;
  #damaged = 0;

  constructor(settings: BackendSettings) {
    const { name, connector, prefix, limits, clock } = settings;
    const keyspace = new Keyspace(prefix);
    const connection = new Connection(connector, clock);
    this.name = name;
    this.#settings = settings;
    this.#keyspace = keyspace;
    this.#commands = connection;
    this.#news = new Connection(connector, clock);
    const bell = (this.#bell = new Bell(this.#news, keyspace, clock));
    this.log = new RedisLog({ connection, keyspace, bell, clock, limits });
    this.leases = new RedisLeases({ connection, keyspace, bell, clock, life: limits.life });
  }

  async getMany(keys: readonly string[], call: Call): Promise<readonly (Entry | undefined)[]> {
    if (keys.length === 0) return [];
    const names = keys.map((key) => this.#keyspace.entry(key));
    const replies = this.#commands.cluster
      ? await Promise.all(names.map((name) => this.#commands.command(['GET', name], name, call)))
      : listOf(await this.#commands.command(['MGET', ...names], names[0], call));
    return replies.map((reply) => this.#entryOf(reply));
  }

  #entryOf(reply: Reply): Entry | undefined {
    if (!(reply instanceof Uint8Array)) return undefined;
    try {
      return decodeEntry(reply, this.#settings.codec);
    } catch {
      this.#damaged++; // a miss: what is loaded takes its place
      return undefined;
    }
  }

  async setMany(records: readonly Stored[], call: Call): Promise<readonly boolean[]> {
    const ready = records.map((record) => this.#prepare(record));
    const overtaken = this.#commands.cluster ? await this.#overtaken(records, call) : undefined;
    return Promise.all(
      ready.map(async (one, i) => {
        if (!overtaken) return this.#put(one, call);
        return !overtaken[i] && this.#putFenced(one, call);
      }),
    );
  }

  #prepare(record: Stored): Ready {
    const { codec, clock, maxLife } = this.#settings;
    const life = Math.min(record.entry.keptUntil - clock.now(), maxLife);
    return {
      record,
      key: this.#keyspace.entry(record.key),
      bytes: encodeEntry(record.entry, codec),
      life: String(Math.max(1, Math.ceil(life))),
    };
  }

  /** Compare an entry with the log and store it, in one step. */
  async #put({ record, key, bytes, life }: Ready, call: Call): Promise<boolean> {
    const { incarnation, mark } = record.entry;
    const names = everyDependency(record.key, record.entry);
    const own = [incarnation, String(mark)];
    for (let tries = 0; tries < TRIES; tries++) {
      const { rules } = this.log;
      if (rules.incarnation === incarnation && names.some((name) => rules.stampOf(name, mark) > mark)) return false;
      const args = [...own, rules.version, life, bytes, ...names.map(nameOf)];
      const reply = await this.log.step(PUT, [key], args, call);
      if (!Array.isArray(reply)) return numberOf(reply) === 1;
      this.log.learn(reply);
    }
    return false;
  }

  /** In a cluster: which entries their log has overtaken, asked for all at once. */
  async #overtaken(records: readonly Stored[], call: Call): Promise<readonly boolean[]> {
    const names = records.map(({ key, entry }) => everyDependency(key, entry));
    const all = [...new Set(names.flat())];
    const { incarnation, stamps } = await this.log.stamps(all, call);
    const stampOf = new Map(all.map((name, i) => [name, stamps[i]]));
    return records.map(
      ({ entry }, i) => entry.incarnation !== incarnation || names[i].some((name) => stampOf.get(name)! > entry.mark),
    );
  }

  /** In a cluster: store an entry that was found right a moment ago, unless its key has changed since. */
  async #putFenced({ record, key, bytes, life }: Ready, call: Call): Promise<boolean> {
    const { incarnation, mark } = record.entry;
    const fence = this.#keyspace.fence(record.key.slice(0, record.key.lastIndexOf('~')));
    const args = [incarnation, String(mark), life, bytes];
    return numberOf(await PUT_FENCED.run(this.#commands, [key, fence], args, call)) === 1;
  }

  async deleteMany(keys: readonly string[], call: Call): Promise<void> {
    if (keys.length === 0) return;
    const names = keys.map((key) => this.#keyspace.entry(key));
    if (this.#commands.cluster)
      await Promise.all(names.map((name) => this.#commands.command(['UNLINK', name], name, call)));
    else await this.#commands.command(['UNLINK', ...names], names[0], call);
  }

  /** Looks at every key of every server: meant for who starts afresh, not for whoever has something to invalidate. */
  async clear(call: Call): Promise<void> {
    const servers = await this.#commands.servers(call);
    await Promise.all(servers.map((send) => this.#clearServer(send, call)));
  }

  async #clearServer(send: Send, { signal }: Call): Promise<void> {
    let cursor = '0';
    do {
      signal.throwIfAborted();
      const [next, found] = listOf(await send(['SCAN', cursor, 'MATCH', this.#keyspace.entries, 'COUNT', SCANNED]));
      const names = listOf(found)
        .map(textOf)
        .filter((name) => this.#keyspace.isEntry(name));
      await Promise.all(names.map((name) => send(['UNLINK', name]))); // one by one: in a cluster each is in a slot of its own
      cursor = textOf(next);
    } while (cursor !== '0');
  }

  stats(): RedisStats {
    const { unanswered, renewals } = this.#commands;
    return { unanswered, renewals: renewals + this.#news.renewals, damaged: this.#damaged };
  }

  close(): void {
    this.#bell.close();
    this.#news.close();
    this.#commands.close();
  }
}
