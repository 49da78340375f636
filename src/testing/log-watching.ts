/** The part of the change log suite about watching: a hint that disturbs nothing and ends when it is told to. */
import { keyDependency } from '../engine/dependency.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import { ensure, ensureEqual } from './expectations.ts';
import { ensureChanges, ensureStamps, replay } from './log-model.ts';
import type { LogTests } from './log-trial.ts';
import type { Test } from './runner.ts';
import { CALL } from './store-trial.ts';
import { turn } from '../engine/turn.ts';

const [A, B] = ['a', 'b'].map((name) => keyDependency(['s', name]));

/** The tests about watching. */
export function watchTests(test: LogTests): readonly Test[] {
  return [
    test('watching disturbs neither appending nor reading', async ({ log, model }) => {
      const stops = [log.watch?.(() => {}), log.watch?.(() => {})];
      const start = (await log.position(CALL)).head;
      for (let i = 0; i < 5; i++) await model.append(log, A);
      ensureChanges((await replay(log, start)).changes, model.changes, 'the changes seen while watching');
      for (const stop of stops) stop?.();
      await model.append(log, B);
      ensureChanges((await replay(log, start)).changes, model.changes, 'the changes seen afterwards');
    }),
    test('whoever has stopped watching is not woken any more', async ({ log }) => {
      let woken = 0;
      const stop = log.watch?.(() => woken++);
      stop?.();
      stop?.();
      await turn();
      const before = woken;
      for (let i = 0; i < 5; i++) await log.append([A], CALL);
      await turn();
      ensureEqual(woken, before, 'wake-ups after watching was stopped');
    }),
    test('when one stops watching, a synchronous log still wakes the others', async ({ log }) => {
      if (!log.sync || !log.watch) return;
      let woken = 0;
      const stop = log.watch(() => woken++);
      log.watch(() => {})();
      await log.append([A], CALL);
      stop();
      ensure(woken > 0, 'the other watcher was forgotten');
    }),
    test('a wake-up may read', async ({ log, model }) => {
      const reading: MaybePromise<unknown>[] = [];
      const stop = log.watch?.(() => void reading.push(log.read(0, CALL)));
      await model.append(log, A);
      await model.append(log, B);
      await turn();
      stop?.();
      await Promise.all(reading);
      await ensureStamps(log, model, [A, B]);
    }),
  ];
}
