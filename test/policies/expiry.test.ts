/** The expiry ring against a plain map: nothing leaves before its time, and nothing whose second is over stays. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExpiryRing } from '../../src/policies/expiry.ts';

const SLOTS = 12;
const at = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3000, max: 20_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 4_000_000, max: 9_000_000 }) }, // about the ring's length and twice that
  { weight: 1, arbitrary: fc.constant(Infinity) },
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ file: fc.nat(SLOTS - 1), in: at }) },
  { weight: 1, arbitrary: fc.record({ unfile: fc.nat(SLOTS - 1) }) },
  { weight: 2, arbitrary: fc.record({ drain: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Infinity)) }) },
  {
    weight: 3,
    arbitrary: fc.record({ wait: fc.oneof(fc.nat(5000), fc.constantFrom(4_096_000, 4_095_999, 20_000_000)) }),
  },
);

/** Runs the steps on a ring and on a map from slots to when they are due and when that was said; `wait` may be negative. */
function run(steps: readonly object[], start: number) {
  const ring = new ExpiryRing();
  ring.grow(4);
  const filed = new Map<number, { readonly at: number; readonly since: number }>();
  let capacity = 4;
  let now = start;
  const drain = (most: number) => {
    let seen = 0;
    ring.drain(
      now,
      most,
      (slot) => {
        seen++;
        return filed.get(slot)!.at;
      },
      (slot) => {
        expect(filed.get(slot)?.at).toBeLessThanOrEqual(now);
        filed.delete(slot);
      },
    );
    expect(seen).toBeLessThanOrEqual(most);
  };
  for (const one of steps as readonly Record<string, number>[]) {
    if ('file' in one) {
      if (one['file'] >= capacity) ring.grow((capacity = SLOTS));
      ring.file(one['file'], now + one['in'], now);
      if (one['in'] === Infinity) filed.delete(one['file']);
      else filed.set(one['file'], { at: now + one['in'], since: now });
    } else if ('unfile' in one) {
      if (one['unfile'] < capacity) ring.unfile(one['unfile']);
      filed.delete(one['unfile']);
    } else if ('wait' in one) now += one['wait'];
    else drain(one['drain']);
  }
  return { ring, filed, now: () => now, move: (ms: number) => (now += ms), drain };
}

test('what leaves was due, and after a full drain nothing whose second is over is left', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 999, 1_700_000_000_123), (steps, start) => {
      const { filed, now, drain } = run(steps, start);
      drain(Infinity);
      const second = Math.floor(now() / 1000);
      for (const { at: due, since } of filed.values()) {
        const own = Math.floor(Math.max(due, since) / 1000);
        // A bucket is looked at when its second is over; the present second's may hold what is a whole round older.
        expect(own >= second || own % 4096 === second % 4096).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

test('in the end everything leaves', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { filed, move, drain } = run(steps, 1_700_000_000_000);
      for (let i = 0; i < 10; i++) {
        move(4_000_000);
        drain(Infinity);
      }
      expect(filed.size).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('with a clock that goes backwards nothing leaves early, and everything leaves in the end', () => {
  const back = fc.record({ wait: fc.integer({ min: -10_000, max: 10_000 }) });
  fc.assert(
    fc.property(fc.array(fc.oneof(step, back), { maxLength: 60 }), (steps) => {
      const { filed, move, drain } = run(steps, 1_700_000_000_000);
      for (let i = 0; i < 20; i++) {
        move(4_000_000);
        drain(Infinity);
      }
      expect(filed.size).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test('a bounded drain goes on where the last one stopped', () => {
  const ring = new ExpiryRing();
  ring.grow(100);
  for (let slot = 0; slot < 100; slot++) ring.file(slot, 500 + slot, 0);
  const gone = new Set<number>();
  for (let round = 0; round < 25; round++)
    ring.drain(
      5000,
      4,
      (slot) => 500 + slot,
      (slot) => gone.add(slot),
    );
  expect(gone.size).toBe(100);
});
