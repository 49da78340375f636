/** A child process that is told one thing and answers one thing; it ends when it is let go of, and never outlives us. */
import { type ChildProcess, fork } from 'node:child_process';
import { Trouble } from './trouble.ts';

const PATIENCE = 15_000; // milliseconds for an answer, and for an end
const LAST_WORDS = 2_000; // characters of what a process said to its error stream

/** A child process. */
export class Child {
  readonly #process: ChildProcess;
  readonly #ended: Promise<string>;
  #stderr = '';

  /** Start a compiled program. */
  constructor(program: string) {
    this.#process = fork(program, { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#ended = new Promise((resolve) => {
      this.#process.once('exit', (code, by) => resolve(by ?? `code ${code}`));
      this.#process.on('error', ({ message }) => {
        if (this.#process.pid === undefined) resolve(message); // others follow from an end, which is told by itself
      });
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-LAST_WORDS);
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** What it said to its error stream, for the end of a message. */
  get lastWords(): string {
    return this.#stderr === '' ? '' : `\n${this.#stderr.trim()}`;
  }

  /** Tell it something, and wait for its answer. Throws {@link Trouble} if there is none within 15 seconds, or the signal's reason. */
  async ask<T>(message: object, signal: AbortSignal): Promise<T> {
    const answer = new Promise<T>((resolve) => this.#process.once('message', (told) => resolve(told as T)));
    this.#process.send(message);
    const early = this.#ended.then((how) => {
      throw new Trouble(`The process ${this.pid} ended with ${how} before it had begun.${this.lastWords}`);
    });
    return within(Promise.race([answer, early]), `The process ${this.pid} said nothing for 15 seconds.`, signal);
  }

  /** Let go of it and wait for its end. Throws {@link Trouble} if that takes 15 seconds or it ends in any way but well. */
  async stop(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    try {
      const how = await within(this.#ended, `The process ${this.pid} was to end, and didn't for 15 seconds.`);
      if (how !== 'code 0') throw new Trouble(`The process ${this.pid} ended with ${how}.${this.lastWords}`);
    } finally {
      await this.kill();
    }
  }

  /** End it as `kill -9` does, in the middle of whatever it does. Harmless if it has ended. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
}

/** Wait, but no longer than our patience and the signal allow. */
async function within<T>(work: Promise<T>, otherwise: string, signal?: AbortSignal): Promise<T> {
  let free = (): void => {};
  const limit = new Promise<never>((_, reject) => {
    const abort = () => reject(signal?.reason as Error);
    const timer = setTimeout(() => reject(new Trouble(otherwise)), PATIENCE);
    signal?.addEventListener('abort', abort, { once: true });
    free = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
  });
  return Promise.race([work, limit]).finally(free);
}
