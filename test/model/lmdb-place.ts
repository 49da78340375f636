/** The place that a schedule's processes share, as a real LMDB file: each has an opening of its own, with its own snapshots. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend, Leases, Position } from 'tidemark';
import { type LmdbBackend, lmdbBackend } from 'tidemark/backends/lmdb';
import { carried, type Faults, type Link, type Place, type Site } from 'tidemark/testing';

const CALL = { signal: new AbortController().signal };
const folder = mkdtempSync(join(tmpdir(), 'tidemark-model-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

let places = 0;

/** A file, and what a schedule does to it. */
export class LmdbPlace implements Place {
  /** The file forgets by itself, as its limits say; nothing in it is found by listing, so nothing can be evicted. */
  readonly faults: Faults = { flush: () => this.#replace() };
  readonly #site: Site;
  readonly #sync: boolean;
  readonly #openings = new Map<unknown, LmdbBackend>();
  readonly #closing: Promise<void>[] = [];
  #path = newPath();

  /** `sync`: reads answer at once, as the file's do; otherwise it is treated as if it were far away. */
  constructor(site: Site, { sync }: { readonly sync: boolean }) {
    this.#site = site;
    this.#sync = sync;
  }

  connect(link: Link): Backend {
    return carried(this.#through(link), link, { sync: this.#sync });
  }

  position(): Position {
    return this.#opening(this).log.position(CALL) as Position;
  }

  async close(): Promise<void> {
    this.#leave();
    await Promise.all(this.#closing);
  }

  /** The file is deleted and another one takes its place. */
  #replace(): void {
    this.#leave();
    this.#path = newPath();
  }

  #leave(): void {
    const [path, openings] = [this.#path, [...this.#openings.values()]];
    this.#openings.clear();
    const closed = Promise.all(openings.map((one) => one.close()));
    this.#closing.push(closed.then(() => rmSync(path, { recursive: true, force: true })));
  }

  #opening(whose: unknown): LmdbBackend {
    let opened = this.#openings.get(whose);
    if (!opened) {
      const { limits, clock } = this.#site;
      const small = limits ? { keepStamps: limits.stamps, keepChanges: 3 } : {};
      opened = lmdbBackend({ path: this.#path, clock, sweepEvery: Infinity, ...small });
      this.#openings.set(whose, opened);
    }
    return opened;
  }

  /** An opening of whatever file is there at the moment. */
  #through(link: Link): Backend {
    const opening = () => this.#opening(link);
    const leases: Leases = {
      acquire: async (key, wanted, call) => {
        const held = opening();
        const lease = await held.leases.acquire(key, wanted, call);
        const isOpen = () => [...this.#openings.values()].includes(held);
        return lease && { release: async (later) => (isOpen() ? lease.release(later) : undefined) };
      },
      released: (key, call) => opening().leases.released(key, call),
    };
    return {
      name: 'lmdb',
      sync: true,
      leases,
      get log() {
        return opening().log;
      },
      getMany: (keys, call) => opening().getMany(keys, call),
      setMany: (records, call) => opening().setMany(records, call),
      deleteMany: (keys, call) => opening().deleteMany(keys, call),
      clear: (call) => opening().clear(call),
      commit: (change, records, call) => opening().commit(change, records, call),
    };
  }
}

const newPath = (): string => join(folder, String(++places));
