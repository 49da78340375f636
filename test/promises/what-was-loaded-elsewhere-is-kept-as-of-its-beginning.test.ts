/** What was loaded elsewhere is kept as of when that load began, and not at all if something it rests on has changed since. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { failure } from '../support/deferred.ts';

function make() {
  const clock = manualClock();
  const cache = createCache({ clock });
  const values = cache.define<string>('value', { ttl: '1m', tags: (value) => [`of:${value}`] });
  return { clock, cache, values };
}

test('a value that nothing has changed since is kept, for its time', async () => {
  const { values, clock } = make();
  expect(await values.keep('a', 'one', values.begin())).toBe(true);
  expect(await values.keep('b', 'two', values.begin(), { ttl: '1s' })).toBe(true);
  expect([values.peek('a'), values.peek('b')]).toEqual(['one', 'two']);
  clock.advance(5000);
  expect([values.peek('a'), values.peek('b')]).toEqual(['one', undefined]);
});

test('to keep is no change', async () => {
  const { cache, values } = make();
  const before = cache.bookmark();
  await values.keep('a', 'one', values.begin());
  expect(cache.bookmark()).toBe(before);
});

describe.each([
  ['its key', { key: ['value', 'a'] }],
  ['a tag given with it', { tags: ['given'] }],
  ["a tag of the collection's", { tags: ['of:one'] }],
  ['a pattern', { pattern: 'value:*' }],
  ['everything', { all: true as const }],
])('after a change of %s', (_, selector) => {
  test('what began before it is not kept', async () => {
    const { cache, values } = make();
    const since = values.begin();
    await cache.invalidate(selector);
    expect(await values.keep('a', 'one', since, { tags: ['given'] })).toBe(false);
    expect(values.peek('a')).toBe(undefined);
  });

  test('what was kept is served no more', async () => {
    const { cache, values } = make();
    await values.keep('a', 'one', values.begin(), { tags: ['given'] });
    await cache.invalidate(selector);
    expect(await values.get('a')).toBe(undefined);
  });
});

test('what began before a value was set does not take its place', async () => {
  const { values } = make();
  const since = values.begin();
  await values.set('a', 'set');
  expect(await values.keep('a', 'kept', since)).toBe(false);
  expect(values.peek('a')).toBe('set');
});

test('a change by another process counts as soon as it is known, and what is kept is there for all', async () => {
  const space = new SharedSpace();
  const [a, b] = [0, 1].map(() => {
    const cache = createCache({ clock: manualClock(), tiers: [memory(), sharedBackend({ space })] });
    return { cache, values: cache.define<string>('value') };
  });
  await Promise.all([a, b].map(({ values }) => values.get('nothing')));
  await a.values.keep('a', 'one', a.values.begin(), { tags: ['t'] });
  expect(await b.values.get('a')).toBe('one');

  const since = b.values.begin();
  await a.cache.invalidate({ tags: ['t'] });
  await b.cache.catchUp(a.cache.bookmark());
  expect(await b.values.keep('a', 'old', since, { tags: ['t'] })).toBe(false);
  expect(await b.values.get('a')).toBe(undefined);
});

test('what was kept before a change was known is served nowhere once it is', async () => {
  const space = new SharedSpace();
  const [a, b] = [0, 1].map(() => {
    const cache = createCache({ clock: manualClock(), tiers: [memory(), sharedBackend({ space })] });
    return { cache, values: cache.define<string>('value') };
  });
  await Promise.all([a, b].map(({ values }) => values.get('nothing')));
  const since = b.values.begin();
  await a.cache.invalidate({ tags: ['t'] });
  await b.values.keep('a', 'old', since, { tags: ['t'] }); // b may not have heard of it
  await b.cache.catchUp(a.cache.bookmark());
  expect(await b.values.get('a')).toBe(undefined);
  expect(await a.values.get('a')).toBe(undefined);
});

test('nothing is kept before the log has been joined, or while it is silent', async () => {
  const clock = manualClock();
  const backend = sharedBackend({ space: new SharedSpace() });
  const cache = createCache({ clock, tiers: [memory(), backend] });
  const values = cache.define<string>('value');
  const early = values.begin();
  await values.get('nothing');
  expect(await values.keep('a', 'one', early)).toBe(false);
  const since = values.begin();
  backend.cut();
  clock.advance(60_000);
  expect(await values.keep('a', 'one', since)).toBe(false);
});

test('bad input is refused before anything is kept', async () => {
  const { values, cache } = make();
  const since = values.begin();
  expect(await failure(values.keep('a', 'x', since, { tag: [] } as never))).toMatchObject({ code: 'bad_option' });
  expect(await failure(values.keep('a', 'x', since, { ttl: 'soon' as never }))).toMatchObject({ code: 'bad_option' });
  expect(await failure(values.keep('a', (() => {}) as never, since))).toMatchObject({ code: 'bad_value' });
  await cache.close();
  expect(await failure(values.keep('a', 'x', since))).toMatchObject({ code: 'closed' });
});
