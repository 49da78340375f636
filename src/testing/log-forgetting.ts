/** The part of the change log suite about what a log no longer knows: it says so, truthfully. */
import { keyDependency } from '../engine/dependency.ts';
import { ensure, ensureEqual } from './expectations.ts';
import {
  ensureChanges,
  ensureStamps,
  ensureStampsOfEntries,
  everyRandomDependency,
  randomChange,
  replay,
} from './log-model.ts';
import type { LogTests, LogTrial } from './log-trial.ts';
import { seededRandom } from './random.ts';
import type { Test } from './runner.ts';
import { CALL } from './store-trial.ts';

const SEEDS = [1, 2, 3];
const MANY = 1500; // changes; more than any log that calls itself small keeps

/** The tests about trimmed and lost changes, and random changes against the model. */
export function forgettingTests(test: LogTests, small: LogTests | undefined): readonly Test[] {
  const forgets = 'a log that has forgotten tells from where on it is complete';
  const name = keyDependency(['s', 'a']);
  return [
    ...SEEDS.map((seed) =>
      test(`random changes, seed ${seed}: replay and stamps agree with a list of all changes`, (trial) =>
        agree(trial, seed)),
    ),
    small ? small(forgets, forget) : { name: forgets, without: "no 'makeSmall' was given", run: () => {} },
    test(
      'a log that lost changes has another incarnation, whoever asks',
      async ({ log, other, lose }) => {
        const before = await log.append([name], CALL);
        await lose();
        for (const one of [log, other]) {
          const { incarnation } = await one.position(CALL);
          ensure(incarnation !== before.incarnation, 'changes were lost, and the incarnation is the same');
        }
      },
      'lose',
    ),
    test(
      'after a loss every answer is of the new incarnation, and the log goes on',
      async ({ log, lose }) => {
        const before = await log.append([name], CALL);
        await lose();
        const said = await log.append([name], CALL);
        const asked = await log.stamps([name], CALL);
        for (const answer of [said, await log.position(CALL), await log.read(0, CALL), asked]) {
          ensure(answer.incarnation !== before.incarnation, 'an answer is of the incarnation that was lost');
          ensureEqual([answer.incarnation, answer.head], [said.incarnation, said.head], 'incarnation and head');
        }
        ensure(asked.stamps[0] >= said.head, 'a change after the loss has no stamp');
      },
      'lose',
    ),
  ];
}

async function agree({ log, model }: LogTrial, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const every = everyRandomDependency();
  const start = (await log.position(CALL)).head;
  for (let i = 1; i <= 150; i++) {
    await model.append(log, ...randomChange(random));
    if (i % 10 === 0) await ensureStamps(log, model, every);
  }
  const marks = [start, ...model.changes.map(({ mark }) => mark)];
  for (const after of marks.filter((_, i) => i % 7 === 0)) await ensureTruth({ log, model }, after);
}

async function forget({ log, model }: LogTrial): Promise<void> {
  const random = seededRandom(7);
  const once = (i: number) => keyDependency(['once', `${i}`]);
  const asked = [...everyRandomDependency(), once(1), once(MANY - 100)];
  const start = (await log.position(CALL)).head;
  for (let i = 1; i <= MANY; i++) {
    await model.append(log, ...randomChange(random), once(i)); // names that never come again push the others out
    if (i % 100 === 0) await ensureStampsOfEntries(log, model, asked);
  }
  let trimmed = false;
  const marks = [start, ...model.changes.map(({ mark }) => mark)];
  for (const after of marks.filter((_, i) => i % 50 === 0 || i > MANY - 20))
    trimmed = (await ensureTruth({ log, model }, after)) > after || trimmed;
  ensure(trimmed, `after ${MANY} changes nothing is forgotten: the log isn't small`);
}

/** What is read after a mark must be all that the log says it still has; answers from where on it is complete. */
async function ensureTruth({ log, model }: Pick<LogTrial, 'log' | 'model'>, after: number): Promise<number> {
  const { complete, changes } = await replay(log, after);
  const due = model.changes.filter(({ mark }) => mark > Math.max(after, complete));
  ensureChanges(changes, due, `the changes after ${after}, of which all after ${complete} are said to be there`);
  return complete;
}
