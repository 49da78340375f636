/** Being woken by the database: one listener for all who want to be, as long as there is one. */

/** Listens to a channel and calls `wake` for each message; gives back how to stop. */
export type Listen = (channel: string, wake: () => void) => MaybeStop | PromiseLike<MaybeStop>;
type MaybeStop = (() => unknown) | void;

/** One process's ear. What can't be listened to is not heard: everybody who waits also looks by himself. */
export class Listening {
  readonly #listen: Listen;
  readonly #channel: string;
  readonly #wakes = new Set<() => void>();
  #stop: Promise<MaybeStop> | undefined;

  constructor(listen: Listen, channel: string) {
    this.#listen = listen;
    this.#channel = channel;
  }

  /** Be woken from now on; gives back how to stop. */
  add(wake: () => void): () => void {
    const mine = () => wake();
    this.#wakes.add(mine);
    this.#stop ??= this.#start();
    return () => this.#wakes.delete(mine);
  }

  async #start(): Promise<MaybeStop> {
    try {
      return await this.#listen(this.#channel, () => {
        for (const wake of this.#wakes) wake();
      });
    } catch {
      this.#stop = undefined; // for whoever comes next to try again
      return undefined;
    }
  }

  /** Listen no more. */
  async close(): Promise<void> {
    this.#wakes.clear();
    const stop = await this.#stop;
    await stop?.();
  }
}
