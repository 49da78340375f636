/** Work that several wait for: done once, joined by whoever asks meanwhile, aborted when nobody waits any more. */
import { LazyAbort } from '../engine/lazy-abort.ts';
import { abortable } from '../engine/wait.ts';

interface Job<T> {
  readonly done: Promise<T>;
  readonly abort: LazyAbort;
  waiters: number;
  ended: boolean;
}

/** Work by key. */
export class SharedWork<T> {
  readonly #jobs = new Map<string, Job<T>>();

  /** Is the work of a key under way? */
  has(key: string): boolean {
    return this.#jobs.has(key);
  }

  /** Wait for the work of a key; it is begun if it isn't under way. An abort of the caller's ends this wait only. */
  async join(
    key: string,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const job = this.#jobs.get(key) ?? this.#begin(key, signal, work);
    job.waiters++;
    try {
      return await abortable(job.done, signal);
    } finally {
      if (--job.waiters === 0 && !job.ended) {
        if (this.#jobs.get(key) === job) this.#jobs.delete(key);
        job.abort.abort(signal?.reason);
      }
    }
  }

  /** Whoever asks for one of these keys from now on begins anew; who waits gets what was begun. */
  detach(concerns: (key: string) => boolean = () => true): void {
    for (const key of this.#jobs.keys()) if (concerns(key)) this.#jobs.delete(key);
  }

  #begin(key: string, first: AbortSignal | undefined, work: (signal: AbortSignal | undefined) => Promise<T>): Job<T> {
    const abort = new LazyAbort();
    // Whoever can't give up waits to the end.
    const job: Job<T> = { done: work(first && abort.signal), abort, waiters: 0, ended: false };
    this.#jobs.set(key, job);
    const end = (): void => {
      job.ended = true;
      if (this.#jobs.get(key) === job) this.#jobs.delete(key);
    };
    job.done.then(end, end);
    return job;
  }
}
