/** The counters of a catalogue: what they promise of every stream, and how heat grows cold. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from 'tidemark/testing';
import { Heap } from '../../../src/content/warming/heap.ts';
import { cooled, HeatCounters, hottestOf, sumOf } from '../../../src/content/warming/heat.ts';
import { argumentsOf, textOfArguments } from '../../../src/content/warming/reading.ts';
import { OneOf } from '../../../src/content/warming/sampling.ts';
import { SpaceSaving } from '../../../src/content/warming/space-saving.ts';

const stream = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 8 })), { maxLength: 400 });

test('counts are never too small, never too large by more than their error, and what is frequent has a counter', () => {
  fc.assert(
    fc.property(stream, fc.integer({ min: 1, max: 12 }), (weights, capacity) => {
      const sketch = new SpaceSaving(capacity);
      const truth = new Map<string, number>();
      let total = 0;
      for (const [name, weight] of weights) {
        sketch.add(String(name), weight);
        truth.set(String(name), (truth.get(String(name)) ?? 0) + weight);
        total += weight;
      }
      const counters = new Map([...sketch].map((one) => [one.name, one]));
      expect(sketch.size).toBe(Math.min(capacity, truth.size));
      expect([...counters.values()].reduce((sum, { count }) => sum + count, 0)).toBe(total);
      for (const [name, { count, error }] of counters) {
        expect(count).toBeGreaterThanOrEqual(truth.get(name)!);
        expect(count - error).toBeLessThanOrEqual(truth.get(name)!);
        expect(error).toBeLessThanOrEqual(total / capacity);
      }
      for (const [name, weight] of truth) if (weight > total / capacity) expect(counters.has(name)).toBe(true);
    }),
  );
});

test('a heap gives its members in order, whichever of them move or leave', () => {
  const step = fc.tuple(fc.constantFrom('add', 'move', 'delete', 'pop'), fc.nat(20), fc.integer());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new Heap<{ weight: number }>((a, b) => a.weight < b.weight);
      const members = Array.from({ length: 21 }, () => ({ weight: 0 }));
      const held = new Set<{ weight: number }>();
      for (const [what, which, weight] of steps) {
        const member = what === 'pop' ? heap.first : members[which];
        if (!member) continue;
        if (what === 'add' && !held.has(member)) {
          member.weight = weight;
          heap.add(member);
          held.add(member);
        } else if (what === 'move' && held.has(member)) {
          member.weight = weight;
          heap.moved(member);
        } else if (what === 'delete' || what === 'pop') expect(heap.delete(member)).toBe(held.delete(member));
        expect(heap.size).toBe(held.size);
        expect(new Set(heap)).toEqual(held);
        expect(heap.first?.weight).toBe(held.size > 0 ? Math.min(...[...held].map((one) => one.weight)) : undefined);
      }
    }),
  );
});

test('a read counts half after every half-life, and old heat dies', () => {
  const heat = new HeatCounters(10, 1000, 0);
  heat.add('post', 'old', 8, 0);
  heat.add('post', 'new', 3, 2000);
  expect(heat.at(2000).get('post')).toEqual(new Map([['old', 2], ['new', 3]])); // prettier-ignore
  const later = heat.at(2000 + 100_000).get('post')!; // weights have begun at 1 again meanwhile
  expect(later.get('new')! / later.get('old')!).toBeCloseTo(1.5);
  heat.add('post', 'newest', 1, 200_000);
  expect(heat.at(200_000).get('post')!.get('newest')).toBe(1);
  expect(heat.at(200_000).get('post')!.get('new')).toBeLessThan(1e-50);
});

test('heat of several processes is the sum, as cold as it has become', () => {
  const one = new Map([['post', new Map([['a', 4], ['b', 1]])]]); // prettier-ignore
  const two = new Map([['post', new Map([['a', 1]])], ['user', new Map([['c', 2]])]]); // prettier-ignore
  const sum = sumOf([cooled(one, 1), two]);
  expect(sum.get('post')).toEqual(new Map([['a', 3], ['b', 0.5]])); // prettier-ignore
  expect(sum.get('user')).toEqual(new Map([['c', 2]]));
  expect([...hottestOf(sum, 1).get('post')!.keys()]).toEqual(['a']);
  expect(cooled(one, -5)).toEqual(one); // another machine's clock is ahead
});

test('one of n is taken, and a stream that comes in a fixed order is not missed in part', () => {
  for (const n of [1, 2, 8, 16]) {
    const oneOf = new OneOf(n);
    const seen = new Map<number, number>();
    const reads = 100_000;
    for (let i = 0; i < reads; i++) if (oneOf.take()) seen.set(i % 8, (seen.get(i % 8) ?? 0) + 1);
    const taken = [...seen.values()].reduce((sum, one) => sum + one, 0);
    expect(taken / (reads / n)).toBeGreaterThan(0.97);
    expect(taken / (reads / n)).toBeLessThan(1.03);
    for (let place = 0; place < 8; place++) expect(seen.get(place)! / (taken / 8)).toBeGreaterThan(0.9);
  }
});

test('with more readings than counters, the fifty hottest of a Zipf workload are found', () => {
  const random = seededRandom(7);
  const weights = Array.from({ length: 5000 }, (_, i) => 1 / (i + 1));
  const all = weights.reduce((sum, one) => sum + one, 0);
  const draw = () => {
    let left = random() * all;
    return weights.findIndex((one) => (left -= one) < 0);
  };
  const heat = new HeatCounters(500, 3_600_000, 0);
  for (let i = 0; i < 10_000; i++) heat.add('post', String(draw()), 1, 0);
  const found = new Set(hottestOf(heat.at(0), 100).get('post')!.keys());
  const hits = Array.from({ length: 50 }, (_, i) => String(i)).filter((name) => found.has(name)).length;
  expect(hits).toBe(50);
});

test('what asks the same has one text, what asks another thing another, and the text brings back what was asked', () => {
  const same = (a: unknown[], b: unknown[]) => expect(textOfArguments(a)).toBe(textOfArguments(b));
  const { signal } = new AbortController();
  same(['1'], ['1', undefined]);
  same(['1'], ['1', {}]);
  same(['1'], ['1', { signal }]);
  same([], [undefined]);
  same([{}], [{}, { signal }]);
  same([{ where: { a: 1, b: 2 }, limit: 1 }], [{ limit: 1, where: { b: 2, a: 1 } }, { signal }]);
  expect(textOfArguments(['1', { include: { author: true } }])).not.toBe(textOfArguments(['1']));
  expect(textOfArguments([{ signal: 'green' }])).not.toBe(textOfArguments([{}])); // a field that is called so
  expect(textOfArguments([1])).not.toBe(textOfArguments(['1']));
  const json = fc.jsonValue({ depthSize: 'small' }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), json), { maxLength: 3 }), (asked) => {
      const text = textOfArguments(asked);
      if (text === undefined) return;
      expect(textOfArguments(argumentsOf(text))).toBe(text);
      const back = argumentsOf(text);
      expect([...back, ...asked.slice(back.length).map(() => ({}))]).toEqual(asked);
    }),
  );
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      expect(textOfArguments([a]) === textOfArguments([b])).toBe(a === b);
    }),
  );
});

test('what is not short and plain data has no text', () => {
  const odd = Object.defineProperty({}, 'a', {
    enumerable: true,
    get: () => {
      throw new Error('no');
    },
  });
  const cycle: unknown[] = [];
  cycle.push(cycle);
  for (const one of [() => 1, Symbol('a'), 7n, new Date(), new Map(), NaN, Infinity, odd, cycle, 'x'.repeat(2000)])
    expect(textOfArguments([one])).toBeUndefined();
  expect(textOfArguments([undefined, { include: {} }])).toBeUndefined(); // JSON has no word for it
  expect(textOfArguments([{ in: [undefined] }])).toBeUndefined();
});
