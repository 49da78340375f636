/** A command while it runs: what it prints is read, it can be ended, and its end is waited for, but not for ever. */
import type { Clock } from '../engine/clock.ts';
import { CommandLog } from './command-log.ts';
import type { CommandOptions, Ended, RunningCommand } from './command.ts';
import { notStarted } from './not-started.ts';
import { OutputReader } from './output-reader.ts';
import type { PipedProcess } from './piped-process.ts';
import { groupRuns, signalGroup } from './process-group.ts';

const UNTIL_KILL = 5000; // milliseconds from SIGTERM to SIGKILL
const PATIENCE = 1000; // milliseconds for what still runs after the command's own end
const PATIENT_BYTES = 2 ** 23; // what it prints wears the patience out, too: no pipe holds that much
const LOOK = 50; // milliseconds between two looks at it

type Settle = { readonly resolve: (ended: Ended) => void; readonly reject: (reason: unknown) => void };

export class CommandRun implements RunningCommand {
  readonly pid: number | undefined;
  readonly ended: Promise<Ended>;
  readonly #options: CommandOptions & { readonly clock: Clock };
  readonly #log: CommandLog;
  readonly #reader: OutputReader;
  readonly #startedAt: number;
  /** The clock's timers don't keep this process alive, and when all pipes are closed nothing else would. */
  readonly #alive = setInterval(() => {}, 2 ** 30);
  readonly #onAbort = (): void => this.#stop(this.#options.signal?.reason);
  #settle!: Settle;
  #own: Pick<Ended, 'exitCode' | 'signal' | 'durationMs'> | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #patience = PATIENCE;
  #killed = false;
  #done = false;
  #cancelKill = (): void => {};
  #cancelLook: (() => void) | undefined;

  constructor({ child, outputs }: PipedProcess, options: CommandOptions & { readonly clock: Clock }) {
    this.pid = child.pid;
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.ended.catch(() => {}); // whoever awaits it later than it rejects is told all the same
    this.#options = options;
    this.#log = new CommandLog(options.maxLogBytes);
    this.#startedAt = options.clock.now();
    this.#reader = new OutputReader(outputs, {
      keep: (stream, bytes) => this.#log.add(stream, bytes),
      show: options.onOutput,
      onError: (error) => this.#stop(error),
      onWait: (bytes) => (this.#patience -= (bytes * PATIENCE) / PATIENT_BYTES),
      onEnd: () => this.#look(),
    });
    child.on('exit', (exitCode, signal) => {
      this.#own = { exitCode, signal, durationMs: Math.max(0, options.clock.now() - this.#startedAt) };
      this.#patience = PATIENCE;
      this.#look();
    });
    child.on('error', (error) => {
      if (this.pid === undefined) this.#finish(() => this.#settle.reject(notStarted(options.command, error)));
    });
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#done && this.pid !== undefined) signalGroup(this.pid, signal);
  }

  #stop(reason: unknown): void {
    if (this.#done || this.#failure !== undefined) return;
    this.#failure = { reason };
    this.kill('SIGTERM');
    this.#cancelKill = this.#options.clock.after(UNTIL_KILL, () => {
      this.kill('SIGKILL');
      this.#killed = true;
      this.#look();
    });
    this.#look();
  }

  /**
   * After the command's own end: is all that it started gone, too? The patience with that isn't worn out by the time that
   * a sink takes, since what it still has to show may be the command's own; but by the bytes, or what prints faster than
   * the sink takes it would go on for ever.
   */
  #look(): void {
    const own = this.#own;
    if (own === undefined || this.pid === undefined || this.#done) return;
    const failure = this.#failure;
    const isGone = (): boolean => this.#killed || !groupRuns(this.pid!);
    if (failure !== undefined) {
      if (isGone()) return this.#finish(() => this.#settle.reject(failure.reason));
    } else {
      const leftBehind = !(this.#reader.ended && isGone());
      if (!leftBehind || (this.#patience <= 0 && !this.#reader.busy))
        return this.#finish(() => this.#settle.resolve({ ...own, log: this.#log.encoded(), leftBehind }));
    }
    this.#cancelLook ??= this.#options.clock.after(LOOK, () => {
      this.#cancelLook = undefined;
      if (!this.#reader.busy) this.#patience -= LOOK;
      this.#look();
    });
  }

  #finish(settle: () => void): void {
    this.#done = true;
    this.#cancelKill();
    this.#cancelLook?.();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#reader.destroy();
    clearInterval(this.#alive);
    settle();
  }
}
