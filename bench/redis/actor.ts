/** A process that the bench has started: opened, asked, and never left behind. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Answers, Line } from '../../test/processes/children/line.ts';
import type { Opening } from './peer.ts';

const PROGRAM = fileURLToPath(new URL('node.js', import.meta.url));

/** Longer than anything that is measured takes, in milliseconds. */
const PATIENCE = 180_000;

/** One process with one cache. It ends by itself when the bench does. */
export class Actor {
  readonly #process: ChildProcess;
  readonly #line: Line;

  constructor(answers: Answers = {}) {
    this.#process = fork(PROGRAM, ['{}'], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.#line = new Line(this.#process, answers);
  }

  /** Open a cache in it. */
  open(name: string, opening: Omit<Opening, 'load'>): Promise<void> {
    return this.ask('open', { name, ...opening });
  }

  /** Rejects with what it failed with, when it is gone, or when it doesn't answer. */
  async ask<T>(question: string, argument: object = {}): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer to '${question}' within ${PATIENCE} ms`)), PATIENCE);
    });
    try {
      return await Promise.race([this.#line.ask<T>(question, argument), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** End it. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}
