/** Changes said within a transaction of the caller's: commit publishes data and changes together, rollback neither. */
import type { ChangeResult } from './authority.ts';
import type { Core } from './core.ts';
import type { Dependency } from './dependency.ts';
import { TidemarkError } from './errors.ts';
import { changeOf, type InvalidateOptions, type Selector } from './invalidate.ts';
import type { Mark } from './entry.ts';
import type { ChangeLog } from './log.ts';

/** The changes of one transaction. */
export interface TransactionChanges {
  /**
   * Say, as a part of the transaction, that something changes. It has no effect before the commit, and none at all without.
   *
   * @throws `bad_option`, `bad_key` or `bad_pattern` before anything is said; and what the transaction's own query throws.
   */
  invalidate(selector: Selector, options?: InvalidateOptions): Promise<void>;
  /**
   * To be called once the transaction has been committed: when it resolves, no read that starts later in this process
   * returns anything loaded before. Other processes follow by themselves, and so does this one if it isn't called, only a
   * little later. Its reach is `local` if the log doesn't answer: what changed is distrusted here until it does. What the log
   * turns out not to know, since the transaction was of another database than the log's, is said now by itself. That is a last
   * resort and no promise: a change that another one says of the same thing meanwhile, or, in a process that is new to the log,
   * has said before, is taken for it.
   */
  committed(): Promise<ChangeResult>;
  /**
   * The same for a transaction of which nobody knows whether it was committed, or that was rolled back: the log knows, and what
   * it knows is learnt.
   */
  ended(): Promise<ChangeResult>;
}

/**
 * Begin to say changes in a transaction.
 *
 * @throws `bad_option` if the cache's log knows no transactions.
 */
export function changesIn(core: Core, log: ChangeLog, transaction: unknown): TransactionChanges {
  if (!log.appendIn)
    throw new TidemarkError(
      'bad_option',
      "changesIn: this cache's log can't take part in transactions; one in SQL can",
    );
  const said = new Set<Dependency>();
  let since: Mark = 0;
  const ended = (how: 'committed' | 'somehow') => {
    core.assertOpen();
    const done = core.authority.ended([...said], how, since);
    core.track(done);
    return done;
  };
  return {
    async invalidate(selector, options) {
      core.assertOpen();
      const change = changeOf(core.names, selector, options);
      if (change.length === 0) return;
      if (said.size === 0) since = core.stamps.applied;
      for (const dependency of change) said.add(dependency); // first: who fails may have said it, and who doesn't wait has
      await log.appendIn!(transaction, change);
    },
    committed: async () => ended('committed'),
    ended: async () => ended('somehow'),
  };
}
