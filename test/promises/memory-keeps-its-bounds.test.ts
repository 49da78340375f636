/** A memory tier keeps to its limits after every single operation, and lets the expired leave before the living. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCache, memory, type Policy } from 'tidemark';
import { manualClock } from 'tidemark/testing';
import { timedCache } from '../support/timed-cache.ts';

test.each([1, 2, 7, 64, 100])('maxEntries: %d', async (maxEntries) => {
  const cache = createCache({ tiers: [memory({ maxEntries })] });
  const collections = ['a', 'b'].map((name) => cache.define<number>(name));
  for (let i = 0; i < 300; i++) {
    await collections[i % 2].set(String(i % 150), i);
    expect(cache.stats().tiers[0].usage?.entries).toBe(Math.min(i + 1, maxEntries, 150));
  }
});

test('maxEntries and maxBytes hold after every operation, whatever the operations are', async () => {
  const command = fc.oneof(
    fc.record({
      do: fc.constant('set'),
      key: fc.nat(12),
      size: fc.nat(60),
      ttl: fc.constantFrom(0, 500, 3000, Infinity),
    }),
    fc.record({ do: fc.constant('get'), key: fc.nat(12) }),
    fc.record({ do: fc.constant('delete'), key: fc.nat(12) }),
    fc.record({ do: fc.constant('invalidate'), key: fc.nat(12) }),
    fc.record({ do: fc.constant('clear') }),
    fc.record({ do: fc.constant('wait'), ms: fc.nat(2500) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { maxLength: 60 }),
      fc.integer({ min: 1, max: 6 }),
      async (commands, maxEntries) => {
        const clock = manualClock();
        const maxBytes = 100;
        const weigh = (value: unknown) => (value as string).length;
        const tier = memory({ maxEntries, maxBytes, weigh, clock });
        const cache = createCache({ tiers: [tier], clock });
        const posts = cache.define<string>('post', { tags: (_value, key) => [`t${key}`] });
        for (const c of commands) {
          const key = 'key' in c ? String(c.key) : '';
          if (c.do === 'set' && 'size' in c) await posts.set(key, 'x'.repeat(c.size), { ttl: c.ttl });
          if (c.do === 'get') await posts.get(key);
          if (c.do === 'delete') await posts.delete(key);
          if (c.do === 'invalidate') await cache.invalidate({ tags: [`t${key}`] });
          if (c.do === 'clear') await posts.invalidate();
          if (c.do === 'wait' && 'ms' in c) clock.advance(c.ms);
          const { entries, bytes } = tier.usage;
          expect(entries).toBeLessThanOrEqual(maxEntries);
          expect(bytes).toBeLessThanOrEqual(maxBytes);
          const there = Array.from({ length: 13 }, (_, i) => posts.peek(String(i))).filter((v) => v !== undefined);
          expect(there.length).toBeLessThanOrEqual(entries);
          expect(there.join('').length).toBeLessThanOrEqual(bytes!);
        }
        for (let i = 0; i < 13; i++) await posts.delete(String(i));
        expect([tier.usage.entries, tier.usage.bytes]).toEqual([0, 0]);
      },
    ),
    { numRuns: 200 },
  );
});

test('a value larger than the whole tier is not kept, nor the older one that it replaces; others stay', async () => {
  const tier = memory({ maxBytes: 100, weigh: (value) => (value as string).length });
  const posts = createCache({ tiers: [tier] }).define<string>('post');
  await posts.set('a', 'x'.repeat(40));
  await posts.set('b', 'x'.repeat(40));
  await posts.set('c', 'x'.repeat(101));
  expect([posts.peek('a'), posts.peek('c')]).toEqual(['x'.repeat(40), undefined]);
  await posts.set('a', 'x'.repeat(101));
  expect([posts.peek('a'), posts.peek('b')?.length, tier.usage.bytes]).toEqual([undefined, 40, 40]);
});

test.each([NaN, -1, undefined, 'big'])('a weight of %s is too large', async (weight) => {
  const tier = memory({ maxBytes: 100, weigh: () => weight as number });
  const posts = createCache({ tiers: [tier] }).define<string>('post');
  await posts.set('a', 'x');
  expect([posts.peek('a'), tier.usage]).toEqual([undefined, { entries: 0, bytes: 0, evicted: 0, expired: 0 }]);
});

test('a value that grows drives out others, never more than needed', async () => {
  const tier = memory({ maxBytes: 100, weigh: (value) => (value as string).length });
  const posts = createCache({ tiers: [tier] }).define<string>('post');
  for (const key of ['a', 'b', 'c', 'd']) await posts.set(key, 'x'.repeat(25));
  await posts.set('d', 'x'.repeat(30));
  expect(['a', 'b', 'c', 'd'].map((key) => posts.peek(key)?.length)).toEqual([undefined, 25, 25, 30]);
  expect(tier.usage).toMatchObject({ entries: 3, bytes: 80, evicted: 1 });
});

test('the expired leave before the living', async () => {
  const { cache, clock } = timedCache({ memory: { maxEntries: 20 } });
  const posts = cache.define<number>('post');
  for (let i = 0; i < 10; i++) await posts.set(`living ${i}`, i);
  for (let i = 0; i < 10; i++) await posts.set(`short ${i}`, i, { ttl: 1000 });
  await clock.advanceAsync(3000);
  for (let i = 0; i < 10; i++) await posts.set(`new ${i}`, i);
  for (let i = 0; i < 10; i++) expect([posts.peek(`living ${i}`), posts.peek(`new ${i}`)]).toEqual([i, i]);
  expect(cache.stats().tiers[0].usage).toMatchObject({ entries: 20, evicted: 0, expired: 10 });
});

test('the expired leave before the living, also from behind many that come round early', async () => {
  const { cache, clock } = timedCache({ memory: { maxEntries: 21 } });
  const posts = cache.define<number>('post');
  await posts.set('short', 0, { ttl: 5000 });
  for (let i = 0; i < 20; i++) await posts.set(`long ${i}`, i, { ttl: 4_096_000 + 5000 }); // one round of the ring more
  await clock.advanceAsync(7000);
  await posts.set('new', 1);
  expect(cache.stats().tiers[0].usage).toMatchObject({ entries: 21, evicted: 0, expired: 1 });
});

test('a cleared collection gives back all that it took, and only that', async () => {
  const tier = memory({ maxEntries: 100 });
  const cache = createCache({ tiers: [tier] });
  const [a, b] = [cache.define<number>('a'), cache.define<number>('b')];
  for (let i = 0; i < 10; i++) await Promise.all([a.set(String(i), i), b.set(String(i), i)]);
  await a.invalidate();
  for (let i = 0; i < 10; i++) await a.get(String(i));
  expect(tier.usage.entries).toBe(10);
  await cache.close();
  expect(tier.usage.entries).toBe(0);
});

describe('a policy of one’s own', () => {
  test('is told everything, and what it wants to leave, leaves', async () => {
    const told: string[] = [];
    const slots: number[] = [];
    /** Newest first out. */
    const stubborn: Policy = {
      name: 'stubborn',
      grow: (capacity) => void told.push(`grow ${capacity > 0}`),
      insert: (slot, key, weight) => {
        slots.push(slot);
        told.push(`insert ${key} ${weight}`);
      },
      touch: (slot, weight) => void told.push(`touch ${slots.indexOf(slot)} ${weight ?? '-'}`),
      remove: (slot) => {
        slots.splice(slots.indexOf(slot), 1);
        told.push('remove');
      },
      victim: () => slots.at(-1) ?? -1,
    };
    const given: unknown[] = [];
    const tier = memory({
      maxEntries: 2,
      policy: (limit) => {
        given.push(limit);
        return stubborn;
      },
    });
    const posts = createCache({ tiers: [tier] }).define<number>('post');
    await posts.set('a', 1);
    await posts.set('b', 2);
    await posts.set('c', 3); // isn't admitted: the policy prefers what is there
    expect(['a', 'b', 'c'].map((key) => posts.peek(key))).toEqual([1, 2, undefined]);
    expect(given).toEqual([{ entries: 2 }]);
    expect(told).toEqual(['grow true', 'insert a 1', 'insert b 1', 'insert c 1', 'remove', 'touch 0 -', 'touch 1 -']);
  });
});
