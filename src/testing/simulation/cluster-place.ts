/**
 * A place whose entries live elsewhere than its log, as in a cluster of servers: nothing there checks and stores in one
 * step. Who stores asks the log first, and is held to it by a fence beside each key; a change is appended to the log, and
 * then the fences of the keys that it names are raised. Whatever is lost in between must not make a read wrong.
 */
import { jsonCodec } from '../../codecs/json.ts';
import { type Backend, pathOfStorageKey } from '../../engine/backend.ts';
import { decodeEntry, encodeEntry } from '../../engine/codec.ts';
import { type Dependency, keyDependency } from '../../engine/dependency.ts';
import type { Entry } from '../../engine/entry.ts';
import type { Change, Position } from '../../engine/log.ts';
import type { Chance } from './chance.ts';
import type { Link } from './network.ts';
import { overtaken } from './overtaken.ts';
import type { Faults, Place, Site } from './place.ts';
import { SharedPlace } from './shared-place.ts';

/** Entries and fences by key, each on a server of its own. */
class Shards {
  #entries: Map<string, Uint8Array> = new Map();
  readonly #fences = new Map<Dependency, Position>();
  #copy: Map<string, Uint8Array> = new Map();

  get(key: string): Entry | undefined {
    const bytes = this.#entries.get(key);
    return bytes && decodeEntry(bytes, jsonCodec);
  }

  /** Store an entry unless the fence beside its key is beyond it. */
  put(key: string, entry: Entry): boolean {
    const fence = this.#fences.get(keyDependency(pathOfStorageKey(key)));
    if (fence && fence.incarnation === entry.incarnation && fence.head > entry.mark) return false;
    this.#entries.set(key, encodeEntry(entry, jsonCodec));
    return true;
  }

  raise(name: Dependency, to: Position): void {
    const fence = this.#fences.get(name);
    if (!fence || fence.incarnation !== to.incarnation || fence.head < to.head) this.#fences.set(name, to);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  backup(): void {
    this.#copy = new Map(this.#entries);
  }

  restore(): void {
    this.#entries = new Map(this.#copy);
  }

  /** An entry is lost, or a fence. */
  evict(chance: Chance): void {
    const from: Map<string, unknown> = chance.once(2) ? this.#entries : this.#fences;
    if (from.size > 0) from.delete(chance.pick([...from.keys()]));
  }
}

/** A log on one server, entries on others. */
export class ClusterPlace implements Place {
  readonly faults: Faults;
  readonly #center: SharedPlace;
  readonly #shards = new Shards();

  constructor(site: Site) {
    this.#center = new SharedPlace(site);
    const { faults } = this.#center;
    this.faults = {
      ...faults,
      backup: (chance) => {
        faults.backup?.(chance);
        this.#shards.backup();
      },
      restore: (chance) => {
        if (chance.once(2)) faults.restore?.(chance); // some of the servers restart, or all
        this.#shards.restore();
      },
      evict: (chance) => this.#shards.evict(chance),
    };
  }

  position(): Position {
    return this.#center.position();
  }

  connect(link: Link): Backend {
    const shards = this.#shards;
    const center = this.#center.connect(link);
    return {
      ...center,
      name: 'cluster',
      log: {
        ...center.log,
        append: async (change, call) => {
          const position = await center.log.append(change, call);
          const raised = keysOf(change).map((name) => link.send('fence', () => shards.raise(name, position)));
          await Promise.allSettled(raised);
          return position;
        },
      },
      getMany: (keys) => Promise.all(keys.map((key) => link.send('getMany', () => shards.get(key)))),
      setMany: async (records, call) => {
        const verdicts = await overtaken(center.log, records, call);
        return Promise.all(
          records.map(async ({ key, entry }, i) =>
            verdicts[i] === 'right' ? link.send('setMany', () => shards.put(key, entry)) : false,
          ),
        );
      },
      deleteMany: async (keys) => {
        await Promise.all(keys.map((key) => link.send('deleteMany', () => shards.delete(key))));
      },
      clear: () => link.send('clear', () => shards.clear()),
    };
  }
}

const keysOf = (change: Change): readonly Dependency[] => change.filter((name) => name.startsWith('='));
