/** Every policy keeps its contract, and the suite notices a policy that doesn't. */
import { describe, expect, it, test } from 'vitest';
import type { Policy } from 'tidemark';
import { lru } from 'tidemark/policies/lru';
import { hostilePolicy, nullPolicy, policySuite } from 'tidemark/testing';
import { outcomesOf } from './outcomes.ts';

policySuite({ describe, it }, { name: 'lru()', make: lru });
policySuite({ describe, it }, { name: 'nullPolicy()', make: nullPolicy });
policySuite({ describe, it }, { name: 'hostilePolicy()', make: hostilePolicy });

/** Oldest first, in a way that can be spoilt. */
class Oldest implements Policy {
  readonly name: string = 'oldest';
  slots: number[] = [];

  grow(_capacity: number): void {}

  insert(slot: number, _key: string, _weight: number): void {
    this.slots.push(slot);
  }

  touch(_slot: number, _weight?: number): void {}

  remove(slot: number): void {
    this.slots = this.slots.filter((one) => one !== slot);
  }

  victim(): number {
    return this.slots[0] ?? -1;
  }
}

const broken: readonly (readonly [promise: string, noticedBy: string, make: () => Policy])[] = [
  [
    'names slot 0 where nothing is left',
    'without entries there is no victim',
    () =>
      new (class extends Oldest {
        override victim(): number {
          return this.slots[0] ?? 0;
        }
      })(),
  ],
  [
    'names a victim that has been removed',
    'what is removed by others is never a victim',
    () =>
      new (class extends Oldest {
        override remove(slot: number): void {
          if (slot === this.slots[0]) super.remove(slot);
        }
      })(),
  ],
  [
    'names another victim each time',
    'the victim stays the same until it is removed',
    () =>
      new (class extends Oldest {
        override victim(): number {
          this.slots.push(...this.slots.splice(0, 1));
          return super.victim();
        }
      })(),
  ],
  [
    'lets go of what it has named before it is removed',
    'the victim stays the same until it is removed',
    () =>
      new (class extends Oldest {
        override victim(): number {
          return this.slots.shift() ?? -1;
        }
      })(),
  ],
  [
    'forgets everything when it grows',
    'growing in the middle loses and invents nothing',
    () =>
      new (class extends Oldest {
        override grow(): void {
          this.slots = [];
        }
      })(),
  ],
  [
    'forgets a slot that is read',
    'the only entry is the victim, read or not',
    () =>
      new (class extends Oldest {
        override touch(slot: number): void {
          super.remove(slot);
        }
      })(),
  ],
  [
    'lists a slot that is read twice',
    'any order of operations, seed 1',
    () =>
      new (class extends Oldest {
        override touch(slot: number): void {
          this.slots.push(slot);
        }

        override remove(slot: number): void {
          this.slots.splice(this.slots.indexOf(slot), 1);
        }
      })(),
  ],
  [
    'does not take a key back that it has seen',
    'a slot can be used again at once, for the same key and for another',
    () => {
      const seen = new Set<string>();
      return new (class extends Oldest {
        override insert(slot: number, key: string, weight: number): void {
          if (!seen.has(key)) super.insert(slot, key, weight);
          seen.add(key);
        }
      })();
    },
  ],
  [
    'does not count what weighs nothing',
    'weights of nothing, and of all there is room for, do no harm',
    () =>
      new (class extends Oldest {
        override insert(slot: number, key: string, weight: number): void {
          if (weight > 0) super.insert(slot, key, weight);
        }
      })(),
  ],
  [
    'loses every hundredth entry',
    'a tier that keeps to its limit, seed 1',
    () => {
      let inserted = 0;
      return new (class extends Oldest {
        override insert(slot: number, key: string, weight: number): void {
          if (++inserted % 100 !== 0) super.insert(slot, key, weight);
        }
      })();
    },
  ],
  [
    'throws when it is full',
    'any order of operations, seed 1',
    () =>
      new (class extends Oldest {
        override insert(slot: number, key: string, weight: number): void {
          if (this.slots.length === 60) throw new Error('full');
          super.insert(slot, key, weight);
        }
      })(),
  ],
  [
    'has no name',
    'it has a name',
    () =>
      new (class extends Oldest {
        override readonly name = '';
      })(),
  ],
];

test('a policy from which the broken ones are made passes', async () => {
  const { failed } = await outcomesOf((runner) => policySuite(runner, { name: 'oldest', make: () => new Oldest() }));
  expect([...failed]).toEqual([]);
});

describe('the suite notices a policy that', () => {
  test.each(broken)('%s', async (_, noticedBy, make) => {
    const { failed } = await outcomesOf((runner) => policySuite(runner, { name: 'broken', make }), { only: noticedBy });
    expect([...failed.keys()]).toEqual([noticedBy]);
  });
});
