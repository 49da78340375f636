/** LRU against a plain list: the victim is always the slot that was used longest ago. */
import fc from 'fast-check';
import { describe, expect, test, it } from 'vitest';
import { lru } from 'tidemark/policies/lru';
import { policySuite } from 'tidemark/testing';

policySuite({ describe, it }, { name: 'lru', make: lru });

test('the victim is the slot used longest ago', () => {
  const step = fc.tuple(fc.constantFrom('insert', 'touch', 'remove', 'evict'), fc.nat(15));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const policy = lru();
      policy.grow(4);
      let capacity = 4;
      const order: number[] = []; // oldest first
      const forget = (slot: number) => order.splice(order.indexOf(slot), 1);
      for (const [what, slot] of steps) {
        const there = order.includes(slot);
        if (what === 'insert' && !there) {
          if (slot >= capacity) policy.grow((capacity = 16));
          policy.insert(slot, `key ${slot}`, 1);
          order.push(slot);
        } else if (what === 'touch' && there) {
          policy.touch(slot);
          forget(slot);
          order.push(slot);
        } else if (what === 'remove' && there) {
          policy.remove(slot);
          forget(slot);
        } else if (what === 'evict' && order.length > 0) {
          const victim = policy.victim();
          policy.remove(victim);
          expect(victim).toBe(order.shift());
        }
        expect(policy.victim()).toBe(order[0] ?? -1);
      }
    }),
    { numRuns: 500 },
  );
});
