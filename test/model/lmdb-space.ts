/** The place that a schedule's processes share, as a real LMDB file: each has an opening of its own, with its own snapshots. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Change, Entry, Page, Position, Stored } from 'tidemark';
import { type LmdbBackend, lmdbBackend } from 'tidemark/backends/lmdb';
import { sharedBackend } from '../../src/testing/shared-backend.ts';
import { SharedSpace, type SharedSpaceOptions } from '../../src/testing/shared-space.ts';
import type { Engine } from './engine.ts';

const CALL = { signal: new AbortController().signal };
const folder = mkdtempSync(join(tmpdir(), 'tidemark-model-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

let places = 0;

/** What writes at once does so here: alone in its process, every opening takes itself for the only one. */
function now<T>(answer: T | Promise<T>): T {
  if (answer instanceof Promise) throw new Error('an opening that is alone must write at once');
  return answer;
}

/** A file, and what a schedule does to it. */
class LmdbSpace extends SharedSpace {
  readonly #options: SharedSpaceOptions;
  readonly #openings = new Map<object, LmdbBackend>();
  /** Whose opening the present call goes through. */
  caller: object = this;
  #path = this.#anew();

  constructor(options: SharedSpaceOptions = {}) {
    super(options);
    this.#options = options;
  }

  #anew(): string {
    return join(folder, String(++places));
  }

  get #backend(): LmdbBackend {
    const known = this.#openings.get(this.caller);
    if (known) return known;
    const { limits } = this.#options;
    const small = limits ? { keepStamps: limits.stamps, keepChanges: 3 } : {};
    const opened = lmdbBackend({ path: this.#path, clock: this.clock, sweepEvery: Infinity, ...small });
    this.#openings.set(this.caller, opened);
    return opened;
  }

  /** The same place through an opening of its own. */
  opening(): SharedSpace {
    const view = new Proxy(this, {
      get: (space, name) => {
        const value: unknown = Reflect.get(space, name, space);
        const through = <R>(run: () => R): R => {
          const before = space.caller;
          space.caller = view;
          try {
            return run();
          } finally {
            space.caller = before;
          }
        };
        if (typeof value === 'function')
          return (...given: unknown[]) => through(() => Reflect.apply(value as () => unknown, space, given));
        return through(() => Reflect.get(space, name, space) as unknown);
      },
    });
    return view;
  }

  override get position(): Position {
    return now(this.#backend.log.position(CALL));
  }

  override get keys(): string[] {
    return []; // nothing in it is found by listing; what leaves, leaves by `evict` of a known key
  }

  override append(change: Change): Position {
    return now(this.#backend.log.append(change, CALL));
  }

  override commit(change: Change, records: readonly Stored[]): Position {
    return now(this.#backend.commit(change, records, CALL));
  }

  override read(after: number): Page {
    return now(this.#backend.log.read(after, CALL));
  }

  override stamp(dependency: string): number {
    return now(this.#backend.log.stamps([dependency], CALL)).stamps[0];
  }

  override get(key: string): Entry | undefined {
    return now(this.#backend.getMany([key], CALL))[0];
  }

  override put(key: string, entry: Entry): boolean {
    return now(this.#backend.setMany([{ key, entry }], CALL))[0];
  }

  override evict(key: string): void {
    now(this.#backend.deleteMany([key], CALL));
  }

  override clear(): void {
    now(this.#backend.clear(CALL));
  }

  override lease(key: string, ttl: number): (() => void) | undefined {
    const backend = this.#backend;
    const lease = now(backend.leases.acquire(key, ttl, CALL));
    return lease && (() => void (this.#isOpen(backend) && lease.release(CALL)));
  }

  override unleased(key: string): Promise<void> {
    return this.#backend.leases.released(key, { signal: new AbortController().signal }).catch(() => {}); // the file is gone, and the lease with it
  }

  #isOpen(backend: LmdbBackend): boolean {
    return [...this.#openings.values()].includes(backend);
  }

  /** Nobody is woken by what others write to a file. */
  override watch(): () => void {
    return () => {};
  }

  /** The file forgets by itself, as its limits say. */
  override trim(): void {}
  override compact(): void {}

  /** The file is deleted and another one takes its place. */
  override flush(): void {
    void this.close();
    this.#path = this.#anew();
  }

  /** Let go of the file. */
  async close(): Promise<void> {
    const [path, openings] = [this.#path, [...this.#openings.values()]];
    this.#openings.clear();
    await Promise.all(openings.map((one) => one.close()));
    rmSync(path, { recursive: true, force: true });
  }
}

/** The engine with LMDB files as the places that processes share; `ended` lets go of those of the schedules so far. */
export function onLmdb(engine: Engine): { readonly engine: Engine; readonly ended: () => Promise<void> } {
  let spaces: LmdbSpace[] = [];
  class Space extends LmdbSpace {
    constructor(options?: SharedSpaceOptions) {
      super(options);
      spaces.push(this);
    }
  }
  const connect: typeof sharedBackend = ({ space, ...rest }) =>
    sharedBackend({ ...rest, space: (space as LmdbSpace).opening() });
  const ended = async () => {
    await Promise.all(spaces.map((space) => space.close()));
    spaces = [];
  };
  return { engine: { ...engine, SharedSpace: Space, sharedBackend: connect }, ended };
}
