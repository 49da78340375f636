/** What a write, or a transaction of writes, says: within the transaction where the log can be part of it, otherwise after it. */
import type { ChangeResult } from '../engine/authority.ts';
import type { Cache } from '../engine/cache.ts';
import type { TransactionChanges } from '../engine/changes-in.ts';
import type { Selector } from '../engine/invalidate.ts';
import type { Key } from '../engine/key.ts';
import type { PatternInput } from '../engine/pattern.ts';

/** What a write changes: the tags that it touches, and what its repository was told to say with it. */
export interface Said {
  readonly tags: readonly string[];
  readonly alongside: () => readonly Selector[];
}

/** The changes of one write or of one transaction. */
export class Announcement {
  readonly cache: Cache;
  readonly #within: boolean;
  readonly #transactions = new Map<unknown, TransactionChanges>();
  readonly #overtaken: TransactionChanges[] = [];
  readonly #later: Said[] = [];
  readonly #listeners: ((result: ChangeResult) => void)[] = [];

  /** `within`: whether the cache's log takes part in the transaction. */
  constructor(cache: Cache, within: boolean) {
    this.cache = cache;
    this.#within = within;
  }

  /** Say a change within a transaction that hasn't been committed. Where the log can't, it is said when that has ended. */
  async say(transaction: unknown, said: Said): Promise<void> {
    if (!this.#within) return this.later(said);
    const selector = merged(said);
    let changes = this.#transactions.get(transaction);
    if (!changes) this.#transactions.set(transaction, (changes = this.cache.changesIn(transaction)));
    await changes.invalidate(selector);
  }

  /**
   * The work is tried again: what was said so far was taken back most likely, but only the log knows. Listeners are told of
   * what is done at last.
   */
  again(): void {
    this.#overtaken.push(...this.#transactions.values());
    this.#transactions.clear();
    this.#listeners.length = 0;
  }

  /** Say a change when all has ended. */
  later(said: Said): void {
    this.#later.push(said);
  }

  /** Call a listener once what was written is published. */
  tell(listener: (result: ChangeResult) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * All has been written, or nobody knows: what was said in transactions is learnt from the log, which knows whether they were
   * committed; what was not is said now, as one change.
   */
  ended(): Promise<ChangeResult> {
    return this.#learn('ended');
  }

  async #learn(how: 'ended' | 'committed'): Promise<ChangeResult> {
    let result: ChangeResult | undefined;
    await Promise.all(this.#overtaken.map((changes) => changes.ended()));
    for (const changes of this.#transactions.values()) result = await changes[how]();
    if (this.#later.length === 0) return result ?? this.cache.invalidate({ tags: [] });
    const later = this.#later.splice(0);
    try {
      return await this.cache.invalidate(merged(...later));
    } catch (error) {
      // What it was to say beside may be no good; that the items have changed must be said all the same.
      await this.cache.invalidate({ tags: later.flatMap(({ tags }) => tags) });
      throw error;
    }
  }

  /** All has been committed: the same, and those who wanted to be told are. */
  async committed(): Promise<ChangeResult> {
    const result = await this.#learn('committed');
    for (const listener of this.#listeners.splice(0)) listener(result);
    return result;
  }
}

/** Everything that was said, as one change. */
function merged(...all: readonly Said[]): Selector {
  const [keys, prefixes, patterns, tags]: [Key[], Key[], PatternInput[], string[]] = [[], [], [], []];
  let others: Selector = {};
  for (const selector of all.flatMap((said) => [{ tags: said.tags }, ...said.alongside()])) {
    const { key, prefix, pattern, ...more }: Selector = selector;
    keys.push(...(key === undefined ? [] : [key]), ...(more.keys ?? []));
    prefixes.push(...(prefix === undefined ? [] : [prefix]), ...(more.prefixes ?? []));
    patterns.push(...(pattern === undefined ? [] : [pattern]), ...(more.patterns ?? []));
    tags.push(...(more.tags ?? []));
    others = { ...others, ...more }; // with whatever is no selector, so that it is refused
  }
  return { ...others, keys, prefixes, patterns, tags };
}
