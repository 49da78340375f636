/** How long one operation on a remote may take: each wait has a limit, and all of them together have one by the bytes moved. */
import type { Clock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { abortable } from '../../engine/wait.ts';
import type { RemoteBody } from './remote-store.ts';

/** Bytes in a millisecond (32 KB a second) below which, in the long run, running the task is quicker than waiting. */
const SLOWEST = 32;

/** Options of {@link Patience}. */
export interface PatienceOptions {
  /** What is waited for, for the error. */
  readonly what: string;
  /** The longest silence, in milliseconds. */
  readonly timeout: number;
  readonly clock: Clock;
  /** Ends the operation from outside. */
  readonly signal: AbortSignal;
}

/** One operation's time. Nobody has to end an operation whose patience was {@link Patience.end}ed. */
export class Patience {
  readonly #options: PatienceOptions;
  readonly #controller = new AbortController();
  readonly #abort: () => void;
  #bytes = 0;
  #waited = 0;

  constructor(options: PatienceOptions) {
    this.#options = options;
    const { signal } = options;
    this.#abort = () => this.#controller.abort(signal.reason);
    if (signal.aborted) this.#abort();
    else signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** What the operation is given: aborts when its time is up, when it is ended from outside, and when it is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How many have been moved. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Settle as `work` does, or reject when it has been silent for too long. Nobody waits for work that goes on. */
  async wait<T>(work: Promise<T>): Promise<T> {
    const stop = this.#arm();
    try {
      return await abortable(work, this.signal);
    } finally {
      stop();
    }
  }

  /** The same for work that reads these chunks: each that is read shows that it goes on. */
  async writing<T>(
    chunks: AsyncIterable<Uint8Array>,
    work: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T> {
    let stop = this.#arm();
    const told = async function* (this: Patience): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        this.signal.throwIfAborted();
        stop();
        this.#bytes += chunk.length;
        stop = this.#arm();
        yield chunk;
      }
    };
    try {
      return await abortable(work(told.call(this)), this.signal);
    } finally {
      stop();
    }
  }

  /** What a remote sends, at most so many bytes of it. Only the waits for it count, not what is done with it meanwhile. */
  async *reading({ chunks }: RemoteBody, most: number): AsyncGenerator<Uint8Array> {
    const iterator = chunks[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.wait(iterator.next());
        if (done === true) return;
        if (!(value instanceof Uint8Array))
          throw new TypeError(`${this.#options.what} brought something else than bytes`);
        this.#bytes += value.length;
        if (this.#bytes > most)
          throw new TidemarkError('bad_bytes', `${this.#options.what} brought more than ${most} bytes`);
        yield value;
      }
    } finally {
      // It may hang in the wait that was given up.
      void Promise.resolve(iterator.return?.()).catch(() => {});
    }
  }

  /** Let go of everything that still waits. */
  end(): void {
    this.#options.signal.removeEventListener('abort', this.#abort);
    this.#controller.abort();
  }

  /** Start a wait; the result ends it. */
  #arm(): () => void {
    const { clock, timeout, what } = this.#options;
    const limit = Math.max(0, Math.min(timeout, timeout + this.#bytes / SLOWEST - this.#waited));
    const began = clock.now();
    const why =
      limit < timeout ? `was slower than ${SLOWEST} bytes in a millisecond` : `took longer than ${timeout} ms`;
    const cancel = clock.after(limit, () =>
      this.#controller.abort(new TidemarkError('store_timeout', `${what} ${why}`)),
    );
    return () => {
      cancel();
      this.#waited += Math.max(0, Math.min(limit, clock.now() - began)); // a clock may be set back or forth
    };
  }
}
