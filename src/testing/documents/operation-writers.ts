/** The part of the operation store suite about several writers, and about transactions. */
import type { Operation } from '../../documents/operation.ts';
import type { OperationStore } from '../../documents/operation-store.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { ensure, ensureEqual, ensureRefused } from '../expectations.ts';
import type { Test } from '../runner.ts';
import { turn } from '../../engine/turn.ts';
import { operationAt, operationsFrom, type OperationTests, requestFor, STREAM } from './operation-trial.ts';

const WRITERS = 5;
const ROUNDS = 6;
const MOST_TRIES = 1000;

export function writerTests(test: OperationTests): readonly Test[] {
  return [
    test('of all who append after the same revision exactly one gets through, with all that it has', async (t) => {
      await t.append(operationsFrom(0, 2));
      const writers = Array.from({ length: 8 }, (_, i) => operationsFrom(2, 3 + i, `writer ${i}`));
      const outcomes = await Promise.allSettled(
        writers.map(async (operations, i) => (i % 2 ? t.other : t.store).append(requestFor(operations))),
      );
      const through = writers.filter((_, i) => outcomes[i].status === 'fulfilled');
      ensureEqual(through.length, 1, 'how many got through');
      for (const outcome of outcomes) if (outcome.status === 'rejected') ensureConflict(outcome.reason);
      await t.ensureStream([...operationsFrom(0, 2), ...through[0]], 'the stream');
    }),
    test('the same append twice at the same time is done once, and both are told so', async (t) => {
      const operations = operationsFrom(0, 4);
      const answers = await Promise.all([t.store, t.other].map(async (store) => store.append(requestFor(operations))));
      ensureEqual(answers, [3, 3], 'the answers');
      await t.ensureStream(operations, 'the stream');
    }),
    test('writers who read on and try again all get through, and nobody ever sees a hole', async (t) => {
      const ended = new AbortController();
      const write = async (writer: number): Promise<void> => {
        const store = writer % 2 ? t.other : t.store;
        for (let round = 0; round < ROUNDS; round++) {
          await appendSomewhere(store, `${writer}.${round}`, 1 + (round % 3));
          await turn(); // so that others come in between, also where nothing takes any time
        }
      };
      const read = async (store: OperationStore): Promise<void> => {
        const seen: string[] = [];
        while (!ended.signal.aborted) {
          const [{ revision, id }] = await store.getHeads(STREAM[0], STREAM[2], [{ scope: STREAM[1] }]);
          const { results } = await store.getSince(...STREAM, -1, { limit: 10_000 });
          ensureWhole(results, revision, id, seen);
          await turn();
        }
      };
      const done = Array.from({ length: WRITERS }, async (_, writer) => write(writer));
      void Promise.allSettled(done).then(() => ended.abort());
      await Promise.all([...done, read(t.store), read(t.other)]);
      const ids = (await t.all()).map(({ id }) => id);
      const due = Array.from({ length: WRITERS }, (_, w) =>
        Array.from({ length: ROUNDS }, (__, r) => `${w}.${r}`),
      ).flat();
      ensureEqual(ids.length, WRITERS * ROUNDS * 2, 'how many operations there are');
      for (const name of due)
        ensure(
          ids.some((id) => id.startsWith(`${name}-`)),
          `what ${name} appended is lost`,
        );
    }),
    test(
      'what was acknowledged is seen through another connection at once',
      async (t) => {
        for (let i = 0; i < 10; i++) {
          await t.append([operationAt(i)]);
          const { results } = await t.other.getSince(...STREAM, i - 1);
          ensureEqual([...results], [operationAt(i)], 'what the other one reads');
          await ensureRefused(
            'conflict',
            () => t.other.append(requestFor([operationAt(i, 'late')])),
            'an append of somebody who has not seen it',
          );
        }
      },
      'another',
    ),
  ];
}

export function transactionTests(test: OperationTests): readonly Test[] {
  const needs = 'transaction';
  const inAnother = ['document', 'local', 'main'] as const;
  return [
    test('what is no transaction is refused with bad_option, and nothing is written', async (t) => {
      for (const transaction of [7, 'BEGIN', null, {}])
        await ensureRefused(
          'bad_option',
          () => t.append(operationsFrom(0, 1), { transaction }),
          JSON.stringify(transaction),
        );
      await t.ensureStream([], 'the stream');
    }),
    test(
      'operations of a transaction are there when it has committed',
      async (t) => {
        await t.append(operationsFrom(0, 2));
        await t.transaction(async (transaction) => {
          ensureEqual(await t.append(operationsFrom(2, 4), { transaction }), 3, 'the answer');
          ensureEqual(await t.append(operationsFrom(4, 5), { transaction }), 4, 'the answer to what comes next');
          await t.append(operationsFrom(0, 3), { transaction }, inAnother);
        });
        await t.ensureStream(operationsFrom(0, 5), 'the stream');
        await t.ensureStream(operationsFrom(0, 3), 'the other stream', inAnother);
      },
      needs,
    ),
    test(
      'operations of a transaction that is rolled back were never there',
      async (t) => {
        await t.append(operationsFrom(0, 2));
        const changed = new Error('changed my mind');
        const rolledBack = t.transaction(async (transaction) => {
          await t.append(operationsFrom(2, 4, 'undone'), { transaction });
          throw changed;
        });
        ensureEqual(await rolledBack.catch((error: unknown) => error), changed, 'what the transaction fails with');
        await t.ensureStream(operationsFrom(0, 2), 'the stream');
        await t.append(operationsFrom(2, 3));
        await t.ensureStream(operationsFrom(0, 3), 'the stream that goes on');
      },
      needs,
    ),
    test(
      'the first operations of all may be those of a transaction',
      async (t) => {
        await t.transaction(async (transaction) => {
          await t.append(operationsFrom(0, 2), { transaction });
        });
        await t.ensureStream(operationsFrom(0, 2), 'the stream');
      },
      needs,
    ),
    test(
      'a conflict leaves a transaction whole, and so does a replay',
      async (t) => {
        await t.append(operationsFrom(0, 2));
        await t.transaction(async (transaction) => {
          const late = operationsFrom(1, 5, 'late');
          await ensureRefused('conflict', () => t.append(late, { transaction }), 'an append after 0');
          ensureEqual(await t.append(operationsFrom(0, 2), { transaction }), 1, 'the answer to a replay');
          await t.append(operationsFrom(0, 1), { transaction }, inAnother);
        });
        await t.ensureStream(operationsFrom(0, 2), 'the stream');
        await t.ensureStream(operationsFrom(0, 1), 'the other stream', inAnother);
      },
      needs,
    ),
  ];
}

/** Read where the stream ends, append after it, and do so again as long as others are quicker. */
async function appendSomewhere(store: OperationStore, writer: string, count: number): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const [{ revision }] = await store.getHeads(STREAM[0], STREAM[2], [{ scope: STREAM[1] }]);
    try {
      await store.append(requestFor(operationsFrom(revision + 1, revision + 1 + count, writer)));
      return;
    } catch (error) {
      ensureConflict(error);
    }
    await turn();
  }
  throw new Error(`${writer} never got through`);
}

/** What was read after the head must reach it, have no hole, and begin with all that was seen before. */
function ensureWhole(results: readonly Operation[], revision: number, id: string | undefined, seen: string[]): void {
  results.forEach(({ index }, i) => ensureEqual(index, i, 'the index at this place of the stream'));
  ensure(results.length > revision, `a head at ${revision} was told, and then ${results.length} operations`);
  ensureEqual(results[revision]?.id, id, 'the id of the head');
  const ids = results.map((operation) => operation.id);
  ensureEqual(ids.slice(0, seen.length), seen, 'what was seen before');
  seen.push(...ids.slice(seen.length));
}

function ensureConflict(error: unknown): void {
  if (error instanceof TidemarkError && error.code === 'conflict') return;
  throw new Error(`failed with ${String(error)} where conflict was due`, { cause: error });
}
