/** An abort signal that is made when it is first asked for: most work ends without anyone having asked. */

/** What an `AbortController` does, at the cost of an object with two empty fields. */
export class LazyAbort {
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;

  /** Why it was aborted, if it was. */
  get aborted(): { readonly reason: unknown } | undefined {
    return this.#aborted;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort(this.#aborted.reason);
    return this.#controller.signal;
  }

  /** Abort. A second time changes nothing. */
  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }
}
