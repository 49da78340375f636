/** The part of the backend suite about the fence: an entry that the log has overtaken is refused, and no other. */
import { storageKey } from '../engine/backend.ts';
import { type Dependency, keyDependency, prefixDependency, softly } from '../engine/dependency.ts';
import { ensure, ensureEqual } from './expectations.ts';
import type { BackendTests } from './backend-trial.ts';
import { ruleOf, tagOf } from './log-model.ts';
import type { Test } from './runner.ts';
import { CALL } from './store-trial.ts';

const PATH = ['s', 'post', '7'];
const KEY = storageKey(PATH, 1);
const OTHER_KEY = keyDependency(['s', 'user', '9']);
const ROUNDS = 40;
const RESTS_ON = [tagOf('author:9'), OTHER_KEY];

/** What may overtake an entry under {@link KEY} that rests on {@link RESTS_ON}. */
const OVERTAKING: Readonly<Record<string, Dependency>> = {
  'its own key': keyDependency(PATH),
  'its collection': prefixDependency(['s', 'post']),
  'its cache': prefixDependency(['s']),
  'the prefix that is its own path': prefixDependency(PATH),
  'a tag': tagOf('author:9'),
  'another key that it names': OTHER_KEY,
  'a rule that matches its key': ruleOf('s:post:*'),
  'a rule that matches all': ruleOf('**'),
  'a rule that matches another key that it names': ruleOf('s:user:9'),
};

/** What touches nothing that the entry rests on. */
const HARMLESS: readonly Dependency[] = [
  keyDependency(['s', 'post', '70']),
  keyDependency(['s', 'post']),
  prefixDependency(['s', 'pos']),
  prefixDependency(['s', 'post', '7', 'likes']),
  tagOf('author:90'),
  ruleOf('s:post:*:likes'),
  ruleOf('s:user:90'),
];

/** The tests about refusing. */
export function fenceTests<S>(test: BackendTests<S>): readonly Test[] {
  return [
    ...Object.entries(OVERTAKING).map(([what, dependency]) =>
      test(`an entry is refused when ${what} changed after its mark`, async (t) => {
        const mark = await t.head();
        await t.change(dependency);
        const old = await t.record(KEY, 'old', mark, RESTS_ON);
        ensureEqual(await t.put(old), false, `whether it was kept`);
        ensureEqual(await t.get(KEY), undefined, 'what is there');
        const anew = await t.record(KEY, 'new', await t.head(), RESTS_ON);
        ensureEqual(await t.put(anew), true, 'whether an entry of the present mark was kept');
      }),
    ),
    test('an entry is kept when the change has the same mark as it', async (t) => {
      const mark = await t.change(keyDependency(PATH), ...RESTS_ON, ruleOf('s:post:*'));
      ensureEqual(await t.put(await t.record(KEY, 'new', mark, RESTS_ON)), true, 'whether it was kept');
      ensureEqual((await t.get(KEY))?.value, 'new', 'what is there');
    }),
    test('a change of something else refuses nothing', async (t) => {
      const mark = await t.change(keyDependency(['s', 'first']));
      for (const dependency of HARMLESS) await t.change(dependency);
      ensureEqual(await t.put(await t.record(KEY, 'right', mark, RESTS_ON)), true, 'whether it was kept');
    }),
    test('a soft change refuses nothing', async (t) => {
      const mark = await t.change(keyDependency(['s', 'first']));
      for (const dependency of Object.values(OVERTAKING)) await t.change(softly(dependency));
      ensureEqual(await t.put(await t.record(KEY, 'old by time', mark, RESTS_ON)), true, 'whether it was kept');
    }),
    test('an entry of another incarnation is refused, whatever its mark', async (t) => {
      const mark = await t.change(keyDependency(PATH));
      for (const ahead of [0, 1, 1000]) {
        const { key, entry } = await t.record(KEY, 'foreign', mark + ahead);
        ensureEqual(
          await t.put({ key, entry: { ...entry, incarnation: 'another log' } }),
          false,
          'whether it was kept',
        );
      }
      ensureEqual(await t.get(KEY), undefined, 'what is there');
    }),
    test('in one call some are refused and the others kept, by position', async (t) => {
      const mark = await t.head();
      await t.change(keyDependency(PATH), tagOf('gone'));
      const records = [
        await t.record(storageKey(['s', 'post', '1'], 1), 1, mark),
        await t.record(KEY, 2, mark),
        await t.record(storageKey(['s', 'post', '3'], 1), 3, mark, [tagOf('gone')]),
        await t.record(storageKey(['s', 'post', '4'], 1), 4, mark, [tagOf('there')]),
      ];
      ensureEqual(await t.backend.setMany(records, CALL), [true, false, false, true], 'what was kept');
      const there = await t.backend.getMany(
        records.map(({ key }) => key),
        CALL,
      );
      ensureEqual(
        there.map((entry) => entry?.value),
        [1, undefined, undefined, 4],
        'what is there',
      );
    }),
    test('an old entry does not replace a newer one', async (t) => {
      const before = await t.head();
      const mark = await t.change(keyDependency(PATH));
      ensureEqual(await t.put(await t.record(KEY, 'new', mark)), true, 'whether the newer one was kept');
      ensureEqual(await t.put(await t.record(KEY, 'old', before)), false, 'whether the old one was kept');
      ensureEqual((await t.get(KEY))?.value, 'new', 'what is there');
    }),
    test(
      'what another connection changed refuses as well',
      async (t) => {
        const mark = await t.head();
        await t.other.log.append([keyDependency(PATH)], CALL);
        ensureEqual(await t.put(await t.record(KEY, 'old', mark)), false, 'whether it was kept');
        await t.change(tagOf('author:9'));
        const old = await t.record(KEY, 'old', (await t.head()) - 1, RESTS_ON);
        ensureEqual(await t.put(old, t.other), false, 'whether the other connection kept it');
      },
      'another',
    ),
    test('once a change is acknowledged, no older entry gets in, however many try', async (t) => {
      const mark = await t.head();
      const old = await t.record(KEY, 'old', mark);
      const tries = Array.from({ length: 20 }, (_, i) => t.put(old, i % 2 === 0 ? t.backend : t.other));
      await t.change(keyDependency(PATH));
      const late = await Promise.all(
        Array.from({ length: 20 }, (_, i) => t.put(old, i % 2 === 0 ? t.other : t.backend)),
      );
      await Promise.all(tries);
      ensure(!late.includes(true), 'an older entry was kept after the change');
    }),
    test('an older entry that is stored while its key changes never wins over what is stored after that', async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        const old = await t.record(KEY, `old ${round}`, await t.head());
        const put = async () => t.put(old, round % 3 === 0 ? t.backend : t.other);
        const replace = async () => {
          const mark = await t.change(keyDependency(PATH));
          await t.put(await t.record(KEY, `new ${round}`, mark), round % 2 === 0 ? t.backend : t.other);
        };
        await Promise.all(round % 4 < 2 ? [put(), replace(), put()] : [replace(), put(), put()]);
        ensureEqual((await t.get(KEY))?.value, `new ${round}`, `what is there after round ${round}`);
      }
    }),
    test(
      'after a loss, entries of the lost incarnation are refused, and none is answered as one of the new',
      async (t) => {
        const mark = await t.change(keyDependency(['s', 'first']));
        const before = await t.record(KEY, 'before', mark);
        await t.put(before);
        await t.lose();
        ensureEqual(await t.put(before), false, 'whether an entry of the lost incarnation was kept');
        const there = await t.get(KEY);
        ensure(
          there === undefined || there.incarnation === before.entry.incarnation,
          'an entry of the lost incarnation is answered as one of the new',
        );
      },
      'lose',
    ),
  ];
}
