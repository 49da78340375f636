/** `consistency: 'strong'`: a read that starts after a change was acknowledged anywhere does not see what was before it. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { idle } from '../support/deferred.ts';
import { MapBackend } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

/** A cache that nobody wakes: it knows of others' changes only what it asks for. */
function unwatched(consistency: 'strong' | 'bounded') {
  const log = localLog();
  const backend = new MapBackend({ log });
  Reflect.deleteProperty(backend.log, 'watch');
  const { cache, clock } = timedCache({ behind: [backend], consistency });
  let loads = 0;
  const posts = cache.define<number>('post', { load: () => ++loads, tags: () => ['t'] });
  return { posts, cache, clock, backend, there: createCache({ log }) };
}

test.each([
  ['the key', { key: ['post', '1'] }],
  ['a tag', { tags: ['t'] }],
  ['a prefix', { prefix: 'post' }],
  ['a pattern', { pattern: 'post:*' }],
  ['all', { all: true }],
] as const)('a change elsewhere of %s is seen by the next read', async (_, selector) => {
  const { posts, there } = unwatched('strong');
  await posts.get('1');
  await idle();
  expect(await posts.get('1')).toBe(1);
  await there.invalidate(selector);
  expect(await posts.get('1')).toBe(2);
  await there.invalidate(selector);
  expect(await posts.get('1', { load: false })).toBeUndefined();
});

test('bounded: it is seen as soon as the log has been asked, at the latest after the polling time', async () => {
  const { posts, there, clock } = unwatched('bounded');
  await posts.get('1');
  await idle();
  await there.invalidate({ tags: ['t'] });
  await clock.advanceAsync(1000);
  expect(await posts.get('1')).toBe(2);
});

test('bounded: a change of one’s own makes it look for those of others that came before', async () => {
  const { posts, there, cache } = unwatched('bounded');
  await posts.get('1');
  await idle();
  await there.invalidate({ tags: ['t'] });
  await cache.invalidate({ tags: ['something else'] });
  await idle();
  expect(await posts.get('1')).toBe(2);
});

test('a log that does not answer: what the tiers have is not used, the source is asked', async () => {
  const { posts, backend } = unwatched('strong');
  await posts.get('1');
  await idle();
  backend.before = () => {
    throw new Error('down');
  };
  expect([await posts.get('1'), await posts.get('1')]).toEqual([2, 3]);
  expect(await posts.get('1', { load: false })).toBeUndefined();
});

test('peek cannot ask, so it does not answer', async () => {
  const cache = createCache({ tiers: [memory()], consistency: 'strong' });
  const posts = cache.define<number>('post', { load: () => 1 });
  await posts.get('1');
  expect(posts.peek('1')).toBeUndefined();
});

describe('a load under way', () => {
  test('is not joined by a strong read that starts after a change elsewhere', async () => {
    const { there, cache } = unwatched('strong');
    let version = 1;
    const posts = cache.define<number>('slow', {
      load: async () => {
        const seen = version;
        await idle();
        await idle();
        await idle();
        return seen;
      },
    });
    const before = posts.get('1');
    await idle();
    version = 2;
    await there.invalidate({ key: ['slow', '1'] });
    const after = posts.get('1');
    expect([await before, await after]).toEqual([1, 2]);
    expect(await posts.get('1')).toBe(2);
  });
});

test('a strong read sees what was acknowledged before it, at whatever moment of another one it starts', async () => {
  for (let steps = 0; steps < 40; steps++) {
    const { cache, there } = unwatched('strong');
    let version = 0;
    const posts = cache.define<number>('versions', { load: () => version });
    await posts.get('1');
    await idle();
    const other = posts.get('2');
    for (let i = 0; i < steps; i++) await Promise.resolve();
    version++;
    await there.invalidate({ key: ['versions', '1'] });
    expect([steps, await posts.get('1')]).toEqual([steps, 1]);
    await other;
  }
});
