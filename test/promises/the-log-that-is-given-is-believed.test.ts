/** A log that is given is the one that a cache believes, also where a backend among its tiers has one of its own. */
import { expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { sharedBackend, SharedSpace } from 'tidemark/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CALL = { signal: new AbortController().signal };

test('a backend whose log is another one is a store: changes go to the log that was given', async () => {
  const [near, far] = [new SharedSpace(), new SharedSpace()].map((space) => sharedBackend({ space }));
  const cache = createCache({ name: 'shop', tiers: [memory(), near], log: far.log });
  const posts = cache.define('post', { load: (id: string) => `post ${id}` });
  await posts.get('1');
  const before = await near.log.position(CALL);
  const { reach } = await posts.invalidate('1');
  expect(reach).toBe('everywhere');
  expect(await near.log.position(CALL)).toEqual(before);
  expect((await far.log.position(CALL)).head).toBe(1);
  await cache.close();
});

test('the log of a backend among the tiers may be given as well: then it is the authority, as without', async () => {
  const backend = sharedBackend({ space: new SharedSpace() });
  const cache = createCache({ name: 'shop', tiers: [memory(), backend], log: backend.log });
  const posts = cache.define('post', { load: (id: string) => `post ${id}` });
  await posts.set('1', 'mine');
  expect((await backend.log.position(CALL)).head).toBe(1);
  await cache.close();
});

test('an LMDB file between memory and a log elsewhere is warm after a restart, and right', async () => {
  const path = mkdtempSync(join(tmpdir(), 'tidemark-'));
  const space = new SharedSpace(); // in the place of a database
  let loads = 0;
  const source = new Map([
    ['1', 'first'],
    ['2', 'second'],
  ]);
  const open = () => {
    const cache = createCache({
      name: 'shop',
      tiers: [memory(), lmdbBackend({ path })],
      log: sharedBackend({ space }).log,
    });
    const load = (id: string) => (loads++, source.get(id));
    return { cache, posts: cache.define('post', { load }) };
  };
  try {
    const before = open();
    expect(await before.posts.getMany(['1', '2'])).toEqual(['first', 'second']);
    await before.cache.close();
    source.set('1', 'changed');
    const other = createCache({ name: 'shop', log: sharedBackend({ space }).log });
    await other.invalidate({ key: ['post', '1'] });
    await other.close();
    loads = 0;
    const after = open();
    expect(await after.posts.getMany(['1', '2'])).toEqual(['changed', 'second']);
    expect(loads).toBe(1);
    await after.cache.close();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
});
