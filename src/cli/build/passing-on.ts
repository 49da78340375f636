/** What runs and what calls us are joined: output goes out, signals come in. */
import type { OnOutput } from '../../build/command-log.ts';
import type { RunOptions } from '../../build/run-task.ts';
import { passOnSignals } from '../../build/signals.ts';
import type { Terminal } from '../command.ts';

/**
 * Options of a run; `toError`: all output goes to the standard error, since the standard output is for JSON. Once the
 * command runs, it alone decides what a signal means.
 */
export function passedOn(
  terminal: Terminal,
  toError: boolean,
): Required<Pick<RunOptions, 'onOutput' | 'onStart' | 'signal'>> {
  let kill: ((signal: NodeJS.Signals) => void) | undefined;
  const before = new AbortController();
  const stop = (): void => before.abort(terminal.signal.reason);
  if (terminal.signal.aborted) stop();
  else terminal.signal.addEventListener('abort', stop, { once: true });
  const onOutput: OnOutput = async (stream, bytes) => {
    // Who read the output has gone: the command is told as the system would tell it.
    if (!(await terminal.write(toError ? 'stderr' : stream, bytes))) kill?.('SIGPIPE');
  };
  return {
    onOutput,
    signal: before.signal,
    onStart: (running) => {
      terminal.signal.removeEventListener('abort', stop);
      kill = (signal) => running.kill(signal);
      passOnSignals(running);
    },
  };
}
