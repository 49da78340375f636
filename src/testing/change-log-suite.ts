/** The conformance suite of a change log: the contract in `engine/log.ts`, promise by promise. */
import { type Dependency, keyDependency, prefixDependency } from '../engine/dependency.ts';
import type { ChangeLog, Position } from '../engine/log.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import type { Call } from '../engine/store.ts';
import { ensure, ensureEqual, ensureRefused } from './expectations.ts';
import { forgettingTests } from './log-forgetting.ts';
import { ensureChanges, ensureStamps, type Marked, replay } from './log-model.ts';
import { stampTests } from './log-stamps.ts';
import { type LogHooks, type LogTests, logTests } from './log-trial.ts';
import { watchTests } from './log-watching.ts';
import { type Group, register, type Skips, type Test, type TestRunner } from './runner.ts';
import { awkwardPaths } from './samples.ts';
import { CALL } from './store-trial.ts';

/** Options of {@link changeLogSuite}. What the factory makes is handed to the hooks, with whatever it carries for them. */
export interface ChangeLogSuiteOptions<S extends { readonly log: ChangeLog }> extends LogHooks<S> {
  /** What the tests are listed under. */
  readonly name: string;
  /** Makes a new, empty log. Each test asks for its own. */
  readonly make: () => MaybePromise<S>;
  /** Makes a new log that keeps at most some hundred changes and stamps, so that the tests see it forget. */
  readonly makeSmall?: () => MaybePromise<S>;
  readonly skip?: Skips;
}

/**
 * Registers the tests of the change log contract.
 *
 * @example
 * changeLogSuite({ describe, it }, { name: 'my log', make: () => ({ log: myLog() }) });
 */
export function changeLogSuite<S extends { readonly log: ChangeLog }>(
  runner: TestRunner,
  options: ChangeLogSuiteOptions<S>,
): void {
  register(runner, `${options.name} is a change log`, changeLogGroups(options), options.skip);
}

/** The tests of the change log contract. */
export function changeLogGroups<S extends { readonly log: ChangeLog }>(
  options: ChangeLogSuiteOptions<S>,
): readonly Group[] {
  const test = logTests(options.make, options);
  const small = options.makeSmall && logTests(options.makeSmall, options);
  return [
    { title: 'appending and reading', tests: readingTests(test) },
    { title: 'stamps', tests: stampTests(test) },
    { title: 'watching', tests: watchTests(test) },
    { title: 'forgetting and losing', tests: forgettingTests(test, small) },
  ];
}

const [A, B, C] = ['a', 'b', 'c'].map((name) => keyDependency(['s', name]));

function readingTests(test: LogTests): readonly Test[] {
  return [
    test('a new log stands somewhere and has an incarnation', async ({ log }) => {
      const { head, incarnation } = await log.position(CALL);
      ensure(Number.isSafeInteger(head) && head >= 0, `the head must be a whole number from 0 up, and is ${head}`);
      ensure(typeof incarnation === 'string' && incarnation !== '', 'the incarnation must be text that is not empty');
      ensureEqual((await log.read(head, CALL)).changes, [], 'the changes after the head');
    }),
    test('each change gets a larger mark than all before it, and is the new head', async ({ log, model }) => {
      for (const change of [[A], [A], [B, C], [A]]) {
        const mark = await model.append(log, ...change);
        ensureEqual((await log.position(CALL)).head, mark, 'the head after an append');
      }
    }),
    test('what was appended can be read at once, in order, from any mark on', async ({ log, model }) => {
      const start = (await log.position(CALL)).head;
      for (let i = 0; i < 30; i++) {
        await model.append(log, ...(i % 3 === 0 ? [A, B] : [C]));
        await ensureReplayed(log, model.changes.at(-2)?.mark ?? start, model.changes.slice(-1));
      }
      for (const after of [start, ...model.changes.map(({ mark }) => mark)])
        await ensureReplayed(
          log,
          after,
          model.changes.filter(({ mark }) => mark > after),
        );
    }),
    test('a change comes back as it was said, whatever its names are', async ({ log, model }) => {
      const start = (await log.position(CALL)).head;
      const names = awkwardPaths.flatMap((path) => [keyDependency(path), prefixDependency(path)]);
      await model.append(log, ...names);
      for (const name of names) await model.append(log, name);
      await ensureReplayed(log, start, model.changes);
    }),
    test('a log that tells the time tells it of every change, and none is newer than the answer', async ({
      log,
      model,
    }) => {
      for (let i = 0; i < 5; i++) await model.append(log, A);
      const { at, changes } = await log.read(0, CALL);
      ensure(
        changes.every((one) => (one.at === undefined) === (at === undefined)),
        'either all that is answered has a time, or nothing',
      );
      for (const { at: appended, mark } of changes)
        ensure(appended === undefined || appended <= at!, `change ${mark} is of ${appended}, the answer of ${at}`);
    }),
    test('what is no transaction of its own is refused by appendIn', async ({ log }) => {
      if (!log.appendIn) return;
      const before = await log.position(CALL);
      for (const nothing of [undefined, null, 7, 'begin', {}])
        await ensureRefused(
          'bad_option',
          async () => log.appendIn!(nothing, [A]),
          `appendIn(${JSON.stringify(nothing)})`,
        );
      ensureEqual(await log.position(CALL), before, 'where the log stands');
    }),
    test('changes appended at the same time get marks of their own', async ({ log, other }) => {
      const start = (await log.position(CALL)).head;
      const names = Array.from({ length: 40 }, (_, i) => keyDependency(['s', `${i}`]));
      const said = await Promise.all(names.map(async (name, i) => (i % 2 === 0 ? log : other).append([name], CALL)));
      ensureEqual(new Set(said.map(({ head }) => head)).size, names.length, 'the number of different marks');
      const due = said.map(({ head }, i) => ({ mark: head, change: [names[i]] }));
      await ensureReplayed(
        log,
        start,
        due.toSorted((x, y) => x.mark - y.mark),
      );
    }),
    test('whoever reads on while others append misses nothing', async ({ log, other }) => {
      let at = (await log.position(CALL)).head;
      const names = Array.from({ length: 60 }, (_, i) => keyDependency(['s', `${i}`]));
      const seen: Dependency[] = [];
      const readOn = async () => {
        const { changes } = await replay(other, at);
        seen.push(...changes.flatMap(({ change }) => change));
        at = changes.at(-1)?.mark ?? at;
      };
      const appending = Promise.all(names.map(async (name) => log.append([name], CALL)));
      for (let round = 0; round < 20; round++) await readOn();
      await appending;
      await readOn();
      ensureEqual(seen.toSorted(), names.toSorted(), 'what a reader saw in all');
    }),
    test(
      'another connection sees a change as soon as it is acknowledged',
      async ({ log, other, model }) => {
        let before = (await log.position(CALL)).head;
        for (let i = 0; i < 10; i++) {
          const mark = await model.append(i % 2 === 0 ? log : other, A);
          for (const one of i % 2 === 0 ? [other, log] : [log, other]) {
            ensureEqual((await one.position(CALL)).head, mark, 'the head');
            await ensureReplayed(one, before, model.changes.slice(-1));
            await ensureStamps(one, model, [A]);
          }
          before = mark;
        }
      },
      'another',
    ),
    test('the incarnation stays the same while nothing is lost', async ({ log, other }) => {
      const { incarnation } = await log.position(CALL);
      for (let i = 0; i < 10; i++)
        for (const one of [log, other]) {
          const answers = [await one.append([A], CALL), await one.position(CALL), await one.read(0, CALL)];
          for (const answer of [...answers, await one.stamps([A], CALL)])
            ensureEqual(answer.incarnation, incarnation, 'the incarnation');
        }
    }),
    test('a synchronous log never answers a read with a promise', async ({ log }) => {
      if (!log.sync) return;
      const reads = () => [log.position(CALL), log.read(0, CALL), log.stamps([A], CALL)];
      const before = reads();
      const appending = log.append([A], CALL);
      const answers: readonly object[] = [...before, ...reads()];
      await appending;
      const promises = [...answers, ...reads()].filter((answer) => 'then' in answer).length;
      ensureEqual(promises, 0, 'reads answered with a promise, though sync is true');
    }),
    test('an append to a synchronous log that is given up has no effect afterwards', async ({ log }) => {
      if (log.sync) await ensureGivenUp(log, (call) => log.append([A], call));
    }),
  ];
}

/** What is given up while it is being said to a synchronous log must have been done by then, or never be. */
export async function ensureGivenUp(log: ChangeLog, say: (call: Call) => MaybePromise<Position>): Promise<void> {
  const given = new AbortController();
  const saying = say({ signal: given.signal });
  const { head } = log.position(CALL) as Position;
  given.abort(new Error('given up'));
  await Promise.allSettled([saying]);
  ensureEqual((await log.position(CALL)).head, head, 'the head after it was given up');
}

/** Everything after a mark must still be there, and be this. */
async function ensureReplayed(log: ChangeLog, after: number, due: readonly Marked[]): Promise<void> {
  const { complete, changes } = await replay(log, after);
  ensure(complete <= after, `so short a log must still have all after ${after}, and has all after ${complete}`);
  ensureChanges(changes, due, `the changes after ${after}`);
}
