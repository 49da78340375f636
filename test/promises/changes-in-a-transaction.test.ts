/** Changes said in a transaction are published by its commit, and never without it. */
import { describe, expect, test } from 'vitest';
import { type Change, type ChangeLog, createCache, memory, TidemarkError } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { manualClock } from 'tidemark/testing';
import { failure } from '../support/deferred.ts';

/** Stands for a transaction of a database that also holds the log. */
class Transaction {
  readonly changes: Change[] = [];
}

/** A log that takes part in {@link Transaction}s, and may not answer. */
function begin() {
  const inner = localLog();
  const state = { down: false };
  const orFail = <T>(answer: () => T): Promise<T> =>
    state.down ? Promise.reject(new Error('down')) : Promise.resolve(answer());
  const log: ChangeLog = {
    sync: false,
    append: (change, call) => orFail(() => inner.append(change, call)) as ReturnType<ChangeLog['append']>,
    position: (call) => orFail(() => inner.position(call)) as ReturnType<ChangeLog['position']>,
    read: (after, call) => orFail(() => inner.read(after, call)) as ReturnType<ChangeLog['read']>,
    stamps: (names, call) => orFail(() => inner.stamps(names, call)) as ReturnType<ChangeLog['stamps']>,
    appendIn: (transaction, change) => {
      if (!(transaction instanceof Transaction)) throw new TidemarkError('bad_option', 'not a transaction');
      transaction.changes.push(change);
    },
  };
  const commit = async (transaction: Transaction) => {
    for (const change of transaction.changes) await inner.append(change, { signal: new AbortController().signal });
  };
  const clock = manualClock();
  const cache = createCache({ clock, log, tiers: [memory({ clock })] });
  const source = { truth: 1 };
  const values = cache.define<number>('value', { load: () => source.truth, tags: () => ['all'] });
  const appended = async () => (await inner.position({ signal: new AbortController().signal })).head;
  return { cache, clock, values, source, state, commit, appended };
}

describe('after the commit', () => {
  test('no read that starts later in this process is older, once committed() has resolved', async () => {
    const { cache, values, source, commit } = begin();
    expect(await values.get('k')).toBe(1);
    const transaction = new Transaction();
    const changes = cache.changesIn(transaction);
    await changes.invalidate({ tags: ['all'] });
    await changes.invalidate({ key: ['value', 'other'] });
    expect(values.peek('k')).toBe(1);
    source.truth = 2;
    await commit(transaction);
    expect(await changes.committed()).toEqual({ mark: 2, reach: 'everywhere' });
    expect(await values.get('k')).toBe(2);
  });

  test('a log that does not answer is no reason to serve what was changed', async () => {
    const { cache, clock, values, source, state, commit } = begin();
    await values.get('k');
    const transaction = new Transaction();
    const changes = cache.changesIn(transaction);
    await changes.invalidate({ tags: ['all'] });
    source.truth = 2;
    await commit(transaction);
    state.down = true;
    expect(await changes.committed()).toEqual({ mark: undefined, reach: 'local' });
    expect(await values.get('k')).toBe(2);
    state.down = false;
    await clock.advanceAsync(2000);
    expect(cache.stats().log.unsaid).toBe(0);
  });
});

test('whether a cache can do so is known without trying', () => {
  expect([begin().cache.transactional, createCache().transactional]).toEqual([true, false]);
});

const selectors = [
  { key: ['value', 'k'] },
  { prefix: 'value' },
  { tags: ['all'] },
  { pattern: 'value:*' },
  { all: true },
  { keys: [['value', 'k']], tags: ['all', 'other'], patterns: ['value:*', 'other:*'] },
] as const;

describe.each(selectors.flatMap((selector) => [false, true].map((soft) => ({ selector, soft }))))(
  'of $selector, soft: $soft, ',
  ({ selector, soft }) => {
    test('the log holds what was committed, and nothing is appended again', async () => {
      const { cache, values, commit, appended } = begin();
      await values.get('k');
      const transaction = new Transaction();
      const changes = cache.changesIn(transaction);
      await changes.invalidate(selector, { soft });
      await commit(transaction);
      expect(await changes.committed()).toEqual({ mark: 1, reach: 'everywhere' });
      expect(await changes.committed()).toEqual({ mark: 1, reach: 'everywhere' });
      expect(await appended()).toBe(1);
    });

    test('the change is said by itself if the transaction was of another database than the log', async () => {
      const { cache, values, source, appended } = begin();
      await values.get('k');
      const changes = cache.changesIn(new Transaction()); // that the log never hears of
      await changes.invalidate(selector, { soft });
      await cache.invalidate({ key: 'unrelated', pattern: 'unrelated:*' });
      source.truth = 2;
      expect(await changes.committed()).toEqual({ mark: 2, reach: 'everywhere' });
      expect(await appended()).toBe(2);
      expect(await values.get('k')).toBe(2);
    });
  },
);

test('what was said in a transaction without waiting for it counts as well', async () => {
  const { cache, values, source, commit } = begin();
  await values.get('k');
  const transaction = new Transaction();
  const changes = cache.changesIn(transaction);
  const saying = changes.invalidate({ tags: ['all'] });
  source.truth = 2;
  await commit(new Transaction());
  const done = changes.committed();
  await Promise.all([saying, done]);
  expect(await values.get('k')).toBe(2);
});

describe('after the end of a transaction that may have been rolled back', () => {
  test('nothing is said if it was', async () => {
    const { cache, values, appended } = begin();
    await values.get('k');
    const changes = cache.changesIn(new Transaction());
    await changes.invalidate({ tags: ['all'] });
    expect(await changes.ended()).toEqual({ mark: 0, reach: 'everywhere' });
    expect([await appended(), values.peek('k'), cache.stats().log.unsaid]).toEqual([0, 1, 0]);
  });

  test('it is known if it was not', async () => {
    const { cache, values, source, commit, appended } = begin();
    await values.get('k');
    const transaction = new Transaction();
    const changes = cache.changesIn(transaction);
    await changes.invalidate({ tags: ['all'] });
    source.truth = 2;
    await commit(transaction);
    expect(await changes.ended()).toEqual({ mark: 1, reach: 'everywhere' });
    expect([await values.get('k'), await appended()]).toEqual([2, 1]);
  });

  test('a log that does not answer is no reason to serve what may have changed', async () => {
    const { cache, values, source, state } = begin();
    await values.get('k');
    const changes = cache.changesIn(new Transaction());
    await changes.invalidate({ tags: ['all'] });
    source.truth = 2;
    state.down = true;
    expect(await changes.ended()).toEqual({ mark: undefined, reach: 'local' });
    expect(await values.get('k')).toBe(2);
  });
});

test('after a rollback everything is as it was', async () => {
  const { cache, clock, values } = begin();
  await values.get('k');
  await cache.changesIn(new Transaction()).invalidate({ all: true });
  await clock.advanceAsync(5000);
  expect(values.peek('k')).toBe(1);
  expect(cache.stats().log).toMatchObject({ known: 0, unsaid: 0 });
});

test('bad input is refused before anything is said', async () => {
  const { cache } = begin();
  const transaction = new Transaction();
  expect(await failure(cache.changesIn(transaction).invalidate({ key: [] }))).toMatchObject({ code: 'bad_key' });
  expect(await failure(cache.changesIn(transaction).invalidate({}))).toMatchObject({ code: 'bad_option' });
  expect(transaction.changes).toEqual([]);
  expect(await failure(cache.changesIn('what').invalidate({ all: true }))).toMatchObject({ code: 'bad_option' });
});

test('a log that knows no transactions says so', () => {
  expect(() => createCache().changesIn(new Transaction())).toThrow(expect.objectContaining({ code: 'bad_option' }));
});

test('nothing is said in a transaction of a closed cache', async () => {
  const { cache } = begin();
  const changes = cache.changesIn(new Transaction());
  await cache.close();
  expect(await failure(changes.invalidate({ all: true }))).toMatchObject({ code: 'closed' });
  expect(await failure(changes.committed())).toMatchObject({ code: 'closed' });
});
