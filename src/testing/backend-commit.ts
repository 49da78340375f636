/** The part of the backend suite about `commit`: a change and the records that it brings are one step. */
import { storageKey } from '../engine/backend.ts';
import { keyDependency } from '../engine/dependency.ts';
import { ensureGivenUp } from './change-log-suite.ts';
import { ensure, ensureCode, ensureEqual, errorOf } from './expectations.ts';
import type { BackendTests } from './backend-trial.ts';
import { ensureChanges, replay, tagOf } from './log-model.ts';
import type { Test } from './runner.ts';
import { refusedSamples } from './samples.ts';
import { CALL } from './store-trial.ts';

const ROUNDS = 40;
const PATH = ['s', 'post', '7'];
const KEY = storageKey(PATH, 1);
const CHANGE = [keyDependency(PATH)];

/** The tests about `commit`; `offered` is false for a backend that has none, which an asynchronous one needn't. */
export function commitTests<S>(test: BackendTests<S>, { offered }: { readonly offered: boolean }): readonly Test[] {
  const present = test('commit is there, unless the suite was told that it is not', async ({ backend }) => {
    ensureEqual(backend.commit !== undefined, offered, 'whether there is commit');
    ensure(offered || !backend.sync, 'a synchronous backend must have commit');
  });
  const without = offered ? undefined : 'the backend has no commit';
  return [present, ...committingTests(test).map((one) => ({ ...one, without: one.without ?? without }))];
}

function committingTests<S>(test: BackendTests<S>): readonly Test[] {
  return [
    test('commit appends the change and answers with its mark', async (t) => {
      const before = await t.change(tagOf('first'));
      const change = [keyDependency(PATH), tagOf('author:9')];
      const position = await t.commit(change, [await t.record(KEY, 1, 0)]);
      ensure(position.head > before, `the mark ${position.head} came after ${before}, and must be larger`);
      ensureEqual(await t.backend.log.position(CALL), position, 'where the log stands');
      ensureChanges(
        (await replay(t.backend.log, before)).changes,
        [{ mark: position.head, change }],
        'what was appended',
      );
      const { stamps } = await t.backend.log.stamps(change, CALL);
      ensure(
        stamps.every((stamp) => stamp >= position.head),
        `the stamps ${stamps.join()} must be at least ${position.head}`,
      );
    }),
    test('what commit stores has the mark and the incarnation of its change', async (t) => {
      await t.change(tagOf('first'));
      const { key, entry } = await t.record(KEY, { new: true }, 0, [tagOf('author:9')]);
      const { head, incarnation } = await t.commit(CHANGE, [{ key, entry: { ...entry, incarnation: '' } }]);
      const there = await t.get(KEY);
      ensureEqual(
        there && { value: there.value, incarnation: there.incarnation, dependencies: there.dependencies },
        { value: { new: true }, incarnation, dependencies: [tagOf('author:9')] },
        'what is there',
      );
      ensureEqual(there?.mark, head, 'its mark');
    }),
    test('several records are stored with one mark, each replacing what was there', async (t) => {
      const keys = ['1', '2', '3'].map((name) => storageKey(['s', 'post', name], 1));
      const mark = await t.head();
      ensureEqual(await t.put(await t.record(keys[1], 'before', mark)), true, 'whether the earlier one was kept');
      const records = await Promise.all(keys.map((key, i) => t.record(key, i, 0)));
      const { head } = await t.commit([tagOf('all')], records);
      const there = await t.backend.getMany(keys, CALL);
      ensureEqual(
        there.map((entry) => [entry?.value, entry?.mark]),
        [0, 1, 2].map((value) => [value, head]),
        'values and marks',
      );
    }),
    test('without records commit only appends', async (t) => {
      const before = await t.head();
      const { head } = await t.commit(CHANGE, []);
      ensureChanges(
        (await replay(t.backend.log, before)).changes,
        [{ mark: head, change: CHANGE }],
        'what was appended',
      );
    }),
    test('a record that rests on what its own commit changes is kept', async (t) => {
      const change = [...CHANGE, tagOf('author:9')];
      const { head } = await t.commit(change, [await t.record(KEY, 1, 0, [tagOf('author:9')])]);
      ensureEqual((await t.get(KEY))?.mark, head, 'the mark of what is there');
      ensureEqual(await t.put(await t.record(KEY, 0, head - 1)), false, 'whether an older entry was kept');
    }),
    test('a record that is refused leaves neither change nor record behind', async (t) => {
      const good = storageKey(['s', 'post', 'good'], 1);
      for (const [name, make] of Object.entries(refusedSamples)) {
        const before = await t.head();
        const records = [await t.record(good, 1, 0), await t.record(KEY, make(), 0)];
        const failure = await errorOf(async () => t.commit(CHANGE, records));
        if (failure === undefined) continue; // it keeps such values, which the store's tests look at
        ensureCode(failure, 'bad_value', name);
        ensureEqual(await t.head(), before, `${name}: the head after a refusal`);
        ensureEqual(await t.backend.getMany([good, KEY], CALL), [undefined, undefined], `${name}: what is there`);
      }
    }),
    test('a commit to a synchronous backend that is given up has no effect afterwards', async (t) => {
      if (!t.backend.sync) return;
      const record = await t.record(KEY, 1, 0);
      const before = await t.head();
      await ensureGivenUp(t.backend.log, (call) => t.commit(CHANGE, [record], { call }));
      ensureEqual((await t.get(KEY))?.value, (await t.head()) > before ? 1 : undefined, 'what is there');
    }),
    test('clearing the store and deleting keys take nothing from the log', async (t) => {
      const before = await t.head();
      const position = await t.commit(CHANGE, [await t.record(KEY, 1, 0)]);
      await t.backend.deleteMany([KEY], CALL);
      await t.backend.clear(CALL);
      ensureEqual(await t.backend.log.position(CALL), position, 'where the log stands');
      ensureEqual((await replay(t.backend.log, before)).changes.length, 1, 'the number of changes');
      ensureEqual(await t.put(await t.record(KEY, 0, before)), false, 'whether an overtaken entry was kept');
    }),
    test('an older entry that is stored while a commit runs never wins', async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        const mark = await t.head();
        const old = await t.record(KEY, `old ${round}`, mark);
        const fresh = await t.record(KEY, `new ${round}`, 0);
        const commit = async () => t.commit(CHANGE, [fresh], { backend: round % 2 === 0 ? t.backend : t.other });
        const put = async () => t.put(old, round % 3 === 0 ? t.backend : t.other);
        await Promise.all(round % 4 < 2 ? [put(), commit(), put()] : [commit(), put(), put()]);
        ensureEqual((await t.get(KEY))?.value, `new ${round}`, `what is there after round ${round}`);
      }
    }),
    test('of commits at the same time the one with the larger mark stays', async (t) => {
      for (let round = 0; round < ROUNDS / 4; round++) {
        const records = await Promise.all([0, 1, 2, 3, 4].map((value) => t.record(KEY, value, 0)));
        const marks = await Promise.all(
          records.map(
            async (record, i) =>
              (await t.commit(CHANGE, [record], { backend: i % 2 === 0 ? t.backend : t.other })).head,
          ),
        );
        const there = await t.get(KEY);
        const newest = marks.indexOf(Math.max(...marks));
        ensureEqual([there?.value, there?.mark], [newest, marks[newest]], `value and mark after round ${round}`);
      }
    }),
  ];
}
