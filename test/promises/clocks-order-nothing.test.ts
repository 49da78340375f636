/** Marks come from the log, never from a clock: a clock that is ahead, behind or goes backwards lets nothing wrong be served. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { manualClock } from 'tidemark/testing';
import { gatedLoads, idle } from '../support/deferred.ts';
import { MapBackend } from '../support/map-store.ts';

const skews = [-3_600_000, -5000, 5000, 3_600_000];

describe.each(skews)('a writer whose clock is off by %d ms', (skew) => {
  /** Two caches of one name on one log, as two processes would be. */
  function pair(shared: 'a log' | 'a backend') {
    const log = localLog();
    const backend = new MapBackend({ log });
    const caches = [0, skew].map((off) => {
      const clock = manualClock({ now: 1_700_000_000_000 + off });
      return shared === 'a log'
        ? createCache({ clock, log, tiers: [memory({ clock })] })
        : createCache({ clock, tiers: [memory({ clock }), backend] });
    });
    return caches as [(typeof caches)[0], (typeof caches)[0]];
  }

  test.each(['a log', 'a backend'] as const)(
    'a tag that it invalidates is gone for the reader, over %s',
    async (shared) => {
      const [reader, writer] = pair(shared);
      let loads = 0;
      const posts = reader.define<number>('post', { load: () => ++loads, tags: () => ['t'], ttl: '7d' });
      await posts.get('1');
      await idle();
      expect(await writer.invalidate({ tags: ['t'] })).toMatchObject({ reach: 'everywhere' });
      await idle();
      expect(await posts.get('1')).toBe(2);
      await idle();
      expect(await posts.get('1')).toBe(2); // no second miss: the new value is newer than the change
    },
  );

  test('a value that it loaded before a change is not brought back', async () => {
    const [reader, writer] = pair('a backend');
    const slow = gatedLoads<string>();
    const fromWriter = writer.define<string>('post', { load: slow.load });
    const fromReader = reader.define<string>('post', { load: () => 'new' });
    const old = fromWriter.get('1');
    await idle();
    await fromReader.delete('1');
    expect(await fromReader.get('1')).toBe('new');
    await idle();
    slow.calls[0].resolve('old');
    expect(await old).toBe('old');
    await idle();
    expect(await fromReader.get('1')).toBe('new');
    expect(await fromWriter.get('1')).toBe('new');
  });
});

test('a clock that goes backwards brings nothing back that a change made wrong', async () => {
  let now = 1_700_000_000_000;
  const clock = { now: () => now, after: () => () => {} };
  const cache = createCache({ clock, tiers: [memory({ clock })] });
  let loads = 0;
  const posts = cache.define<number>('post', { load: () => ++loads, ttl: '1h', staleFor: '1h', graceFor: '1h' });
  for (let round = 1; round <= 5; round++) {
    expect(await posts.get('1')).toBe(round);
    now -= 60_000;
    await posts.invalidate('1');
    now -= 60_000;
  }
});

test('a clock that goes backwards lengthens a time at most by as much as it went', async () => {
  const clock = manualClock();
  let now = clock.now();
  const odd = { now: () => now, after: clock.after.bind(clock) };
  const move = (ms: number) => {
    now += ms;
    clock.advance(2); // the coarse clocks look again
  };
  const cache = createCache({ clock: odd, tiers: [memory({ clock: odd })] });
  let loads = 0;
  const posts = cache.define<number>('post', { load: () => ++loads, ttl: 10_000 });
  await posts.get('1');
  move(-5000);
  move(14_999);
  expect(await posts.get('1')).toBe(1);
  move(1);
  expect(await posts.get('1')).toBe(2);
});

test('time goes on in a loop that never lets timers run', async () => {
  let now = 1_700_000_000_000;
  const clock = { now: () => now, after: () => () => {} };
  const cache = createCache({ clock, tiers: [memory({ clock })] });
  let loads = 0;
  const posts = cache.define<number>('post', { load: () => ++loads, ttl: 1000 });
  await posts.get('1');
  now += 1001;
  let got = 1;
  for (let read = 0; read < 50_000 && got === 1; read++) got = await posts.get('1');
  expect(got).toBe(2);
});
