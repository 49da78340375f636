/** Runs a command in a process group of its own, shows what it prints, and keeps that as a log. */
import { statSync } from 'node:fs';
import { type Clock, systemClock } from '../engine/clock.ts';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, functionOrNothing, nonEmptyText, positiveInteger, signalOrNothing } from '../engine/options.ts';
import { LONGEST_LOG, type OnOutput } from './command-log.ts';
import { CommandRun } from './command-run.ts';
import { notStarted } from './not-started.ts';
import { type PipedProcess, spawnPiped } from './piped-process.ts';
import { OWN_GROUP } from './process-group.ts';

export type { OnOutput } from './command-log.ts';

/** What to run, and where. */
export interface CommandOptions {
  /** A program, found by the `PATH` of `env`, and its arguments; or a text for the shell (`/bin/sh`, `cmd.exe`). */
  readonly command: readonly string[] | string;
  readonly cwd: string;
  /** The whole environment of the command. */
  readonly env: Readonly<Record<string, string>>;
  /** Shown what is printed while it is printed. While an answer is awaited nothing is read: the command is held up. */
  readonly onOutput?: OnOutput;
  /** Bytes of the log, its framing included, at most 2³⁰. What is printed beyond is shown and not kept. */
  readonly maxLogBytes: number;
  /** Ends the command: SIGTERM to its group, and SIGKILL to what is left of that after 5 seconds. */
  readonly signal?: AbortSignal;
  /** What tells how long it took, and how long to wait for what doesn't end. Default: the machine's. */
  readonly clock?: Clock;
}

/** How a command ended: `exitCode` or `signal` is `null`, never both. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly durationMs: number;
  /** What was printed, as `replayLog` reads it. */
  readonly log: Uint8Array | 'too long';
  /**
   * Something that the command started was still running, or held its output open, a second after the command's own
   * end. What it does from then on isn't seen: such a result must not be kept.
   */
  readonly leftBehind: boolean;
}

/** A command that was started. */
export interface RunningCommand {
  /** Also the name of its process group. Nothing, if it couldn't be started: then `ended` says why. */
  readonly pid: number | undefined;
  /** Sends a signal to the command and all that it started; on Windows to the command only. After its end: to nobody. */
  kill(signal: NodeJS.Signals): void;
  /**
   * Settles when the command is gone and what it printed was shown. Rejects with `bad_option` if it couldn't be started
   * (`CommandNotStarted` says whether it wasn't found or isn't executable), with the reason of the abort, and with what
   * `onOutput` threw, which ends the command, too.
   */
  readonly ended: Promise<Ended>;
}

/**
 * Runs a command. Its stdin is empty, and it is the first of a process group and session of its own, so neither Ctrl-C
 * nor the end of this process reaches it by itself: see `passOnSignals`. Two streams are two pipes: what is written to
 * both within a moment may be read in another order, as by every reader of two pipes.
 *
 * @throws TidemarkError `bad_option` for options that can't be, before anything is started.
 * @example
 * const { ended } = runCommand({ command: ['tsc', '-p', '.'], cwd, env, maxLogBytes: 2 ** 24 });
 * const { exitCode, log } = await ended;
 */
export function runCommand(options: CommandOptions): RunningCommand {
  const known = ['command', 'cwd', 'env', 'onOutput', 'maxLogBytes', 'signal', 'clock'];
  checkOptions('runCommand', options, known);
  const { command, cwd } = options;
  const words = typeof command === 'string' ? [command] : command;
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string') || words.length === 0)
    throw new TidemarkError('bad_option', 'command must be text, or an array of a program and its arguments');
  nonEmptyText('command', words[0]);
  if (!statSync(nonEmptyText('cwd', cwd), { throwIfNoEntry: false })?.isDirectory())
    throw new TidemarkError('bad_option', `cwd: there is no directory ${JSON.stringify(cwd)}`);
  functionOrNothing('onOutput', options.onOutput);
  signalOrNothing('signal', options.signal);
  if (positiveInteger('maxLogBytes', options.maxLogBytes) > LONGEST_LOG)
    throw new TidemarkError('bad_option', `maxLogBytes must be at most ${LONGEST_LOG}`);
  try {
    options.signal?.throwIfAborted();
    return new CommandRun(start(options), { clock: systemClock, ...options });
  } catch (reason) {
    const ended = Promise.reject(reason);
    ended.catch(() => {}); // whoever awaits it later is told all the same
    return { pid: undefined, kill: () => {}, ended };
  }
}

function start({ command, cwd, env }: CommandOptions): PipedProcess {
  const [program, ...words] = typeof command === 'string' ? [command] : command;
  const shell = typeof command === 'string';
  try {
    return spawnPiped(program, words, { cwd, env, shell, windowsHide: true, ...OWN_GROUP });
  } catch (error) {
    throw notStarted(command, error);
  }
}
