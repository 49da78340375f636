/** A hit by number or path is a hit like any other: it honours its options, and sees time pass. */
import { describe, expect, test } from 'vitest';
import { type Clock, createCache, type Key } from 'tidemark';
import { failure } from '../support/deferred.ts';

describe.each([
  ['text', 'a'],
  ['a number', 7],
  ['a path', ['a', 'b']],
] as [string, Key][])('%s', (_, key) => {
  test('a misspelt option is refused, and an aborted signal ends the read', async () => {
    const posts = createCache().define<string, Key>('post', { load: () => 'value' });
    await posts.get(key);
    expect(await failure(posts.get(key, { lod: false } as object))).toMatchObject({ code: 'bad_option' });
    expect(await failure(posts.get(key, { signal: AbortSignal.abort('gone') }))).toBe('gone');
    expect(await failure(posts.get(key, { signal: 'gone' as unknown as AbortSignal }))).toMatchObject({
      code: 'bad_option',
    });
  });

  test('a loop of awaited hits that never lets timers run sees time pass', async () => {
    let now = 1e12;
    const clock: Clock = { now: () => now, after: () => () => {} };
    let loads = 0;
    const posts = createCache({ clock }).define<number, Key>('post', { load: () => ++loads, ttl: 1000 });
    await posts.get(key);
    now += 10_000;
    for (let i = 0; i < 5000; i++) await posts.get(key);
    expect(loads).toBe(2);
  });
});
