/** The suite notices an operation store that breaks its contract. */
import { describe, expect, test } from 'vitest';
import { TidemarkError } from 'tidemark';
import { operationStoreSuite, type TestRunner } from 'tidemark/testing';
import { memoryOperations } from '../../src/documents/operations/memory.ts';
import type { Operation } from '../../src/documents/operation.ts';
import type { Head, OperationPage } from '../../src/documents/operation-source.ts';
import type { Append, OperationStore } from '../../src/documents/operation-store.ts';
import { operationAt } from '../../src/testing/documents/operation-trial.ts';
import { type Outcomes, outcomesOf } from './outcomes.ts';

const STRETCHES = 'operations are answered in order, after an index and up to another one, which is included';
const PAGES = 'a page has a hundred operations unless another number is asked for, and the last one has no cursor';
const EACH_ONCE = 'from page to page nothing is missed and nothing comes twice, also while others append';
const HEADS = 'heads are answered by position, each with the id that was asked for';
const STRANGERS = 'streams whose names look alike are strangers';
const NO_TEXT = 'a name that is no text for everybody is kept apart, or refused with bad_option and unknown';
const NO_HANDLE = 'what was read is no handle on the store';
const QUESTIONS =
  'a question that can not be answered is refused with bad_option, one that was given up is not answered';
const EVERY_PART = 'every part of an operation comes back as it was';
const AWKWARD = 'an awkward text comes back equal, or is refused with bad_value';
const UNSAYABLE = 'what JSON can not say is refused with bad_value, and nothing is written';
const GIVEN = 'what was appended does not change when the operations do that were given';
const LATE = 'a writer who has seen too little or too much meets a conflict, and nothing is written';
const AGAIN = 'the same append again is answered as done, also when the stream has grown';
const IN_PART = 'an append that was there in part, or with other ids, is a conflict';
const ONE_BY_ONE = 'indices that do not follow the revision one by one are refused with bad_history';
const THOUSAND = 'a thousand operations are one append: all of them, or none';
const GIVEN_UP = 'what was given up before it began is not written';
const ONE_WINS = 'of all who append after the same revision exactly one gets through, with all that it has';
const BOTH_TOLD = 'the same append twice at the same time is done once, and both are told so';
const NO_HOLE = 'writers who read on and try again all get through, and nobody ever sees a hole';
const SEEN = 'what was acknowledged is seen through another connection at once';
const NO_TRANSACTION = 'what is no transaction is refused with bad_option, and nothing is written';
const COMMITTED = 'operations of a transaction are there when it has committed';
const ROLLED_BACK = 'operations of a transaction that is rolled back were never there';
const STAYS_WHOLE = 'a conflict leaves a transaction whole, and so does a replay';

/** A store whose methods can be taken apart: one in memory, of which a test can replace what it likes. */
interface PlainStore extends OperationStore {
  readonly getSince: (...asked: Parameters<OperationStore['getSince']>) => Promise<OperationPage>;
  readonly getHeads: (...asked: Parameters<OperationStore['getHeads']>) => Promise<readonly Head[]>;
  readonly append: (request: Append) => Promise<number>;
}

function plainStore(): PlainStore {
  const store = memoryOperations();
  return {
    getSince: (...asked) => store.getSince(...asked),
    getHeads: (...asked) => store.getHeads(...asked),
    append: (request) => store.append(request),
  };
}

const changing =
  (change: (request: Append) => Append) =>
  ({ append }: PlainStore): Partial<OperationStore> => ({ append: (request) => append(change(request)) });
const eachOperation = (change: (operation: Operation) => Operation) =>
  changing((request) =>
    Array.isArray(request.operations) ? { ...request, operations: request.operations.map(change) } : request,
  );
const named =
  (change: (name: string) => string) =>
  ({ getSince, getHeads, append }: PlainStore): PlainStore => ({
    getSince: (documentId, scope, branch, ...rest) =>
      getSince(change(documentId), change(scope), change(branch), ...rest),
    getHeads: (documentId, branch, streams, signal) =>
      getHeads(
        change(documentId),
        change(branch),
        streams.map((s) => ({ ...s, scope: change(s.scope) })),
        signal,
      ),
    append: (request) => {
      const { documentId, scope, branch } = request;
      return append({ ...request, documentId: change(documentId), scope: change(scope), branch: change(branch) });
    },
  });
/** One operation at a time, with a moment for others in between. */
const oneByOne = async ({ append }: PlainStore, request: Append): Promise<number> => {
  let last = request.revision;
  for (const operation of request.operations) {
    last = await append({ ...request, revision: operation.index - 1, operations: [operation] });
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  }
  return last;
};

/** The texts of a value replaced. */
function withTexts<T>(value: T, change: (text: string) => string): T {
  if (typeof value === 'string') return change(value) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((part: unknown) => withTexts(part, change)) as T;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [change(k), withTexts<unknown>(v, change)])) as T;
}

/** Operations that are still being appended are shown in a way of its own. */
function slowly(shown: (found: readonly Operation[], young: ReadonlySet<string>) => readonly Operation[]): Spoil {
  return ({ append, getSince }) => {
    const young = new Set<string>();
    return {
      append: async (request) => {
        const done = await append(request);
        for (const { id } of request.operations) young.add(id);
        for (let i = 0; i < 5; i++) await new Promise(setImmediate);
        for (const { id } of request.operations) young.delete(id);
        return done;
      },
      getSince: async (...asked) => {
        const page = await getSince(...asked);
        return { ...page, results: shown(page.results, young) };
      },
    };
  };
}

type Spoil = (store: PlainStore) => Partial<OperationStore>;
const broken: readonly (readonly [promise: string, noticedBy: string, spoil: Spoil])[] = [
  [
    'begins a stretch with the index that it should begin after',
    STRETCHES,
    ({ getSince }) => ({ getSince: (d, s, b, after, options) => getSince(d, s, b, after - 1, options) }),
  ],
  [
    'reads beyond the index that it should end at',
    STRETCHES,
    ({ getSince }) => ({
      getSince: (d, s, b, after, options) => getSince(d, s, b, after, { ...options, until: undefined }),
    }),
  ],
  [
    'ends before the index that it should end at',
    STRETCHES,
    ({ getSince }) => ({
      getSince: (d, s, b, after, options) =>
        getSince(d, s, b, after, { ...options, until: options?.until === undefined ? undefined : options.until - 1 }),
    }),
  ],
  [
    'answers the newest operation first',
    STRETCHES,
    ({ getSince }) => ({
      getSince: async (...asked) => {
        const page = await getSince(...asked);
        return { ...page, results: page.results.toReversed() };
      },
    }),
  ],
  [
    'answers with everything at once',
    PAGES,
    ({ getSince }) => ({
      getSince: (d, s, b, after, options) => getSince(d, s, b, after, { ...options, limit: 10_000 }),
    }),
  ],
  [
    'gives a cursor with a last page that is full',
    PAGES,
    ({ getSince }) => ({
      getSince: async (d, s, b, after, options) => {
        const page = await getSince(d, s, b, after, options);
        const full = page.results.length === (options?.limit ?? 100);
        return full ? { ...page, nextCursor: String(page.results.at(-1)!.index) } : page;
      },
    }),
  ],
  [
    'begins the next page with one that was on the last',
    EACH_ONCE,
    ({ getSince }) => ({
      getSince: async (...asked) => {
        const page = await getSince(...asked);
        return page.nextCursor === undefined ? page : { ...page, nextCursor: String(Number(page.nextCursor) - 1) };
      },
    }),
  ],
  [
    'forgets on the next page where to end',
    EACH_ONCE,
    ({ getSince }) => ({
      getSince: (d, s, b, after, options) =>
        getSince(d, s, b, after, options?.cursor === undefined ? options : { ...options, until: undefined }),
    }),
  ],
  [
    'always tells the id of the last operation',
    HEADS,
    ({ getHeads }) => ({
      getHeads: (d, b, streams) =>
        getHeads(
          d,
          b,
          streams.map(({ scope }) => ({ scope })),
        ),
    }),
  ],
  [
    'tells each scope once',
    HEADS,
    ({ getHeads }) => ({
      getHeads: (d, b, streams) =>
        getHeads(d, b, [...new Map(streams.map((stream) => [stream.scope, stream])).values()]),
    }),
  ],
  ['takes names of different case for one', STRANGERS, named((name) => name.toLowerCase())],
  ['ignores space at the end of a name', STRANGERS, named((name) => name.trimEnd() || 'x')],
  ['takes texts that look alike for one', STRANGERS, named((name) => name.normalize())],
  ['makes other texts of halves of characters', NO_TEXT, named((name) => name.replace(/\p{Surrogate}/gu, '\ufffd'))],
  ['ends names at NUL', NO_TEXT, named((name) => name.split('\0')[0])],
  [
    'hands out what it holds',
    NO_HANDLE,
    ({ getSince }) => {
      const held = new Map<string, Operation>();
      return {
        getSince: async (...asked) => {
          const page = await getSince(...asked);
          for (const operation of page.results)
            if (!held.has(operation.id)) held.set(operation.id, structuredClone(operation));
          return { ...page, results: page.results.map(({ id }) => held.get(id)!) };
        },
      };
    },
  ],
  [
    'takes any limit',
    QUESTIONS,
    ({ getSince }) => ({
      getSince: (d, s, b, after, options) =>
        getSince(d, s, b, after, { ...options, limit: Math.max(1, Math.floor(options?.limit ?? 1)) }),
    }),
  ],
  ['answers who has given up', QUESTIONS, ({ getHeads }) => ({ getHeads: (d, b, streams) => getHeads(d, b, streams) })],
  ['loses why an operation failed', EVERY_PART, eachOperation((operation) => ({ ...operation, error: undefined }))],
  [
    'loses the context of actions',
    EVERY_PART,
    eachOperation((operation) => ({ ...operation, action: { ...operation.action, context: undefined } })),
  ],
  ['drops NUL', AWKWARD, eachOperation((operation) => withTexts(operation, (text) => text.replaceAll('\0', '')))],
  [
    'keeps what is left of a value as JSON',
    UNSAYABLE,
    eachOperation(
      (o) => JSON.parse(JSON.stringify(o, (_, v: unknown) => (typeof v === 'bigint' ? 0 : v))) as Operation,
    ),
  ],
  [
    'keeps the very objects that it is given',
    GIVEN,
    ({ append, getSince }) => {
      const given = new Map<string, Operation>();
      return {
        append: (request) => {
          for (const operation of request.operations) given.set(operation.id, operation);
          return append(request);
        },
        getSince: async (...asked) => {
          const page = await getSince(...asked);
          return { ...page, results: page.results.map(({ id }) => given.get(id)!) };
        },
      };
    },
  ],
  [
    'believes every writer',
    LATE,
    ({ append, getHeads }) => ({
      append: async (request) => {
        const { documentId, branch, scope, operations } = request;
        const [{ revision }] = await getHeads(documentId, branch, [{ scope }]);
        const moved = operations.map((operation, i) => ({ ...operation, index: revision + 1 + i }));
        return append({ ...request, revision, operations: moved });
      },
    }),
  ],
  [
    'meets a conflict in its own append',
    AGAIN,
    ({ append, getHeads }) => ({
      append: async (request) => {
        const { documentId, branch, scope, revision } = request;
        const [head] = await getHeads(documentId, branch, [{ scope }]);
        return append(
          head.revision > revision ? { ...request, operations: [operationAt(revision + 1, 'another')] } : request,
        );
      },
    }),
  ],
  [
    'takes an append for done if its first operation is there',
    IN_PART,
    ({ append, getHeads }) => ({
      append: async (request) => {
        const { documentId, branch, scope, revision, operations } = request;
        const [head] = await getHeads(documentId, branch, [{ scope, at: revision + 1 }]);
        return operations.length > 0 && head.id === operations[0].id ? revision + operations.length : append(request);
      },
    }),
  ],
  [
    'gives operations the indices that they should have',
    ONE_BY_ONE,
    changing((request) => ({
      ...request,
      operations: request.operations.map((operation, i) => ({ ...operation, index: request.revision + 1 + i })),
    })),
  ],
  ['keeps what came before a bad operation', THOUSAND, (store) => ({ append: (request) => oneByOne(store, request) })],
  ['writes what was given up', GIVEN_UP, changing((request) => ({ ...request, signal: undefined }))],
  [
    'looks first and writes later',
    ONE_WINS,
    ({ append, getHeads }) => ({
      append: async (request) => {
        const { documentId, branch, scope, revision, operations } = request;
        const [before] = await getHeads(documentId, branch, [{ scope }]);
        if (before.revision !== revision) return append(request);
        await new Promise(setImmediate);
        await append(request).catch(() => {});
        return revision + operations.length;
      },
    }),
  ],
  [
    'tells the second of two that ask for the same of a conflict',
    BOTH_TOLD,
    ({ append }) => {
      const running = new Set<string>();
      return {
        append: async (request) => {
          const name = request.operations[0].id;
          if (running.has(name)) throw new TidemarkError('conflict', 'somebody is at it');
          running.add(name);
          await new Promise(setImmediate);
          return append(request).finally(() => running.delete(name));
        },
      };
    },
  ],
  [
    'lets a head be seen before its operations',
    NO_HOLE,
    slowly((found, young) => found.filter(({ id }) => !young.has(id))),
  ],
  [
    'shows operations before those that come before them',
    NO_HOLE,
    slowly((found, young) => found.filter(({ id }, i) => !young.has(id) || i === found.length - 1)),
  ],
  [
    'shows operations that are changed for others later on',
    NO_HOLE,
    slowly((found, young) => found.map((one) => (young.has(one.id) ? { ...one, id: `${one.id}, perhaps` } : one))),
  ],
  [
    'ignores that it can not take part in a transaction',
    NO_TRANSACTION,
    changing((request) => ({ ...request, transaction: undefined })),
  ],
];

const run = (store: () => OperationStore, only: string): Promise<Outcomes> =>
  outcomesOf((runner) => operationStoreSuite(runner, { name: 'broken', make: () => ({ store: store() }) }), { only });

describe('the suite notices a store that', () => {
  test.each(broken)('%s', async (_, noticedBy, spoil) => {
    const { failed } = await run(() => {
      const store = plainStore();
      return { ...store, ...spoil(store) };
    }, noticedBy);
    expect([...failed.keys()]).toEqual([noticedBy]);
  });

  test('sees what it appends itself, and not what another connection does', async () => {
    const suite = (runner: TestRunner) =>
      operationStoreSuite(runner, {
        name: 'apart',
        make: () => ({ store: plainStore() }),
        another: () => plainStore(),
      });
    expect([...(await outcomesOf(suite, { only: SEEN })).failed.keys()]).toEqual([SEEN]);
  });
});

/** A store with transactions: what they append waits for their end, and is read by nobody until then. */
interface Transactional {
  readonly store: PlainStore;
  readonly transaction: (work: (transaction: unknown) => Promise<void>) => Promise<void>;
}

class Transaction {
  readonly said: Append[] = [];
}

/** Keeps requests of a transaction in a list, each checked on a copy of everything, and appends them at the commit. */
function transactional(): Transactional {
  const requests: Append[] = [];
  const store = plainStore();
  const append = async (request: Append): Promise<number> => {
    const revision = await store.append(request);
    requests.push(request);
    return revision;
  };
  return {
    store: {
      ...store,
      append: async ({ transaction, ...request }) => {
        if (transaction === undefined) return append(request);
        if (!(transaction instanceof Transaction)) return store.append({ ...request, transaction });
        const copy = plainStore();
        for (const earlier of [...requests, ...transaction.said]) await copy.append(earlier);
        const revision = await copy.append(request);
        transaction.said.push(request);
        return revision;
      },
    },
    transaction: async (work) => {
      const transaction = new Transaction();
      await work(transaction);
      for (const request of transaction.said) await append(request);
    },
  };
}

describe('of a store with transactions, the suite', () => {
  const outcomes = (spoil: (made: Transactional) => Partial<Transactional>, only?: string) =>
    outcomesOf(
      (runner) =>
        operationStoreSuite(runner, {
          name: 'with transactions',
          make: () => {
            const made = transactional();
            return { ...made, ...spoil(made) };
          },
          transaction: ({ transaction }, work) => transaction(work),
        }),
      only === undefined ? {} : { only },
    );
  const appending = ({ store }: Transactional, append: PlainStore['append']): Partial<Transactional> => ({
    store: { ...store, append },
  });

  test('finds nothing to say if all is well', async () => {
    const { failed, passed } = await outcomes(() => ({}));
    expect([...failed]).toEqual([]);
    expect(passed).toContain(STAYS_WHOLE);
  });

  const spoilt: readonly (readonly [
    string,
    noticedBy: string,
    spoil: (made: Transactional) => Partial<Transactional>,
  ])[] = [
    [
      'writes at once, whatever becomes of the transaction',
      ROLLED_BACK,
      (made) => appending(made, (request) => made.store.append({ ...request, transaction: undefined })),
    ],
    ['forgets what a transaction has appended', COMMITTED, () => ({ transaction: transactional().transaction })],
    [
      'spoils the transaction with a conflict',
      STAYS_WHOLE,
      (made) => {
        const spoiltOnes = new Set<unknown>();
        return appending(made, async (request) => {
          if (spoiltOnes.has(request.transaction)) throw new Error('current transaction is aborted');
          return made.store.append(request).catch((error: unknown) => {
            if (request.transaction !== undefined) spoiltOnes.add(request.transaction);
            throw error;
          });
        });
      },
    ],
  ];
  test.each(spoilt)('notices that it %s', async (_, noticedBy, spoil) => {
    expect([...(await outcomes(spoil, noticedBy)).failed.keys()]).toEqual([noticedBy]);
  });
});
