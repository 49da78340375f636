/** A store is let go of only when nothing that was accepted can still come to it. */
import { expect, test } from 'vitest';
import { createCache, memory, type Schema } from 'tidemark';
import { manualClock } from 'tidemark/testing';
import { deferred, failure, idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';
import { slowLog } from '../support/slow-log.ts';

/** A store that tells whether anything was asked of it after it was closed. */
function watched(): MapStore & { late: boolean } {
  const store = Object.assign(new MapStore({ name: 'far' }), { late: false });
  store.before = () => void (store.late ||= store.closed > 0);
  return store;
}

test('a strong read that waits for the log', async () => {
  const [clock, store] = [manualClock(), watched()];
  const tiers = [memory(), store];
  const cache = createCache({ clock, log: slowLog({ clock, ms: 10 }), consistency: 'strong', tiers });
  const posts = cache.define<string>('post', { load: (id) => id });
  await clock.advanceAsync(1);
  const read = posts.get('1');
  const closed = cache.close();
  await clock.advanceAsync(50);
  await closed;
  expect(await read).toBe('1');
  expect(store.closed).toBe(1);
  expect(store.late).toBe(false);
});

test('a set whose schema takes its time', async () => {
  const store = watched();
  const gate = deferred();
  const schema: Schema<string> = {
    '~standard': {
      version: 1,
      vendor: 'by hand',
      validate: (value) => gate.promise.then(() => ({ value: String(value) })),
    },
  };
  const cache = createCache({ tiers: [memory(), store] });
  const set = cache.define<string>('post', { schema }).set('1', 'one');
  const closed = cache.close();
  await idle();
  expect(store.closed).toBe(0);
  gate.resolve();
  await closed;
  expect((await set).reach).toBe('everywhere');
  expect(store.made('setMany')).toHaveLength(1);
  expect(store.late).toBe(false);
});

test('a loader may read its own closing cache, and no other closed one', async () => {
  const [open, closed] = [createCache(), createCache()];
  const there = closed.define<string>('there', { load: (id) => id });
  const here = open.define<string>('here', { load: (id) => there.get(id) });
  await closed.close();
  expect(await failure(here.get('1'))).toMatchObject({ code: 'closed' });
});
