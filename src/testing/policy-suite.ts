/** The conformance suite of an eviction policy: the contract in `engine/policy.ts`, against a plain set of live slots. */
import type { Random } from '../engine/clock.ts';
import type { Policy, PolicyFactory } from '../engine/policy.ts';
import { ensure, ensureEqual } from './expectations.ts';
import { below, pick, seededRandom } from './random.ts';
import { register, type Skips, type Test, type TestRunner } from './runner.ts';

/** Options of {@link policySuite}. */
export interface PolicySuiteOptions {
  /** What the tests are listed under. */
  readonly name: string;
  /** Makes a policy for one tier. */
  readonly make: PolicyFactory;
  readonly skip?: Skips;
}

/**
 * Registers the tests of the policy contract. They ask that the right slots are named, not that they are well chosen.
 *
 * @example
 * policySuite({ describe, it }, { name: 'my policy', make: () => myPolicy() });
 */
export function policySuite(runner: TestRunner, { name, make, skip }: PolicySuiteOptions): void {
  const groups = [
    { title: 'slots', tests: slotTests(make) },
    { title: 'random operations', tests: randomTests(make) },
  ];
  register(runner, `${name} is a policy`, groups, skip);
}

const LIMITS: readonly Parameters<PolicyFactory>[0][] = [
  { entries: 1 },
  { entries: 2 },
  { entries: 10 },
  { entries: 300 },
  { entries: 2 ** 24, bytes: 5000 },
];

/** A policy and the truth about its slots; every call is checked against it. */
class PolicyTrial {
  readonly policy: Policy;
  readonly live = new Map<number, { readonly key: string; readonly weight: number }>();
  readonly #free: number[] = [];
  #capacity = 0;
  #used = 0;

  constructor(policy: Policy) {
    this.policy = policy;
  }

  get weight(): number {
    return [...this.live.values()].reduce((sum, { weight }) => sum + weight, 0);
  }

  /** A new entry in a slot as a tier would choose it: one that was emptied, or the next one, growing if need be. */
  insert(key: string, weight = 1): number {
    let slot = this.#free.pop();
    if (slot === undefined) {
      if (this.#used === this.#capacity) this.grow(Math.max(4, this.#capacity * 2));
      slot = this.#used++;
    }
    this.policy.insert(slot, key, weight);
    this.live.set(slot, { key, weight });
    return slot;
  }

  grow(capacity: number): void {
    this.#capacity = Math.max(capacity, this.#capacity);
    this.policy.grow(this.#capacity);
  }

  touch(slot: number, weight?: number): void {
    const { key, weight: before } = this.live.get(slot)!;
    if (weight === undefined) this.policy.touch(slot);
    else this.policy.touch(slot, weight);
    this.live.set(slot, { key, weight: weight ?? before });
  }

  remove(slot: number): void {
    this.policy.remove(slot);
    this.live.delete(slot);
    this.#free.push(slot);
  }

  /** The victim, which must be a live slot, or -1 if there is none. */
  victim(): number {
    const slot = this.policy.victim();
    if (this.live.size === 0) ensureEqual(slot, -1, 'the victim where nothing is left');
    else ensure(this.live.has(slot), `the victim ${slot} is none of the ${this.live.size} live slots`);
    return slot;
  }

  /** Let all leave, one by one. */
  drain(): number[] {
    const left: number[] = [];
    for (let most = this.live.size; most > 0; most--) {
      const slot = this.victim();
      this.remove(slot);
      left.push(slot);
    }
    this.victim();
    return left;
  }
}

function slotTests(make: PolicyFactory): readonly Test[] {
  const test = (name: string, run: (trial: PolicyTrial) => void): Test => ({
    name,
    run: () => LIMITS.forEach((limit) => run(new PolicyTrial(make(limit)))),
  });
  return [
    test('it has a name', ({ policy }) => {
      ensure(typeof policy.name === 'string' && policy.name !== '', 'name must be text that is not empty');
    }),
    test('without entries there is no victim', (t) => {
      t.victim();
      t.grow(8);
      t.victim();
      t.remove(t.insert('a'));
      t.victim();
    }),
    test('the only entry is the victim, read or not', (t) => {
      const slot = t.insert('a');
      ensureEqual(t.victim(), slot, 'the victim');
      t.touch(slot);
      t.touch(slot, 3);
      ensureEqual(t.victim(), slot, 'the victim');
    }),
    test('the victim stays the same until it is removed', (t) => {
      for (let i = 0; i < 20; i++) t.insert(`key ${i}`);
      for (let i = 0; i < 20; i++) {
        const slot = t.victim();
        ensureEqual([t.victim(), t.victim()], [slot, slot], 'the victim when asked again');
        t.remove(slot);
      }
    }),
    test('all leave, each once, if one after the other is asked to', (t) => {
      const slots = Array.from({ length: 50 }, (_, i) => t.insert(`key ${i}`));
      slots.filter((slot) => slot % 3 === 0).forEach((slot) => t.touch(slot));
      ensureEqual(
        t.drain().toSorted((a, b) => a - b),
        slots,
        'the slots that left',
      );
    }),
    test('what is removed by others is never a victim', (t) => {
      const slots = Array.from({ length: 30 }, (_, i) => t.insert(`key ${i}`));
      slots.filter((slot) => slot % 2 === 0).forEach((slot) => t.remove(slot));
      ensureEqual(t.drain().length, 15, 'the number of slots that left');
    }),
    test('a slot can be used again at once, for the same key and for another', (t) => {
      for (let i = 0; i < 100; i++) {
        t.remove(t.insert('same'));
        t.remove(t.insert(`other ${i}`));
        const slot = t.insert('same');
        ensureEqual(t.victim(), slot, 'the victim');
        t.remove(slot);
      }
    }),
    test('growing in the middle loses and invents nothing', (t) => {
      for (let i = 0; i < 40; i++) {
        t.insert(`key ${i}`);
        t.grow(8 + i * 3);
        t.victim();
      }
      ensureEqual(t.drain().length, 40, 'the number of slots that left');
    }),
    test('weights of nothing, and of all there is room for, do no harm', (t) => {
      const slots = [0, 1, 5000, 0, 2500].map((weight, i) => t.insert(`key ${i}`, weight));
      t.touch(slots[0], 5000);
      t.touch(slots[2], 0);
      ensureEqual(t.drain().length, 5, 'the number of slots that left');
    }),
  ];
}

const SEEDS = [1, 2, 3, 4, 5];
const STEPS = 1500;

function randomTests(make: PolicyFactory): readonly Test[] {
  return SEEDS.flatMap((seed) => [
    {
      name: `any order of operations, seed ${seed}`,
      run: () =>
        LIMITS.forEach((limit) => anyOrder(new PolicyTrial(make(limit)), seededRandom(seed), limit.entries ?? 100)),
    },
    {
      name: `a tier that keeps to its limit, seed ${seed}`,
      run: () => LIMITS.forEach((limit) => tierWork(new PolicyTrial(make(limit)), seededRandom(seed), limit)),
    },
  ]);
}

function anyOrder(t: PolicyTrial, random: Random, limit: number): void {
  const most = Math.min(limit, 200) + 1;
  for (let step = 0; step < STEPS; step++) {
    const key = `key ${below(most * 2, random)}`;
    const slot = t.live.size > 0 ? pick([...t.live.keys()], random) : -1;
    const chance = random();
    if (slot < 0 || (chance < 0.4 && t.live.size < most)) t.insert(key, below(100, random));
    else if (chance < 0.7) t.touch(slot);
    else if (chance < 0.8) t.touch(slot, below(100, random));
    else if (chance < 0.9) t.remove(slot);
    else t.remove(t.victim());
    if (step % 100 === 0) t.grow(step);
  }
  const left = t.live.size;
  ensureEqual(t.drain().length, left, 'the number of slots that left at the end');
}

/** Reads and writes as a tier passes them on: a write beyond the limit asks for victims, the newcomer among them. */
function tierWork(t: PolicyTrial, random: Random, { entries = Infinity, bytes = Infinity }: Limit): void {
  const slots = new Map<string, number>();
  const forget = (slot: number) => {
    slots.delete(t.live.get(slot)!.key);
    t.remove(slot);
  };
  const names = Math.min(entries * 3, 400) + 2;
  for (let step = 0; step < STEPS; step++) {
    const key = `key ${Math.floor(random() * random() * names)}`;
    const weight = bytes === Infinity ? 1 : 1 + below(bytes / 10, random);
    const slot = slots.get(key);
    if (slot === undefined) slots.set(key, t.insert(key, weight));
    else if (random() < 0.8) t.touch(slot);
    else if (random() < 0.7) t.touch(slot, weight);
    else forget(slot);
    for (let most = t.live.size; t.live.size > entries || t.weight > bytes; most--) {
      ensure(most > 0, 'more victims were asked for than there were entries');
      forget(t.victim());
    }
  }
  ensureEqual(t.drain().length, slots.size, 'the number of slots that left at the end');
}

type Limit = Parameters<PolicyFactory>[0];
