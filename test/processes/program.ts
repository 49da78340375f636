/** A program that a test has started: asked, stopped, killed, and never left behind. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { builtProgram } from './built.ts';
import { type Answers, Line } from './children/line.ts';

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** No answer takes as long as this, in milliseconds, unless it never comes. */
const PATIENCE = 60_000;
const KEPT_WORDS = 2000;

/** Rejects, naming what was waited for, when that doesn't come. */
export async function bounded<T>(work: Promise<T>, what: string, ms: number = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain: ${what}`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A program that runs. */
export class Program {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #line: Line;
  readonly #ended: Promise<Ended>;
  #words = ''; // the last of what it said to nobody

  /** Programs are begun by {@link start}. */
  constructor(name: string, given: object, answers: Answers) {
    this.#name = name;
    const { NODE_OPTIONS: _, NODE_V8_COVERAGE: __, ...env } = process.env;
    this.#process = fork(builtProgram(name), [JSON.stringify(given)], {
      env,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const streams = [this.#process.stdout!, this.#process.stderr!];
    for (const stream of streams)
      stream.setEncoding('utf8').on('data', (text: string) => (this.#words = (this.#words + text).slice(-KEPT_WORDS)));
    this.#line = new Line(this.#process, answers);
    const exit = once(this.#process, 'exit') as Promise<[Ended['code'], Ended['signal']]>;
    // Not the event 'close': it never comes once this side has disconnected.
    const all = Promise.all([exit, ...streams.map((stream) => once(stream, 'close'))]);
    this.#ended = all.then(([[code, signal]]) => ({ code, signal }));
  }

  /** Ask for something. Rejects if the program fails to answer, ends, or takes too long. */
  async ask<T>(question: string, argument?: unknown): Promise<T> {
    try {
      return await bounded(this.#line.ask<T>(question, argument), `${this.#name} was asked to '${question}'`);
    } catch (error) {
      const { code, signal } = this.#process.connected ? { code: 'not', signal: null } : await this.ended();
      const message = `${this.#name}: ${(error as Error).message} (ended: ${signal ?? code})\n${this.#words}`;
      throw new Error(message, { cause: error });
    }
  }

  /** Let it stand still wherever it is, or go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    process.kill(this.#process.pid!, signal);
  }

  /** End it without a warning. */
  kill(): Promise<Ended> {
    this.#process.kill('SIGKILL');
    return bounded(this.#ended, `${this.#name} was killed`);
  }

  /** Resolves when it has ended, however that was. */
  ended(): Promise<Ended> {
    return bounded(this.#ended, `${this.#name} was to end`);
  }

  /** Ask it to let go of everything, and see it end well and by itself. */
  async leave(): Promise<void> {
    await this.ask('leave');
    this.#process.disconnect();
    const { code, signal } = await this.ended();
    if (code !== 0) throw new Error(`${this.#name} ended with ${signal ?? code} and said: ${this.#words}`);
  }
}

/** Start a program of `children/`. It is killed when the test is over, if it still runs. `answers` are to its questions. */
export function start(name: string, given: object, answers: Answers = {}): Program {
  const program = new Program(name, given, answers);
  onTestFinished(async () => void (await program.kill()), 2 * PATIENCE);
  return program;
}
