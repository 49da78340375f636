/** When the log that answers is another one - flushed, restored, failed over - nothing that rests on the old one is served. */
import { expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { deferred, idle } from '../support/deferred.ts';
import { MapBackend, MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

test.each([true, false])('what memory and slower tiers held is not served any more (synchronous: %s)', async (sync) => {
  const backend = new MapBackend({ sync });
  const { cache, clock } = timedCache({ behind: [backend] });
  const gaps: unknown[] = [];
  cache.on('gap', (event) => gaps.push(event));
  let loads = 0;
  const posts = cache.define<number>('post', { load: () => ++loads });
  await posts.getMany(['1', '2']);
  await idle();
  backend.inner = localLog();
  await cache.invalidate({ tags: ['anything'] });
  await clock.advanceAsync(1000);
  expect(gaps).toEqual([{ reason: 'incarnation' }]);
  expect(posts.peek('1')).toBeUndefined();
  expect(await posts.getMany(['1', '2'])).toEqual([3, 4]);
  await idle();
  expect(await posts.getMany(['1', '2'])).toEqual([3, 4]);
});

test('marks of two incarnations are not compared: a small mark of the new one is not older than a large one of the old', async () => {
  const backend = new MapBackend();
  const cache = createCache({ tiers: [memory(), backend] });
  let loads = 0;
  const posts = cache.define<number>('post', { load: () => ++loads });
  for (let i = 0; i < 10; i++) await cache.invalidate({ tags: ['t'] });
  await posts.getMany(['1', '2']);
  await idle();
  backend.inner = localLog();
  expect(await posts.invalidate('1')).toEqual({ mark: 1, reach: 'everywhere' });
  expect([posts.peek('1'), posts.peek('2')]).toEqual([undefined, undefined]);
  expect(await posts.getMany(['1', '2'])).toEqual([3, 4]);
  await idle();
  expect(await posts.getMany(['1', '2'])).toEqual([3, 4]);
});

test.each(['read', 'append'] as const)(
  'an answer of the old log (%s) that comes late does not bring it back',
  async (late) => {
    const backend = new MapBackend();
    const files = new MapStore({ name: 'files' });
    const { cache, clock } = timedCache({ behind: [files, backend] });
    const posts = cache.define<string>('post', { load: () => 'new' });
    await idle();

    // The next operation is done by the old log, and its answer is on the way for a while.
    const gate = deferred();
    const operation = backend.log[late].bind(backend.log) as (...args: unknown[]) => Promise<unknown>;
    const slow = async (...args: unknown[]) => {
      Object.assign(backend.log, { [late]: operation });
      const answer = await operation(...args);
      await gate.promise;
      return answer;
    };
    Object.assign(backend.log, { [late]: slow });
    if (late === 'read') await clock.advanceAsync(1000);
    else void cache.invalidate({ tags: ['t'] });
    await idle();

    // Another process fills the tier of files with what is true at that moment.
    const other = createCache({ tiers: [files, backend] }).define<string>('post', { load: () => 'old' });
    expect(await other.get('1')).toBe('old');
    await idle();
    backend.entries.clear();
    backend.inner = localLog();
    expect(await posts.invalidate('1')).toMatchObject({ reach: 'everywhere' });
    gate.resolve();
    await idle();
    expect(await posts.get('1')).toBe('new');
    await idle();
    expect(await posts.get('1')).toBe('new');
  },
);

test('a load that began under the old log is answered, not kept', async () => {
  const backend = new MapBackend();
  const cache = createCache({ tiers: [memory(), backend] });
  const gate = deferred<string>();
  let loads = 0;
  const posts = cache.define<string>('post', { load: () => (++loads === 1 ? gate.promise : 'new') });
  const read = posts.get('1');
  await idle();
  backend.inner = localLog();
  await cache.invalidate({ tags: ['anything'] });
  gate.resolve('old');
  expect(await read).toBe('old');
  await idle();
  expect(await posts.get('1')).toBe('new');
});

test('what the old log said of a lagging source is not forgotten with it: for the time of the lag nothing is kept', async () => {
  const backend = new MapBackend();
  const { cache, clock } = timedCache({ behind: [backend] });
  let loads = 0;
  const posts = cache.define<number>('post', { load: () => ++loads, sourceLag: 2000 });
  await posts.get('1');
  await clock.advanceAsync(5000);
  await posts.invalidate('1');
  backend.inner = localLog();
  await clock.advanceAsync(1000); // the follower meets the new log, in which nothing has changed yet
  expect(await posts.get('1')).toBe(2);
  await idle();
  expect(await posts.get('1')).toBe(3);
  await clock.advanceAsync(2000);
  expect([await posts.get('1'), await posts.get('1')]).toEqual([4, 4]);
});
