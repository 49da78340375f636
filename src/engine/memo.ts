/** A memo for the length of one request: what was read once isn't looked up, waited for or copied again. */
import type { Collection } from './collection.ts';
import type { Core } from './core.ts';
import { type Key, localId } from './key.ts';

/** Reads that remember each other. Made by `cache.memo()`; let go of it with the request. */
export class Memo {
  readonly #core: Core;
  readonly #remembered = new Map<Collection<never>, Map<string, Promise<unknown>>>();
  #seq: number;

  constructor(core: Core) {
    this.#core = core;
    this.#seq = core.stamps.seq;
  }

  /**
   * As the collection's own `get`. The same key gives the same promise, and with `values: 'copied'` the same copy, until
   * anything at all changes: then the memo forgets, so that it is never the reason for a stale read. A failed read isn't
   * remembered.
   */
  get<V, K extends Key>(collection: Collection<V, K>, key: K): Promise<V> {
    const { coarse, stamps } = this.#core;
    coarse.now(); // once in a while this brings news of the log
    if (this.#seq !== stamps.seq) {
      this.#remembered.clear();
      this.#seq = stamps.seq;
    }
    const from = collection as unknown as Collection<never>;
    let keys = this.#remembered.get(from);
    if (!keys) this.#remembered.set(from, (keys = new Map()));
    const id = localId(key);
    const before = keys.get(id);
    if (before) return before as Promise<V>;
    const read = collection.get(key);
    keys.set(id, read);
    read.catch(() => keys.delete(id));
    return read;
  }
}
