/** What a log says of records that are to be stored. */
import { everyDependency } from '../../engine/backend.ts';
import type { ChangeLog } from '../../engine/log.ts';
import { type MaybePromise, andThen } from '../../engine/maybe.ts';
import type { Call, Stored } from '../../engine/store.ts';

/** Of each record, by position, whether something that it rests on has changed since its mark, as far as the log knows now. */
export function overtaken(
  log: ChangeLog,
  records: readonly Stored[],
  call: Call,
): MaybePromise<readonly ('overtaken' | 'right' | 'of another log')[]> {
  const names = [...new Set(records.flatMap(({ key, entry }) => everyDependency(key, entry)))];
  return andThen(log.stamps(names, call), ({ incarnation, stamps }) => {
    const stampOf = new Map(names.map((name, i) => [name, stamps[i]]));
    return records.map(({ key, entry }) => {
      if (entry.incarnation !== incarnation) return 'of another log';
      return everyDependency(key, entry).some((name) => stampOf.get(name)! > entry.mark) ? 'overtaken' : 'right';
    });
  });
}
