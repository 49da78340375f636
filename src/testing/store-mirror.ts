/** The part of the store suite about mirrors: what is remembered of a log elsewhere is the truth, or nothing. */
import { type Dependency, keyDependency, prefixDependency, softly } from '../engine/dependency.ts';
import type { Mark } from '../engine/entry.ts';
import type { Page, StampsAnswer } from '../engine/log.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import type { Mirror } from '../engine/mirror.ts';
import type { Store } from '../engine/store.ts';
import { ensure, ensureEqual } from './expectations.ts';
import { everyRandomDependency, LogModel, randomChange, ruleOf, tagOf } from './log-model.ts';
import { below, seededRandom } from './random.ts';
import type { Test } from './runner.ts';
import { CALL, StoreTrial, type TrialOptions } from './store-trial.ts';

const LOG = 'a log elsewhere';
const OTHER = 'another log';
const [A, B, C] = ['a', 'b', 'c'].map((name) => keyDependency(['s', name]));
const SEEDS = [1, 2, 3];

/** A mirror under test, and all the changes of the log that it mirrors. */
class MirrorTrial {
  readonly mirror: Mirror;
  readonly model = new LogModel();

  constructor(mirror: Mirror) {
    this.mirror = mirror;
  }

  /** Something changed in the log. */
  change(mark: Mark, ...change: readonly Dependency[]): void {
    this.model.changes.push({ mark, change });
  }

  /** The changes of a stretch. */
  between(from: Mark, to: Mark): Page['changes'] {
    return this.model.changes.filter(({ mark }) => mark > from && mark <= to);
  }

  async record(from: Mark, to: Mark, incarnation: string = LOG): Promise<void> {
    await this.mirror.record(incarnation, from, to, this.between(from, to), CALL);
  }

  async ensureAt(head: Mark | undefined, incarnation: string = LOG): Promise<void> {
    const due = head === undefined ? undefined : { incarnation, head };
    ensureEqual(await this.mirror.position(CALL), due, 'where the mirror ends');
  }

  /** Ask for stamps; those answered must be no smaller than the truth up to the head, and no larger than the head. */
  async stamps(dependencies: readonly Dependency[], after: Mark): Promise<StampsAnswer | undefined> {
    const answer = await this.mirror.stamps(dependencies, after, CALL);
    if (answer === undefined) return undefined;
    ensureEqual(answer.stamps.length, dependencies.length, 'the number of stamps');
    const known = new LogModel();
    known.changes.push(...this.between(0, answer.head));
    dependencies.forEach((dependency, i) => {
      const due = known.stampOf(dependency);
      const stamp = answer.stamps[i];
      // What lies at or below `after` need not be told exactly: nobody asks which of it was the last change.
      ensure(
        stamp >= due || (stamp <= after && due <= after),
        `${dependency} changed at ${due}, and its stamp is said to be ${stamp}`,
      );
      ensure(stamp <= answer.head, `the stamp ${stamp} of ${dependency} is larger than the head ${answer.head}`);
    });
    return answer;
  }

  /** The same where the mirror must reach back to `after`. */
  async ensureKnown(dependencies: readonly Dependency[], after: Mark): Promise<readonly Mark[]> {
    const answer = await this.stamps(dependencies, after);
    ensure(answer !== undefined, `the mirror must reach back to ${after}`);
    return answer.stamps;
  }

  async ensureUnknown(after: Mark): Promise<void> {
    const answer = await this.mirror.stamps([A], after, CALL);
    ensure(answer === undefined, `the mirror can't tell what changed after ${after}, and answers`);
  }
}

/** The tests about mirrors; `offered` if the suite was told that there is one. */
export function mirrorTests(
  options: TrialOptions,
  offered: boolean,
  reopen: ((closed: Store) => MaybePromise<Store>) | undefined,
): readonly Test[] {
  const test = (name: string, run: (trial: MirrorTrial) => Promise<void>): Test => ({
    name,
    without: offered ? undefined : 'the store has no mirror',
    run: () => StoreTrial.run(options, ({ store }) => run(new MirrorTrial(mirrorOf(store)))),
  });
  return [
    {
      name: 'a mirror is offered if and only if the suite was told so',
      run: () =>
        StoreTrial.run(options, ({ store }) =>
          ensureEqual(store.mirror !== undefined, offered, 'whether there is one'),
        ),
    },
    test('a new mirror remembers nothing', async (t) => {
      await t.ensureAt(undefined);
      await t.ensureUnknown(0);
      await t.ensureUnknown(1000);
    }),
    test('what was recorded is remembered, from where it began', async (t) => {
      t.change(11, A);
      t.change(14, B, tagOf('t'));
      await t.record(10, 20);
      await t.ensureAt(20);
      const stamps = await t.ensureKnown([A, B, tagOf('t'), C], 10);
      ensureEqual(stamps.slice(0, 3), [11, 14, 14], 'the stamps of what changed');
      ensure(stamps[3] <= 10, `${C} did not change after 10, and its stamp is said to be ${stamps[3]}`);
      await t.ensureUnknown(9);
    }),
    test('a mirror that begins at the head knows that nothing changed since', async (t) => {
      await t.record(7, 7);
      await t.ensureAt(7);
      await t.ensureUnknown(6);
      ensure((await t.ensureKnown([A], 7))[0] <= 7, 'nothing changed after 7');
    }),
    test('what follows is added to what was there', async (t) => {
      t.change(3, A);
      t.change(6, B);
      t.change(9, A);
      await t.record(2, 4);
      await t.record(4, 6);
      await t.record(6, 12);
      await t.ensureAt(12);
      ensureEqual((await t.ensureKnown([A, B], 2)).slice(), [9, 6], 'the stamps');
    }),
    test('telling again, or what is known in part, or something old, takes nothing back', async (t) => {
      for (const [mark, name] of [
        [3, A],
        [5, B],
        [8, C],
        [9, A],
      ] as const)
        t.change(mark, name);
      await t.record(2, 6);
      for (const [from, to] of [
        [2, 6],
        [1, 4],
        [4, 9],
        [2, 6],
        [9, 9],
        [0, 3],
      ])
        await t.record(from, to);
      await t.ensureAt(9);
      ensureEqual((await t.ensureKnown([A, B, C], 2)).slice(), [9, 5, 8], 'the stamps');
      await t.ensureUnknown(1);
    }),
    test('a mirror that has missed something begins anew', async (t) => {
      t.change(3, A);
      t.change(7, A);
      t.change(12, B);
      await t.record(0, 5);
      await t.record(10, 15);
      await t.ensureAt(15);
      await t.ensureUnknown(9);
      const stamps = await t.ensureKnown([B, C], 10);
      ensureEqual(stamps[0], 12, 'the stamp of what changed since');
      ensure(stamps[1] <= 10, 'what did not change since');
    }),
    test('a mirror of another incarnation begins anew, even at a smaller mark', async (t) => {
      t.change(3, A);
      await t.record(0, 50);
      await t.mirror.record(OTHER, 4, 6, [{ mark: 5, change: [B] }], CALL);
      await t.ensureAt(6, OTHER);
      const answer = await t.mirror.stamps([A, B], 4, CALL);
      ensure(answer !== undefined && answer.incarnation === OTHER, 'stamps are of the new incarnation');
      ensure(answer.stamps[0] <= 4 && answer.stamps[1] === 5, `the stamps are ${answer.stamps.join()}`);
      const early = await t.mirror.stamps([A], 3, CALL);
      ensureEqual(early, undefined, 'what is said of the time before');
    }),
    test('rules, prefixes and soft changes are remembered as a log does', async (t) => {
      const post = keyDependency(['s', 'post', '7']);
      const prefix = prefixDependency(['s', 'post']);
      t.change(2, prefix);
      t.change(4, softly(post), tagOf('x'));
      t.change(6, ruleOf('s:*:7'));
      t.change(8, softly(ruleOf('s:user:**')));
      await t.record(1, 5);
      await t.record(5, 9);
      const user = keyDependency(['s', 'user', '1']);
      const asked = [post, softly(post), prefix, tagOf('x'), user, softly(user)];
      const stamps = await t.ensureKnown(asked, 1);
      ensureEqual(stamps.slice(0, 4), [6, 4, 2, 4], 'stamps');
      ensure(stamps[4] <= 1 && stamps[5] === 8, `a soft rule makes ${stamps[4]} and ${stamps[5]}`);
    }),
    test('no dependency is asked, no stamp is answered', async (t) => {
      await t.record(0, 1);
      ensureEqual((await t.ensureKnown([], 0)).length, 0, 'the stamps of nothing');
    }),
    ...SEEDS.map((seed) =>
      test(`random stretches, seed ${seed}: what is answered is never less than the truth`, (t) => stretch(t, seed)),
    ),
    {
      name: 'what is remembered is there after closing and opening again',
      without: !offered ? 'the store has no mirror' : reopen ? undefined : 'no way to reopen it was given',
      run: async () => {
        const first = await options.open();
        const before = new MirrorTrial(mirrorOf(first));
        before.change(3, A);
        await before.record(2, 9);
        await first.close?.();
        const second = await reopen!(first);
        try {
          const after = new MirrorTrial(mirrorOf(second));
          await after.ensureAt(9);
          after.change(3, A);
          ensureEqual((await after.ensureKnown([A], 2))[0], 3, 'the stamp of what changed');
          await after.record(9, 10);
          await after.ensureAt(10);
        } finally {
          await second.close?.();
          await options.close();
        }
      },
    },
    {
      name: 'the mirror of a synchronous store answers at once',
      without: offered ? undefined : 'the store has no mirror',
      run: () =>
        StoreTrial.run(options, async ({ store }) => {
          const mirror = mirrorOf(store);
          if (!store.sync) return;
          const ask = () => [mirror.position(CALL), mirror.stamps([A], 0, CALL)];
          const answers: unknown[] = ask();
          const recording = mirror.record(LOG, 0, 1, [], CALL);
          answers.push(...ask());
          await recording;
          answers.push(...ask());
          ensureEqual(answers.filter((answer) => answer instanceof Promise).length, 0, 'answers that are promises');
        }),
    },
  ];
}

/** Followers of different progress, one of them losing a batch now and then, tell one mirror what they have applied. */
async function stretch(t: MirrorTrial, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const followers = [0, 0, 0];
  const every = everyRandomDependency();
  let head = 0;
  for (let round = 0; round < 60; round++) {
    for (let i = below(6, random); i > 0; i--) t.change(++head, ...randomChange(random));
    const one = below(followers.length, random);
    const to = followers[one] + below(head - followers[one] + 1, random);
    if (random() < 0.9) await t.record(followers[one], to);
    followers[one] = to;
    const after = below(head + 1, random);
    await t.stamps(every, after);
  }
  await t.record(head, head);
  await t.ensureKnown(every, head);
}

function mirrorOf({ mirror }: Store): Mirror {
  ensure(mirror !== undefined, 'the store has no mirror, though the suite was told so');
  return mirror;
}
