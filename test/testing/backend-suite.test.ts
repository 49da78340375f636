/** The shared backend keeps its contract, and the suite notices a backend that doesn't. */
import { describe, expect, it, test } from 'vitest';
import {
  type Backend,
  everyDependency,
  implicitDependencies,
  type LeaseRequest,
  pathOfStorageKey,
  type Position,
} from 'tidemark';
import {
  backendSuite,
  type BackendSuiteOptions,
  type ManualClock,
  manualClock,
  sharedBackend,
  SharedSpace,
  type TestRunner,
} from 'tidemark/testing';
import { type Outcomes, outcomesOf } from './outcomes.ts';

/** A space whose log keeps the newest fifty changes only. */
class SmallSpace extends SharedSpace {
  override append(change: readonly string[]): Position {
    const position = super.append(change);
    this.trim(50);
    return position;
  }
}

interface Made {
  readonly backend: Backend;
  readonly space: SharedSpace;
  readonly clock: ManualClock;
}

function made(space: SharedSpace, clock: ManualClock): Made {
  return { backend: sharedBackend({ space }), space, clock };
}

function makeSync(): Made {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  return { backend: sharedBackend({ space, sync: true }), space, clock };
}

const options: BackendSuiteOptions<Made> = {
  name: 'sharedBackend()',
  make: () => {
    const clock = manualClock();
    return made(new SharedSpace({ clock }), clock);
  },
  makeSmall: () => made(new SmallSpace({ limits: { stamps: 100, rules: 20 } }), manualClock()),
  another: ({ space }) => sharedBackend({ space }),
  lose: ({ space }) => space.flush(),
  leases: { passTime: ({ clock }, ms) => clock.advanceAsync(ms) },
};

const synchronous: BackendSuiteOptions<Made> = {
  ...options,
  name: 'sharedBackend({ sync: true })',
  make: makeSync,
  another: ({ space }) => sharedBackend({ space, sync: true }),
};

backendSuite({ describe, it }, { ...options, commit: false });
backendSuite({ describe, it }, synchronous);

/** How a backend is spoilt: methods of the space it lives in, or of the connection to it. */
interface Spoilt {
  readonly space?: (space: SharedSpace) => object;
  readonly connection?: (backend: Backend, space: SharedSpace) => object;
  /** The connections are asynchronous, and offer no commit. */
  readonly remote?: true;
}

function run({ space: spoilSpace, connection, remote }: Spoilt, only: string): Promise<Outcomes> {
  const connect = (space: SharedSpace): Backend => {
    const backend = sharedBackend({ space, sync: !remote });
    return connection ? Object.assign(backend, connection(backend, space)) : backend;
  };
  const suite = (runner: TestRunner) =>
    backendSuite(runner, {
      ...options,
      ...(remote && { commit: false as const }),
      make: () => {
        const clock = manualClock();
        const space = new SharedSpace({ clock });
        if (spoilSpace) Object.assign(space, spoilSpace(space));
        return { backend: connect(space), space, clock };
      },
      another: ({ space }) => connect(space),
    });
  return outcomesOf(suite, { only });
}

/** A fence that checks some dependencies of an entry only, with stamps of its own liking. */
function fence(
  checked: (dependency: string, key: string) => boolean,
  stampOf: (space: SharedSpace, dependency: string) => number = (space, dependency) => space.stamp(dependency),
): Spoilt {
  return {
    space: (space) => {
      const put = space.put.bind(space);
      return {
        put: (key: string, entry: Parameters<SharedSpace['put']>[1]) => {
          if (entry.incarnation !== space.position.incarnation) return false;
          const due = everyDependency(key, entry).filter((dependency) => checked(dependency, key));
          if (due.some((dependency) => stampOf(space, dependency) > entry.mark)) return false;
          return put(key, { ...entry, mark: space.position.head });
        },
      };
    },
  };
}

/** A place that is told of requests for leases something else than what was asked. */
function asking(change: (wanted: LeaseRequest) => LeaseRequest): Spoilt {
  return {
    space: (space) => {
      const lease = space.lease.bind(space);
      return { lease: (key: string, wanted: LeaseRequest) => lease(key, change(wanted)) };
    },
  };
}

const own = (key: string): readonly string[] => implicitDependencies(pathOfStorageKey(key));

const broken: readonly (readonly [promise: string, noticedBy: string, spoilt: Spoilt])[] = [
  [
    'does not look at the key of an entry',
    'an entry is refused when its own key changed after its mark',
    fence((dependency, key) => dependency !== own(key).at(-1)),
  ],
  [
    'does not look at prefixes',
    'an entry is refused when its collection changed after its mark',
    fence((dependency) => !dependency.startsWith('^')),
  ],
  [
    'looks at the nearest prefix only',
    'an entry is refused when its cache changed after its mark',
    fence((dependency, key) => !dependency.startsWith('^') || own(key).slice(-3).includes(dependency)),
  ],
  [
    'does not look at the prefix that is the path itself',
    'an entry is refused when the prefix that is its own path changed after its mark',
    fence((dependency, key) => dependency !== own(key).at(-2)),
  ],
  [
    'does not look at tags',
    'an entry is refused when a tag changed after its mark',
    fence((dependency) => !dependency.startsWith('#')),
  ],
  [
    'does not look at other keys',
    'an entry is refused when another key that it names changed after its mark',
    fence((dependency, key) => !dependency.startsWith('=') || own(key).includes(dependency)),
  ],
  [
    'does not look at rules',
    'an entry is refused when a rule that matches its key changed after its mark',
    fence(
      () => true,
      (space, dependency) => space.read(0).changes.findLast(({ change }) => change.includes(dependency))?.mark ?? 0,
    ),
  ],
  [
    'refuses an entry of the same mark',
    'an entry is kept when the change has the same mark as it',
    fence(
      () => true,
      (space, dependency) => space.stamp(dependency) + 1,
    ),
  ],
  [
    'refuses whatever is not of the newest mark',
    'a change of something else refuses nothing',
    fence(
      () => true,
      (space) => space.position.head,
    ),
  ],
  [
    'takes a soft change for a hard one',
    'a soft change refuses nothing',
    fence(
      () => true,
      (space, dependency) => Math.max(space.stamp(dependency), space.stamp('?' + dependency)),
    ),
  ],
  [
    'takes entries of another incarnation',
    'an entry of another incarnation is refused, whatever its mark',
    {
      space: (space) => {
        const put = space.put.bind(space);
        return {
          put: (key: string, entry: Parameters<SharedSpace['put']>[1]) =>
            put(key, { ...entry, incarnation: space.position.incarnation }),
        };
      },
    },
  ],
  [
    'refuses whatever comes after what it refuses',
    'in one call some are refused and the others kept, by position',
    {
      space: (space) => {
        const put = space.put.bind(space);
        let refused = false;
        return {
          put: (key: string, entry: Parameters<SharedSpace['put']>[1]) => {
            refused = !put(key, entry) || refused;
            return !refused;
          },
        };
      },
    },
  ],
  [
    'checks an entry some time before it stores it',
    'an older entry that is stored while its key changes never wins over what is stored after that',
    {
      remote: true,
      connection: (_, space) => ({
        async setMany(records: Parameters<Backend['setMany']>[0]) {
          const turns = (space.position.head * 7) % 50;
          const allowed = records.filter(({ key, entry }) =>
            everyDependency(key, entry).every((dependency) => space.stamp(dependency) <= entry.mark),
          );
          for (let i = 0; i < turns; i++) await Promise.resolve();
          for (const { key, entry } of allowed) space.commit([], [{ key, entry }]);
          return records.map((record) => allowed.includes(record));
        },
      }),
    },
  ],
  [
    'commits with the mark that the record had',
    'what commit stores has the mark and the incarnation of its change',
    {
      space: (space) => ({
        commit: (change: readonly string[], records: Parameters<SharedSpace['commit']>[1]) => {
          const before = space.position;
          for (const { key, entry } of records)
            space.put(key, { ...entry, mark: before.head, incarnation: before.incarnation });
          return space.append(change);
        },
      }),
    },
  ],
  [
    'stores and does not append',
    'commit appends the change and answers with its mark',
    {
      space: (space) => {
        const commit = space.commit.bind(space);
        return { commit: (_: unknown, records: Parameters<SharedSpace['commit']>[1]) => commit([], records) };
      },
    },
  ],
  [
    'appends and does not store',
    'what commit stores has the mark and the incarnation of its change',
    { space: (space) => ({ commit: (change: readonly string[]) => space.append(change) }) },
  ],
  [
    'stores the first of several records',
    'several records are stored with one mark, each replacing what was there',
    {
      space: (space) => {
        const commit = space.commit.bind(space);
        return {
          commit: (change: readonly string[], records: Parameters<SharedSpace['commit']>[1]) =>
            commit(change, records.slice(0, 1)),
        };
      },
    },
  ],
  [
    'appends before it finds that a value must be refused',
    'a record that is refused leaves neither change nor record behind',
    {
      connection: (_, space) => ({
        commit: async (change: readonly string[], records: Parameters<SharedSpace['commit']>[1]) =>
          space.commit(change, records),
      }),
    },
  ],
  [
    'commits what has been given up, though it is synchronous',
    'a commit to a synchronous backend that is given up has no effect afterwards',
    {
      connection: (backend) => {
        const commit = backend.commit!.bind(backend);
        const call = { signal: new AbortController().signal };
        return { commit: ((change, records) => commit(change, records, call)) satisfies Backend['commit'] };
      },
    },
  ],
  [
    'is synchronous and has no commit',
    'commit is there, unless the suite was told that it is not',
    { connection: () => ({ commit: undefined }) },
  ],
  [
    'has a commit of which the suite was told that there is none',
    'commit is there, unless the suite was told that it is not',
    { remote: true, connection: () => ({ commit: () => {} }) },
  ],
  [
    'takes the log away with the entries',
    'clearing the store and deleting keys take nothing from the log',
    { connection: (_, space) => ({ clear: async () => space.flush() }) },
  ],
  [
    'tells when it answers, and not when what it tells was appended',
    'a log that tells the time tells it of every change, and none is newer than the answer',
    {
      space: (space) => {
        const read = space.read.bind(space);
        return {
          read: (after: number) => {
            const page = read(after);
            return { ...page, changes: page.changes.map(({ mark, change }) => ({ mark, change })) };
          },
        };
      },
    },
  ],
  [
    'takes anything for a transaction',
    'what is no transaction of its own is refused by appendIn',
    {
      connection: (backend, space) => ({
        log: { ...backend.log, appendIn: (_: unknown, change: readonly string[]) => void space.append(change) },
      }),
    },
  ],
  [
    'says nothing of the leases that it has',
    'leases are offered if and only if the suite was told so',
    { connection: () => ({ leases: undefined }) },
  ],
  ['gives a lease to all who ask', 'a lease has one holder', { space: () => ({ lease: () => () => {} }) }],
  [
    'never takes a lease back',
    'a lease that was released can be taken again',
    {
      space: (space) => {
        const lease = space.lease.bind(space);
        return { lease: (key: string, wanted: LeaseRequest) => lease(key, wanted) && (() => {}) };
      },
    },
  ],
  [
    'wakes waiters at once',
    'a release wakes all who wait, and not before',
    { space: () => ({ unleased: () => Promise.resolve() }) },
  ],
  [
    'lets a dead holder keep its lease for an hour',
    'a dead holder that comes back takes the lease from nobody',
    {
      space: (space) => {
        const lease = space.lease.bind(space);
        return { lease: (key: string, wanted: LeaseRequest) => lease(key, { ...wanted, ttl: 3_600_000 }) };
      },
    },
  ],
  [
    'lets a late release end the lease of another',
    'releasing twice, or late, takes the lease from nobody',
    {
      space: (space) => {
        const lease = space.lease.bind(space);
        const ends = new Map<string, () => void>();
        return {
          lease: (key: string, wanted: LeaseRequest) => {
            const end = lease(key, wanted);
            if (end) ends.set(key, end);
            return end && (() => ends.get(key)?.());
          },
        };
      },
    },
  ],
  [
    'lets nobody take over what was overtaken',
    'a lease whose load began before a change that is known now is taken over',
    asking((wanted) => ({ ...wanted, since: 0 })),
  ],
  [
    'compares the mark at which the other would begin, not what is known to have changed',
    'a lease whose load has seen all that is known is not taken over',
    asking((wanted) => ({ ...wanted, since: wanted.mark })),
  ],
  [
    'compares marks of different logs',
    'a lease of another incarnation is not taken over',
    asking((wanted) => ({ ...wanted, incarnation: '' })),
  ],
  [
    'lets the late release of who was overtaken end the lease of another',
    'who was overtaken lets go without harm to who took over',
    {
      space: (space) => {
        const lease = space.lease.bind(space);
        const ends: (() => void)[] = [];
        return {
          lease: (key: string, wanted: LeaseRequest) => {
            const end = lease(key, wanted);
            if (end) ends.push(end);
            return end && (() => ends.at(-1)!());
          },
        };
      },
    },
  ],
  [
    'forgets who waits when a lease is taken over',
    'who waits for a lease that was taken over is woken by who took over',
    {
      space: (space) => {
        const [lease, unleased] = [space.lease.bind(space), space.unleased.bind(space)];
        let waited = false;
        return {
          lease: (key: string, wanted: LeaseRequest) => lease(waited ? `${key}!` : key, wanted),
          unleased: (key: string) => {
            waited = true;
            return unleased(key);
          },
        };
      },
    },
  ],
];

describe('the suite notices a backend that', () => {
  test.each(broken)('%s', async (_, noticedBy, spoilt) => {
    const { failed } = await run(spoilt, noticedBy);
    expect([...failed.keys()]).toEqual([noticedBy]);
  });
});
