/** What one process times: a cache over Redis, and the bare client that it uses, in turns. */
import { order } from '../rounds.ts';
import type { Bare, Opened, Peer, Value } from './peer.ts';

const KEYS = 10_000;
const READERS = 64;
const HOT = 1000;
const HOT_READS = 50_000;

/** Nanoseconds an operation in one round: the cache's, and those of what it is compared with. */
export interface Times {
  readonly bareHits: number;
  readonly hits: number;
  readonly bareMisses: number;
  readonly misses: number;
  readonly asyncMap: number;
  /** None where nothing is kept in memory. */
  readonly memory?: number;
}

/** A filled server, and rounds over it. */
export class Speeds {
  readonly #peer: Peer;
  readonly #port: number;
  readonly #source: readonly Value[];
  readonly #bare: Bare;
  readonly #keys = Array.from({ length: KEYS }, (_, i) => `key:${i}`);
  readonly #hot: readonly string[] = order(this.#keys.slice(0, HOT));
  readonly #map: ReadonlyMap<string, Value>;
  #round = 0;
  #loads = 0;

  private constructor(peer: Peer, port: number, source: readonly Value[], bare: Bare) {
    this.#peer = peer;
    this.#port = port;
    this.#source = source;
    this.#bare = bare;
    this.#map = new Map(this.#keys.map((key) => [key, this.#valueOf(key)]));
  }

  /** The cache's entries and plain JSON texts of the same values are there afterwards. */
  static async over(peer: Peer, port: number, source: readonly Value[]): Promise<Speeds> {
    const speeds = new Speeds(peer, port, source, await peer.bare(port));
    const filler = await speeds.#open();
    await each(speeds.#keys, (key) => filler.get(key));
    await filler.close();
    await each(speeds.#keys, (key) => speeds.#bare.set(`bare:${key}`, JSON.stringify(speeds.#valueOf(key))));
    return speeds;
  }

  /** One time each, a new instance of the cache with nothing in memory each time. */
  async round(): Promise<Times> {
    const round = this.#round++;
    const bareHits = await each(this.#keys, async (key) => JSON.parse((await this.#bare.get(`bare:${key}`))!) as Value);
    const reader = await this.#open();
    await reader.get('first');
    this.#loads = 0;
    const hits = await each(this.#keys, (key) => reader.get(key));
    if (this.#loads > 0) throw new Error(`${this.#loads} of ${KEYS} hits were loads`);
    const memory = reader.memory ? { memory: await this.#inMemory(reader) } : {};
    const asyncMap = await this.#inMap();
    const fresh = this.#keys.map((key) => `${round}:${key}`);
    const misses = await each(fresh, (key) => reader.get(key));
    if (this.#loads !== KEYS) throw new Error(`${this.#loads} loads for ${KEYS} misses`);
    await reader.close();
    const bareMisses = await each(fresh, async (key) => {
      if ((await this.#bare.get(`bare:${key}`)) === null)
        await this.#bare.set(`bare:${key}`, JSON.stringify(this.#valueOf(key)));
    });
    return { bareHits, hits, bareMisses, misses, asyncMap, ...memory };
  }

  #open(): Promise<Opened> {
    return this.#peer.open({ port: this.#port, setup: 'documented', load: this.#load });
  }

  readonly #load = async (key: string): Promise<Value> => {
    this.#loads++;
    return this.#valueOf(key);
  };

  #valueOf(key: string): Value {
    return this.#source[Number(key.slice(key.lastIndexOf(':') + 1)) % this.#source.length] ?? this.#source[0];
  }

  async #inMemory(reader: Opened): Promise<number> {
    const begin = process.hrtime.bigint();
    for (let i = 0; i < HOT_READS; i++) await reader.get(this.#hot[i]);
    const ns = Number(process.hrtime.bigint() - begin) / HOT_READS;
    if (this.#loads > 0) throw new Error(`${this.#loads} hits in memory were loads`);
    return ns;
  }

  async #inMap(): Promise<number> {
    const get = async (key: string) => this.#map.get(key);
    const begin = process.hrtime.bigint();
    for (let i = 0; i < HOT_READS; i++) await get(this.#hot[i]);
    return Number(process.hrtime.bigint() - begin) / HOT_READS;
  }
}

/** Do the same to each key, by many readers at a time; nanoseconds for one. */
async function each(keys: readonly string[], run: (key: string) => Promise<unknown>): Promise<number> {
  let next = 0;
  const reader = async () => {
    while (next < keys.length) await run(keys[next++]);
  };
  const begin = process.hrtime.bigint();
  await Promise.all(Array.from({ length: READERS }, reader));
  return Number(process.hrtime.bigint() - begin) / keys.length;
}
