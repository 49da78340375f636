/** The source of truth in tests with faults: versions of keys in the test's own process, and every load that anybody makes. */
import type { Key } from 'tidemark';
import type { Answers } from '../processes/children/line.ts';
import { until } from '../support/redis-server.ts';
import { type Deferred, deferred } from '../support/deferred.ts';

/** A load: who made it, and of what. */
interface Load {
  readonly member: number;
  readonly key: string;
}

/** Every key is at version 1 until it is changed. */
export class Source {
  readonly #versions = new Map<string, number>();
  readonly #held = new Map<string, Deferred<void>>();
  readonly #loads: Load[] = [];

  /** Commit another version, and answer with it. */
  change(key: Key): number {
    const version = this.version(key) + 1;
    this.#versions.set(nameOf(key), version);
    return version;
  }

  /** What a load sees now. */
  version(key: Key): number {
    return this.#versions.get(nameOf(key)) ?? 1;
  }

  /** Loads of this key that begin from now on see what is there when they begin, and answer when the result is called. */
  hold(key: Key): () => void {
    const held = deferred();
    this.#held.set(nameOf(key), held);
    return () => {
      if (this.#held.get(nameOf(key)) === held) this.#held.delete(nameOf(key));
      held.resolve();
    };
  }

  /** Loads that begin from now on answer at once, those that are held stay so. */
  holdNoMore(key: Key): void {
    this.#held.delete(nameOf(key));
  }

  /** Who has loaded a key, in order. */
  loadersOf(key: Key): readonly number[] {
    return this.#loads.filter((load) => load.key === nameOf(key)).map(({ member }) => member);
  }

  /** How many loads there have been. */
  get loads(): number {
    return this.#loads.length;
  }

  /** Resolves when so many loads of a key have begun. */
  async begun(key: Key, count: number): Promise<void> {
    await until(`load ${count} of ${nameOf(key)} begins`, () => this.loadersOf(key).length >= count);
  }

  /** What a member's loads are answered with. */
  answersTo(member: number): Answers {
    return {
      load: async (key: Key) => {
        this.#loads.push({ member, key: nameOf(key) });
        const version = this.version(key);
        await this.#held.get(nameOf(key))?.promise;
        return version;
      },
    };
  }
}

const nameOf = (key: Key): string => JSON.stringify(key);
