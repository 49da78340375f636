/** The one small interface that every cache is measured through, and who is there to be measured. */
import { existsSync, readFileSync } from 'node:fs';
import { overIoredis, overNodeRedis } from './tidemark.ts';

/** What is cached in the scenarios and benches: plain data. */
export type Value = object;

/** What a node is opened with. */
export interface Opening {
  /** Where Redis is, on this machine. */
  readonly port: number;
  /** The source of truth. */
  readonly load: (key: string) => Promise<Value>;
  /** A tag that every value then has. */
  readonly tag?: string;
  /**
   * `'documented'`: as the documentation's example has it. `'hardened'`: with every timeout, limit of retries and mode that
   * it offers against a Redis that doesn't answer, and a listener for errors also where it has none.
   */
  readonly setup: 'documented' | 'hardened';
}

/** A cache in one process: memory, Redis and whatever tells the other processes, as far as it has them. */
export interface Opened {
  /** Whether it keeps values in memory, above Redis. */
  readonly memory: boolean;
  get(key: string): Promise<Value>;
  /** May answer with a text that says how far it got. */
  delete(key: string): Promise<unknown>;
  invalidateTag?(tag: string): Promise<unknown>;
  close(): unknown;
}

/** A client by itself, of the kind and version that the cache uses: the yardstick. */
export interface Bare {
  get(key: string): Promise<string | null>;
  set(key: string, text: string): Promise<unknown>;
  close(): unknown;
}

/** A cache library. */
export interface Peer {
  /** The packages whose versions say what was measured: the cache first, the client last. */
  readonly packages: readonly string[];
  open(opening: Opening): Promise<Opened>;
  bare(port: number): Promise<Bare> | Bare;
}

const OURS: Readonly<Record<string, Peer>> = { tidemark: overNodeRedis, 'tidemark-ioredis': overIoredis };
const THEIRS = ['bentocache', 'cacheable', 'cache-manager', 'layered-loader', 'async-cache-dedupe'];

// From the compiled program's place.
const ROOT = new URL('../../../', import.meta.url);
const FOLDER = new URL('bench/peers/', ROOT);

/** Whether the other caches are installed. */
export const installed: boolean = existsSync(new URL('node_modules/', FOLDER));

/** The names of all that can be measured, ours first. */
export const names: readonly string[] = [...Object.keys(OURS), ...(installed ? THEIRS : [])];

/** A peer by its name. */
export async function peerOf(name: string): Promise<Peer> {
  if (Object.hasOwn(OURS, name)) return OURS[name];
  const adapter = (await import(new URL(`${name}.mjs`, FOLDER).href)) as { readonly peer: Peer };
  return adapter.peer;
}

/** What was measured: names and versions of a peer's packages, as they are installed. */
export async function versionsOf(name: string): Promise<readonly string[]> {
  const root = Object.hasOwn(OURS, name) ? ROOT : FOLDER;
  const { packages } = await peerOf(name);
  return packages.map((one) => {
    const file = one === 'tidemark' ? 'package.json' : `node_modules/${one}/package.json`;
    const found = JSON.parse(readFileSync(new URL(file, root), 'utf8')) as { readonly name: string; version: string };
    return `${found.name} ${found.version}`;
  });
}

/** A peer as tables call it. */
export async function titleOf(name: string): Promise<string> {
  const versions = await versionsOf(name);
  return `${versions[0]} over ${versions.at(-1)}`;
}
