/** Reads through a cache beside the truth: each knows how old its answer may be. */
import { type Cache, type Collection } from 'tidemark';
import { inWords } from './line.ts';
import { passing } from './meeting.ts';
import type { Truth } from './truth.ts';

/** What the cache holds. */
interface Page {
  readonly key: string;
  readonly version: number;
}

/** The pages of a cache, and what was wrong with any read of them. */
export class Watch {
  readonly #pages: Collection<Page>;
  readonly #truth: Truth;
  /** In words; empty as it should be. Only the first few are kept. */
  readonly faults: string[] = [];
  reads = 0;

  constructor(cache: Cache, truth: Truth) {
    this.#truth = truth;
    this.#pages = cache.define<Page>('page', {
      load: async (key) => {
        const page = { key, version: truth.version(key) };
        await passing(key.length % 3); // what is loaded is old by the time it arrives
        return page;
      },
      tags: ({ key }) => [`of ${key}`],
    });
  }

  /** Note something that should not be. */
  fault(what: string): void {
    if (this.faults.length < 5) this.faults.push(what);
  }

  /** Read these keys `delay` milliseconds from now; what has been acknowledged by now must be in the answers. */
  async read(keys: readonly string[], delay: number): Promise<void> {
    const least = keys.map((key) => this.#truth.acknowledged(key));
    if (delay > 0) await passing(delay);
    await Promise.all(
      keys.map(async (key, i) => {
        try {
          const page = await this.#pages.get(key);
          const newest = this.#truth.version(key);
          if (page.key !== key || page.version < least[i] || page.version > newest)
            this.fault(`${key}: ${page.key} ${page.version} was read, acknowledged ${least[i]}, newest ${newest}`);
          this.reads++;
        } catch (error) {
          this.fault(`${key}: ${inWords(error)}`);
        }
      }),
    );
  }

  /** Make the next version of a key and tell all caches, each time in another way. Answers how far that has reached. */
  async change(cache: Cache, key: string): Promise<'everywhere' | 'local'> {
    const version = this.#truth.change(key);
    const ways = [
      () => this.#pages.invalidate(key),
      () => cache.invalidate({ tags: [`of ${key}`] }),
      () => this.#pages.set(key, { key, version }),
      () => cache.invalidate({ pattern: ['page', key] }),
      () => this.#pages.delete(key),
    ];
    const { reach } = await ways[version % ways.length]();
    if (reach === 'everywhere') this.#truth.acknowledge(key, version);
    return reach;
  }
}
