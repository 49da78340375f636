/** The error for a command that couldn't be started. */
import { TidemarkError } from '../engine/errors.ts';
import type { BuildTask } from './task.ts';

/** Why a command couldn't be started, in two words: a shell ends with 127 for the one and with 126 for the other. */
export type WhyNotStarted = 'not found' | 'not executable';

/** There is no such program, or it can't be executed. */
export class CommandNotStarted extends TidemarkError {
  readonly why: WhyNotStarted;

  constructor(why: WhyNotStarted, message: string, cause: unknown) {
    super('bad_option', message, cause);
    this.why = why;
  }
}

/** The error to raise for what the system said when it was to start a command; what isn't the command's fault stays. */
export function notStarted(command: BuildTask['command'], error: unknown): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const name = JSON.stringify(typeof command === 'string' ? command : command[0]);
  if (code === 'ENOENT')
    return new CommandNotStarted(
      'not found',
      `command: there is no ${name} to run, or nothing that its first line names`,
      error,
    );
  if (['EACCES', 'ENOTDIR', 'EISDIR', 'ENOEXEC', 'ELOOP', 'ETXTBSY'].includes(code))
    return new CommandNotStarted('not executable', `command: ${name} can't be executed (${code})`, error);
  if (['E2BIG', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_TYPE'].includes(code))
    return new TidemarkError('bad_option', `command: ${name} can't be run: ${message}`, error);
  return error;
}
