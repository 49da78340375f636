/** A page of a trimmed log that comes late tells of a head that is older than what has been said here meanwhile. */
import { expect, test } from 'vitest';
import { type ChangeLog, createCache, memory, type Page, storageKey } from 'tidemark';
import { manualClock } from 'tidemark/testing';
import { deferred, idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';

const LOG = { incarnation: 'log' };

test('what was invalidated after the page was written stays invalidated', async () => {
  const clock = manualClock();
  const far = new MapStore({ name: 'far' });
  const pages = [deferred<Page>(), deferred<Page>(), deferred<Page>()];
  pages[0].resolve({ ...LOG, head: 5, complete: 5, changes: [] });
  let reads = 0;
  let head = 7; // another process has said 6 and 7, which nobody has told here
  const log: ChangeLog = {
    sync: false,
    pollEvery: 100,
    position: async () => ({ ...LOG, head: 5 }),
    append: async () => ({ ...LOG, head: ++head }),
    read: () => pages[reads++].promise,
    stamps: async (names) => ({ ...LOG, head, stamps: names.map((name) => (name === '=/cache/post/k' ? 9 : 0)) }),
  };
  const cache = createCache({ clock, log, tiers: [memory(), far] });
  const posts = cache.define<string>('post', { load: () => 'new' });
  await idle();
  await clock.advanceAsync(100);
  expect(reads).toBe(2); // asked, and not answered yet
  const stored = { value: 'old', mark: 8, ...LOG, dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
  far.entries.set(storageKey(['cache', 'post', 'k'], 1), stored);
  expect((await posts.invalidate('other')).mark).toBe(8);
  expect((await posts.invalidate('k')).mark).toBe(9);
  pages[1].resolve({ ...LOG, head: 8, complete: 7, changes: [{ mark: 8, change: ['=/cache/post/other'] }] });
  await idle();
  expect(reads).toBe(3); // it asks for what is newer, and has to wait again
  const read = posts.get('k'); // nothing is vouched for before that
  await idle();
  pages[2].resolve({ ...LOG, head: 9, complete: 8, changes: [{ mark: 9, change: ['=/cache/post/k'] }] });
  expect(await read).toBe('new');
});
