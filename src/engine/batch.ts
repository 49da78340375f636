/** What is asked for one by one within a tick is asked for at once. */
import type { MaybePromise } from './maybe.ts';

interface Asked<I, O> {
  readonly item: I;
  readonly resolve: (answer: O) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects items until the current run of microtasks has handed in all it has, then answers them by one call. Many keys
 * thus go the way of one key, beside each other, and still make one request to a store and one to a loader.
 */
export class Batch<I, O> {
  readonly #most: number;
  readonly #run: (items: readonly I[]) => MaybePromise<readonly O[]>;
  #asked: Asked<I, O>[] = [];

  /** `run` answers by position; at most `most` items at once. */
  constructor(most: number, run: (items: readonly I[]) => MaybePromise<readonly O[]>) {
    this.#most = most;
    this.#run = run;
  }

  /** The answer for one item. Rejects with what `run` fails with. */
  ask(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      // Two hops: what comes one continuation later than the first still belongs to the same batch.
      if (this.#asked.length === 0) queueMicrotask(() => queueMicrotask(() => this.#flush()));
      this.#asked.push({ item, resolve, reject });
    });
  }

  #flush(): void {
    const asked = this.#asked;
    this.#asked = [];
    for (let i = 0; i < asked.length; i += this.#most) void this.#answer(asked.slice(i, i + this.#most));
  }

  async #answer(asked: readonly Asked<I, O>[]): Promise<void> {
    try {
      const answers = await this.#run(asked.map((a) => a.item));
      asked.forEach((a, i) => a.resolve(answers[i]));
    } catch (error) {
      for (const a of asked) a.reject(error);
    }
  }
}
