/** A change said in a transaction is published with its commit, and not at all without. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Cache, createCache, memory } from 'tidemark';
import { type SqlBackend, sqlBackend } from 'tidemark/backends/sql';
import { gatedLoads } from '../../support/deferred.ts';
import { places } from './places.ts';

vi.setConfig({ testTimeout: 60_000 }); // a machine that does other things, too, takes its time

const CALL = { signal: new AbortController().signal };
const CHANGE = ['=/s/post/7', '#/s/author:9'];

for (const place of places())
  describe(`transactions in ${place.name}`, () => {
    let made = 0;
    const open: (SqlBackend | Cache)[] = [];
    const backend = (tables = `t${++made}`) => {
      const one = sqlBackend({ dialect: place.dialect, query: place.query, tables });
      open.push(one);
      return one;
    };
    afterEach(async () => {
      for (const one of open.splice(0)) await one.close?.();
    });

    test('a change is there after the commit, with a mark of its own, and not before', async () => {
      const { log } = backend();
      const before = await log.append(['#/s/first'], CALL);
      await place.transaction(async (tx) => {
        await log.appendIn(tx, CHANGE);
        await log.appendIn(tx, ['#/s/second']);
      });
      const page = await log.read(before.head, CALL);
      expect(page.changes.map(({ mark, change }) => [mark, change])).toEqual([
        [before.head + 1, CHANGE],
        [before.head + 2, ['#/s/second']],
      ]);
      expect((await log.stamps(CHANGE, CALL)).stamps).toEqual([before.head + 1, before.head + 1]);
    });

    test('a change of a transaction that is rolled back was never said', async () => {
      const { log } = backend();
      const before = await log.append(['#/s/first'], CALL);
      const failed = place.transaction(async (tx) => {
        await log.appendIn(tx, CHANGE);
        throw new Error('changed my mind');
      });
      await expect(failed).rejects.toThrow('changed my mind');
      expect(await log.position(CALL)).toEqual(before);
      expect((await log.stamps(CHANGE, CALL)).stamps).toEqual([0, 0]);
    });

    test('a transaction may come before anything else has used the tables', async () => {
      const { log } = backend();
      await place.transaction(async (tx) => {
        await log.appendIn(tx, CHANGE);
      });
      expect((await log.read(0, CALL)).changes.map(({ change }) => change)).toEqual([CHANGE]);
    });

    test('a first transaction that is rolled back leaves nothing that is in the way', async () => {
      const { log } = backend();
      const failed = place.transaction(async (tx) => {
        await log.appendIn(tx, CHANGE);
        throw new Error('changed my mind');
      });
      await expect(failed).rejects.toThrow('changed my mind');
      expect((await log.append(CHANGE, CALL)).head).toBe(1);
    });

    test('what has a query is a transaction as well', async () => {
      const { log } = backend();
      await place.transaction(async (query) => {
        await log.appendIn({ query }, CHANGE);
      });
      expect((await log.position(CALL)).head).toBe(1);
    });

    test('a load that a transaction overtook is not kept, here or elsewhere', async () => {
      const tables = `t${++made}`;
      const cache = createCache({ name: 's', tiers: [memory(), backend(tables)] });
      const elsewhere = createCache({ name: 's', tiers: [memory(), backend(tables)] });
      open.push(cache, elsewhere);
      const { calls, load } = gatedLoads<string>();
      const posts = cache.define('post', { load });
      const reading = posts.get('7');
      await vi.waitUntil(() => calls.length === 1, { timeout: 30_000 });

      let changes!: ReturnType<Cache['changesIn']>;
      await place.transaction(async (tx) => {
        changes = cache.changesIn(tx);
        await changes.invalidate({ key: ['post', '7'] });
      });
      calls[0].resolve('old');
      expect(await reading).toBe('old'); // it was asked before the change was known
      expect((await changes.committed()).reach).toBe('everywhere');

      const anew = posts.get('7');
      await vi.waitUntil(() => calls.length === 2, { timeout: 30_000 });
      calls[1].resolve('new');
      expect(await anew).toBe('new');
      expect(await elsewhere.define('post', { load: () => 'new' }).get('7')).toBe('new');
    });

    test('after committed, nothing that was kept before the change is served', async () => {
      const cache = createCache({ name: 's', tiers: [memory(), backend()] });
      open.push(cache);
      let title = 'old';
      const posts = cache.define('post', { load: () => title, tags: () => ['all'] });
      expect(await posts.get('7')).toBe('old');
      let changes!: ReturnType<Cache['changesIn']>;
      await place.transaction(async (tx) => {
        title = 'new';
        changes = cache.changesIn(tx);
        await changes.invalidate({ tags: ['all'] });
      });
      await changes.committed();
      expect(await posts.get('7')).toBe('new');
    });
  });
