/** The part of the backend suite about leases: one holder, waiters that are woken, and an end for the dead. */
import type { Backend, Lease, LeaseRequest, Leases } from '../engine/backend.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import { ensure, ensureEqual } from './expectations.ts';
import type { BackendTests, BackendTrial } from './backend-trial.ts';
import type { Test } from './runner.ts';
import { CALL, keyOf } from './store-trial.ts';
import { turn } from '../engine/turn.ts';

/** What the suite is told about a backend's leases. */
export interface LeaseTrait<S> {
  /**
   * Lets `ms` milliseconds pass for the backend: moves its clock by hand, or waits. Without it the tests about time are
   * left out.
   */
  readonly passTime?: (made: S, ms: number) => MaybePromise<void>;
}

const [KEY, OTHER] = [keyOf('leased'), keyOf('free')];
const LONG = 60_000;
const SHORT = 50;

/** A request for a lease, by default of a load that is of use to all. */
const wanted = (changes: Partial<LeaseRequest> = {}): LeaseRequest => ({
  ttl: LONG,
  incarnation: 'this one',
  mark: 7,
  since: 7,
  ...changes,
});

/** That of a load which knows of a change that a load at `mark: 7` didn't see. */
const NEWER: LeaseRequest = wanted({ mark: 9, since: 8 });

/** A backend with leases under test. */
interface LeaseTrial {
  readonly leases: Leases;
  readonly others: Leases;
  readonly pass: (ms: number) => Promise<void>;
}

/** The tests about leases. */
export function leaseTests<S>(test: BackendTests<S>, trait: LeaseTrait<S> | undefined): readonly Test[] {
  const offered = test('leases are offered if and only if the suite was told so', async ({ backend }) => {
    ensureEqual(backend.leases !== undefined, trait !== undefined, 'whether there are leases');
  });
  const lease = (name: string, run: (trial: LeaseTrial) => Promise<void>): Test => ({
    ...test(name, (trial) => run(leaseTrial(trial, trait))),
    without: trait ? undefined : 'the backend offers no leases',
  });
  const timed = (name: string, run: (trial: LeaseTrial) => Promise<void>): Test => {
    const made = lease(name, run);
    return { ...made, without: made.without ?? (trait?.passTime ? undefined : "no hook 'passTime' was given") };
  };
  return [
    offered,
    lease('a lease has one holder', async ({ leases, others }) => {
      await held(leases, KEY);
      ensureEqual(await others.acquire(KEY, wanted(), CALL), undefined, 'what a second one is given');
      ensureEqual(await leases.acquire(KEY, wanted(), CALL), undefined, 'what the same connection is given');
      await held(others, OTHER);
    }),
    lease('of many who ask at the same time one gets it', async ({ leases, others }) => {
      const asked = Array.from({ length: 20 }, async (_, i) =>
        (i % 2 === 0 ? leases : others).acquire(KEY, wanted(), CALL),
      );
      ensureEqual((await Promise.all(asked)).filter((given) => given !== undefined).length, 1, 'the number of holders');
    }),
    lease('a lease that was released can be taken again', async ({ leases, others }) => {
      await (await held(leases, KEY)).release(CALL);
      await (await held(others, KEY)).release(CALL);
      await held(leases, KEY);
    }),
    lease('nobody waits for a lease that nobody holds', async ({ leases }) => {
      await leases.released(KEY, CALL);
      await held(leases, OTHER);
      await leases.released(KEY, CALL);
    }),
    lease('a release wakes all who wait, and not before', async ({ leases, others, pass }) => {
      const mine = await held(leases, KEY);
      const woken: number[] = [];
      const waiting = [leases, others, others].map((one, i) => one.released(KEY, CALL).then(() => woken.push(i)));
      await turn();
      ensureEqual(woken, [], 'who was woken while the lease is held');
      await mine.release(CALL);
      await passUntil(pass, () => woken.length === waiting.length);
      ensureEqual(woken.length, waiting.length, 'the number of waiters that the release woke');
    }),
    lease('a wait ends when its signal aborts', async ({ leases }) => {
      await held(leases, KEY);
      const given = new AbortController();
      const ended = leases.released(KEY, { signal: given.signal }).then(
        () => 'ended',
        () => 'ended',
      );
      await turn();
      given.abort(new Error('given up'));
      ensureEqual(await ended, 'ended', 'the wait');
    }),
    lease('releasing twice, or late, takes the lease from nobody', async ({ leases, others }) => {
      const first = await held(leases, KEY);
      await first.release(CALL);
      await held(others, KEY);
      await first.release(CALL);
      ensureEqual(await leases.acquire(KEY, wanted(), CALL), undefined, 'what a third one is given');
    }),
    lease('a lease whose load began before a change that is known now is taken over', async ({ leases, others }) => {
      await held(leases, KEY);
      await held(others, KEY, NEWER);
      ensureEqual(await leases.acquire(KEY, NEWER, CALL), undefined, 'what a third one is given');
    }),
    lease('a lease whose load has seen all that is known is not taken over', async ({ leases, others }) => {
      await held(leases, KEY);
      for (const [mark, since] of [
        [7, 7],
        [9, 7],
        [9, 3],
        [5, 5],
      ])
        ensureEqual(await others.acquire(KEY, wanted({ mark, since }), CALL), undefined, `a request ${mark}, ${since}`);
    }),
    lease('a lease of another incarnation is not taken over', async ({ leases, others }) => {
      await held(leases, KEY);
      const other = { ...NEWER, incarnation: 'another one' };
      ensureEqual(await others.acquire(KEY, other, CALL), undefined, 'what a load of another log is given');
    }),
    lease('who was overtaken lets go without harm to who took over', async ({ leases, others }) => {
      const old = await held(leases, KEY);
      const now = await held(others, KEY, NEWER);
      await old.release(CALL);
      ensureEqual(await leases.acquire(KEY, NEWER, CALL), undefined, 'what a third one is given');
      await now.release(CALL);
      await held(leases, KEY);
    }),
    lease('who waits for a lease that was taken over is woken by who took over', async ({ leases, others, pass }) => {
      await held(leases, KEY);
      const woken: string[] = [];
      const waiting = leases.released(KEY, CALL).then(() => woken.push('a waiter'));
      await turn();
      await (await held(others, KEY, NEWER)).release(CALL);
      await passUntil(pass, () => woken.length > 0);
      ensureEqual(woken, ['a waiter'], 'who was woken');
      await waiting;
    }),
    timed('a lease that was taken over ends at its own time', async ({ leases, others, pass }) => {
      await held(leases, KEY, wanted({ ttl: SHORT }));
      await held(others, KEY, { ...NEWER, ttl: SHORT * 40 });
      await pass(SHORT * 2);
      ensureEqual(await leases.acquire(KEY, NEWER, CALL), undefined, 'what a third one is given before the end');
      await pass(SHORT * 40);
      await held(leases, KEY);
    }),
    timed(
      'the lease of a dead holder ends by time, not before, and wakes who waits',
      async ({ leases, others, pass }) => {
        await held(leases, KEY, wanted({ ttl: SHORT * 40 }));
        const woken: string[] = [];
        const waiting = others.released(KEY, CALL).then(() => woken.push('a waiter'));
        await pass(SHORT);
        ensureEqual(await others.acquire(KEY, wanted(), CALL), undefined, 'what another is given before the end');
        ensureEqual(woken, [], 'who was woken before the end');
        await pass(SHORT * 40);
        await passUntil(pass, () => woken.length > 0);
        ensureEqual(woken, ['a waiter'], 'who was woken at the end');
        await waiting;
        await held(others, KEY);
      },
    ),
    timed('a dead holder that comes back takes the lease from nobody', async ({ leases, others, pass }) => {
      const dead = await held(leases, KEY, wanted({ ttl: SHORT }));
      await pass(SHORT * 2);
      await held(others, KEY);
      await dead.release(CALL);
      ensureEqual(await leases.acquire(KEY, wanted(), CALL), undefined, 'what a third one is given');
    }),
  ];
}

function leaseTrial<S>({ made, backend, other }: BackendTrial<S>, trait: LeaseTrait<S> | undefined): LeaseTrial {
  const pass = async (ms: number) => (trait?.passTime ? trait.passTime(made, ms) : turn());
  return { leases: leasesOf(backend), others: leasesOf(other), pass };
}

function leasesOf({ leases }: Backend): Leases {
  ensure(leases !== undefined, 'the backend offers no leases, though the suite was told so');
  return leases;
}

/** Let time pass until something is so, but not for ever: a waiter may be one that looks by itself from time to time. */
async function passUntil(pass: (ms: number) => Promise<void>, done: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !done(); i++) await pass(10);
}

async function held(leases: Leases, key: string, request: LeaseRequest = wanted()): Promise<Lease> {
  const lease = await leases.acquire(key, request, CALL);
  ensure(lease !== undefined, 'a lease that nobody holds must be given');
  return lease;
}
