/** Signals while a command runs: what is sent to this process reaches the command, and this process ends as the command did. */
import { constants } from 'node:os';
import type { Ended, RunningCommand } from './command.ts';

const PASSED: readonly NodeJS.Signals[] = [
  ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const),
  ...(process.platform === 'win32' ? [] : (['SIGTSTP', 'SIGCONT'] as const)),
];

/** All commands that signals are passed on to: a stop must reach each of them before it stops us. */
const receivers = new Set<RunningCommand>();

/**
 * Passes on the signals that people and supervisors send, until the command has ended: then they mean this process
 * again. When it is stopped (Ctrl-Z), the command is stopped first, and goes on when this process does.
 *
 * Whatever else listens to these signals still hears them: who aborts a command at SIGINT gives it no time to end itself.
 *
 * @returns stops it before the command's end.
 */
export function passOnSignals(running: RunningCommand): () => void {
  if (receivers.size === 0) for (const name of PASSED) process.on(name, pass);
  receivers.add(running);
  const stop = (): void => {
    if (receivers.delete(running) && receivers.size === 0) for (const name of PASSED) process.off(name, pass);
  };
  running.ended.then(stop, stop);
  return stop;
}

function pass(signal: NodeJS.Signals): void {
  // Alone in its session, a command has no shell that could wake it, and so the system lets it ignore this signal.
  for (const running of receivers) running.kill(signal === 'SIGTSTP' ? 'SIGSTOP' : signal);
  if (signal === 'SIGTSTP') process.kill(process.pid, 'SIGSTOP');
}

/**
 * Ends this process as the command ended: with its exit code, or by the same signal, so that a shell sees what it would
 * have seen without us. What was written to stdout and stderr is out before that.
 */
export async function endAs({ exitCode, signal }: Pick<Ended, 'exitCode' | 'signal'>): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(flushed));
  if (signal === null) process.exit(exitCode ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  process.exit(128 + constants.signals[signal]); // the first process of a container isn't ended by its own signals
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((done) => stream.write('', () => done()));
}
