/** One change log under test: new, with what can be done to it from outside, and let go of when the test is over. */
import type { ChangeLog } from '../engine/log.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import { LogModel } from './log-model.ts';
import type { Test } from './runner.ts';

/** What a suite can have done to the thing `S` that its factory made. */
export interface LogHooks<S> {
  /** The same log through another connection, as another process has it. */
  readonly another?: (made: S) => MaybePromise<ChangeLog>;
  /** Makes the log lose acknowledged changes: flushes it, restores an old copy, starts it empty. */
  readonly lose?: (made: S) => MaybePromise<void>;
  /** Called when a test is over. */
  readonly close?: (made: S) => MaybePromise<void>;
}

/** A log under test. Without another connection, `other` is the log itself. */
export interface LogTrial {
  readonly log: ChangeLog;
  readonly other: ChangeLog;
  readonly lose: () => MaybePromise<void>;
  readonly model: LogModel;
}

/** Makes tests that each run on a log of their own; `needs` names the hook without which a test is left out. */
export type LogTests = (name: string, run: (trial: LogTrial) => Promise<void>, needs?: 'another' | 'lose') => Test;

/** Tests on the logs that `make` makes. */
export function logTests<S extends { readonly log: ChangeLog }>(
  make: () => MaybePromise<S>,
  hooks: LogHooks<S>,
): LogTests {
  return (name, run, needs) => ({
    name,
    without: needs && !hooks[needs] ? `no hook '${needs}' was given` : undefined,
    run: async () => {
      const made = await make();
      try {
        await run({
          log: made.log,
          other: (await hooks.another?.(made)) ?? made.log,
          lose: () => hooks.lose?.(made),
          model: new LogModel(),
        });
      } finally {
        await hooks.close?.(made);
      }
    },
  });
}
