/** A store that keeps to no more than the contract: it loses, answers with what it had long ago, throws and stalls. */
import type { Entry } from '../../engine/entry.ts';
import type { Store, Stored } from '../../engine/store.ts';
import type { Chance } from './chance.ts';
import type { Gates } from './gates.ts';

const REMEMBERED = 4; // older entries of a key that may come back

/** An unreliable plain store. What it does is decided by the chance of the moment; when it does it, by the gates. */
export class UnreliableStore implements Store {
  readonly name = 'unreliable';
  readonly sync = false as const;
  readonly #entries = new Map<string, readonly Entry[]>(); // newest first
  readonly #chance: () => Chance;
  readonly #gates: Gates;
  readonly #holds: (message: string) => number;

  constructor(chance: () => Chance, gates: Gates, holds: (message: string) => number) {
    this.#chance = chance;
    this.#holds = holds;
    this.#gates = gates;
  }

  async getMany(keys: readonly string[]): Promise<readonly (Entry | undefined)[]> {
    await this.#hop('getMany');
    const answers = keys.map((key) => this.#remembered(key));
    await this.#hop('getMany answer');
    return answers;
  }

  async setMany(records: readonly Stored[]): Promise<readonly boolean[]> {
    await this.#hop('setMany');
    for (const { key, entry } of records)
      if (!this.#chance().once(10))
        this.#entries.set(key, [entry, ...(this.#entries.get(key) ?? [])].slice(0, REMEMBERED));
    await this.#hop('setMany answer');
    return records.map(() => true);
  }

  async deleteMany(keys: readonly string[]): Promise<void> {
    await this.#hop('deleteMany');
    for (const key of keys) if (!this.#chance().once(4)) this.#entries.delete(key);
    await this.#hop('deleteMany answer');
  }

  async clear(): Promise<void> {
    this.#entries.clear();
  }

  #remembered(key: string): Entry | undefined {
    const entries = this.#entries.get(key) ?? [];
    const chance = this.#chance();
    if (chance.once(10)) return undefined;
    return chance.once(4) ? entries[chance.below(entries.length)] : entries[0];
  }

  async #hop(message: string): Promise<void> {
    if (this.#chance().unit() < this.#holds(message)) await this.#gates.hold(this.name, message);
    if (!this.#gates.open && this.#chance().once(25)) throw new Error(`the unreliable store failed: ${message}`);
  }
}
