/** Reads stdout and stderr of a process in the order in which they come, no faster than a sink takes it. */
import type { Readable } from 'node:stream';
import type { OnOutput, OutputStream } from './command-log.ts';

/** What is told of a reader's progress. */
export interface OutputReaderOptions {
  /** Takes each piece at once, whatever the sink does. */
  readonly keep: (stream: OutputStream, bytes: Uint8Array) => void;
  /** Takes the pieces, one at a time; while it takes its time, nothing is read, and the process is held up. */
  readonly show: OnOutput | undefined;
  /** Told when the sink or a pipe has failed. After that, what comes is kept and not shown. */
  readonly onError: (error: unknown) => void;
  /** Told when the sink begins to take its time, for so many bytes. */
  readonly onWait: (bytes: number) => void;
  /** Told when both pipes have ended and all was shown. */
  readonly onEnd: () => void;
}

/**
 * Reads two streams. They are asked for their bytes (`readable`) instead of letting them flow: Node lets the streams of
 * a process that has ended flow again, whoever paused them.
 */
export class OutputReader {
  readonly #streams: ReadonlyMap<OutputStream, Readable>;
  readonly #options: OutputReaderOptions;
  #open: number;
  #broken = false;
  /** True while the sink takes its time. */
  busy = false;

  constructor(outputs: readonly Readable[], options: OutputReaderOptions) {
    const [stdout, stderr] = outputs;
    this.#streams = new Map([['stdout', stdout] as const, ['stderr', stderr] as const]);
    this.#options = options;
    this.#open = outputs.length;
    for (const stream of outputs)
      stream
        .on('readable', () => this.#read())
        .on('error', (error) => this.#fail(error))
        .on('close', () => {
          this.#open--;
          this.#tell();
        });
  }

  /** True when both pipes have ended and all was shown. */
  get ended(): boolean {
    return this.#open === 0 && !this.busy;
  }

  /** Take the pipes down, whoever still holds their other ends. */
  destroy(): void {
    for (const stream of this.#streams.values()) stream.destroy();
  }

  #read(): void {
    for (const [name, stream] of this.#streams)
      for (let bytes; !this.busy && (bytes = stream.read() as Buffer | null) !== null;) this.#take(name, bytes);
  }

  #take(name: OutputStream, bytes: Uint8Array): void {
    this.#options.keep(name, bytes);
    if (this.#broken) return;
    try {
      const shown = this.#options.show?.(name, bytes);
      if (shown === undefined) return;
      this.busy = true;
      this.#options.onWait(bytes.length);
      void shown.catch((error: unknown) => this.#fail(error)).then(() => this.#goOn());
    } catch (error) {
      this.#fail(error);
    }
  }

  #goOn(): void {
    this.busy = false;
    this.#read();
    this.#tell();
  }

  #tell(): void {
    if (this.ended) this.#options.onEnd();
  }

  #fail(error: unknown): void {
    this.#broken = true;
    this.#options.onError(error);
  }
}
