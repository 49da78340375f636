/** Holds one load in its middle, so that the demo can show what a slow load does: nothing wrong. */

/** A gate on the way of every load of a package's page; open unless the demo closes it for one. */
export class Gate {
  readonly #patience: number;
  #id: string | undefined;
  #arrived: (() => void) | undefined;
  #release: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * `patience`: milliseconds after which the gate opens by itself, so that a read which waits for the load that is held
   * here is found out and doesn't wait for ever. Default 10 seconds.
   */
  constructor({ patience = 10_000 }: { readonly patience?: number } = {}) {
    this.#patience = patience;
  }

  /** Hold the next load of a package's page, that one only. Resolves when it stands at the gate. */
  hold(id: string): Promise<void> {
    this.open();
    this.#id = id;
    return new Promise((resolve) => (this.#arrived = resolve));
  }

  /** Called by a load after it has read its rows. */
  async pass(id: string): Promise<void> {
    if (id !== this.#id) return;
    this.#id = undefined;
    this.#arrived?.();
    this.#timer = setTimeout(() => this.open(), this.#patience);
    await new Promise<void>((resolve) => (this.#release = resolve));
  }

  /** Let go of the load that stands here, and hold none. */
  open(): void {
    clearTimeout(this.#timer);
    this.#id = undefined;
    this.#release?.();
    this.#release = undefined;
  }
}
