/**
 * How keys are called on the server: `<prefix>:{log}:…` for the log, `<prefix>:{<path>}…` for what belongs to one entry. What
 * stands in braces decides where in a cluster a key lies, so the whole log is in one slot, and an entry beside its lease and
 * its fence.
 */

/** The names of one prefix. No prefix holds a brace, and no path begins with `log`, so no two names are alike. */
export class Keyspace {
  /** The keys that every script of the log is given, in this order: meta, stream, two tables of stamps, rules. */
  readonly log: readonly string[];
  readonly meta: string;
  readonly stream: string;
  /** Leases that ended while somebody waited for them. */
  readonly wakes: string;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    const named = (name: string) => `${prefix}:{log}:${name}`;
    this.log = ['meta', 'stream', 'stamps:0', 'stamps:1', 'rules'].map(named);
    [this.meta, this.stream] = this.log;
    this.wakes = named('wakes');
  }

  /** An entry, under the storage key's path and version. */
  entry(storageKey: string): string {
    const end = storageKey.lastIndexOf('~');
    return this.#at(storageKey.slice(0, end)) + storageKey.slice(end + 1);
  }

  lease(storageKey: string): string {
    const end = storageKey.lastIndexOf('~');
    return this.#at(storageKey.slice(0, end)) + 'l' + storageKey.slice(end + 1);
  }

  /** Where a cluster remembers the last change of the key with this encoded path. */
  fence(path: string): string {
    return this.#at(path) + 'f';
  }

  /** A pattern of `SCAN` for all that belongs to entries. */
  get entries(): string {
    return this.#prefix.replace(/[*?[\]\\]/g, String.raw`\$&`) + ':{[/!]*';
  }

  /** Is this the key of an entry, and not of its lease or its fence? */
  isEntry(key: string): boolean {
    return /\}(v\d+|a)$/.test(key);
  }

  #at(path: string): string {
    return `${this.#prefix}:{${nameOf(path)}}`;
  }
}

/** A name as text that UTF-8 can carry: one with a lone surrogate is spelled out. */
export function nameOf(name: string): string {
  return LONE.test(name) ? '!' + JSON.stringify(name) : name;
}

const LONE = /\p{Surrogate}/u; // in unicode mode it sees lone surrogates only
