/** Caches in two tabs of a browser: what one changes the other follows, whatever becomes of tabs, databases and room. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { missing, Tabs } from './browser.ts';
import type { Window } from './page.ts';

const LIMIT = { timeout: 60_000 };

/** What the tabs share: a log by lock or by word of mouth, or a database. */
type Kind = 'broadcast' | 'broadcast without locks' | 'indexeddb';

/** Make a cache in a tab that loads what the source has, and leave it there as `shop`. */
async function openShop(page: Page, kind: Kind, name: string): Promise<void> {
  await page.evaluate(
    ([how, database]) => {
      const { createCache, memory, broadcastLog, indexedDb } = (globalThis as object as Window).tab;
      const locks = how === 'broadcast' ? {} : { locks: false as const };
      const log = how === 'indexeddb' ? undefined : broadcastLog({ name: database, ...locks });
      const cache = createCache(log ? { log } : { tiers: [memory(), indexedDb({ name: database })] });
      const gaps: string[] = [];
      cache.on('gap', ({ reason }) => gaps.push(reason));
      const state = { source: 0, loads: 0 };
      const price = cache.define<number>('price', { load: () => (state.loads++, state.source) });
      Object.assign(globalThis, { shop: { database, cache, log, gaps, state, price } });
    },
    [kind, name] as const,
  );
}

/** What {@link openShop} leaves in a tab. */
interface Shop {
  readonly shop: {
    readonly cache: {
      invalidate(what: object): Promise<{ readonly reach: string }>;
      stats(): { log: { incarnation: string } };
    };
    readonly database: string;
    readonly log: { position(call: object): Promise<{ readonly incarnation: string; readonly head: number }> };
    readonly gaps: string[];
    readonly state: { source: number; loads: number };
    readonly price: { get(key: string): Promise<number>; invalidate(key: string): Promise<{ readonly reach: string }> };
  };
}

const read = (page: Page) => page.evaluate(() => (globalThis as object as Shop).shop.price.get('tea'));

/** Change the source, as every tab would see it. */
async function turnTo(value: number, ...pages: readonly Page[]): Promise<void> {
  for (const page of pages)
    await page.evaluate((now) => void ((globalThis as object as Shop).shop.state.source = now), value);
}

/** Say that it changed; answers with how far that reached. */
const say = async (page: Page) =>
  (await page.evaluate(() => (globalThis as object as Shop).shop.price.invalidate('tea'))).reach;

const incarnation = (page: Page) =>
  page.evaluate(() => (globalThis as object as Shop).shop.cache.stats().log.incarnation);

describe.skipIf(missing)(`in Chromium${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let tabs: Tabs;
  const open: Page[] = [];
  let names = 0;

  beforeAll(async () => {
    tabs = await Tabs.launch();
  }, 60_000);
  afterEach(async () => {
    for (const page of open.splice(0)) await page.close();
  });
  afterAll(() => tabs?.close(), 30_000);

  async function shops(kind: Kind, count = 2): Promise<Page[]> {
    const name = `shop ${names++}`;
    const pages: Page[] = [];
    for (let i = 0; i < count; i++) {
      pages.push(await tabs.open());
      open.push(pages[i]);
      await openShop(pages[i], kind, name);
      await expect.poll(() => incarnation(pages[i]), { timeout: 10_000 }).not.toBe('');
    }
    return pages;
  }

  describe.each(['broadcast', 'broadcast without locks', 'indexeddb'] as const)('memory over %s', (kind) => {
    test('what one tab invalidates another doesn’t serve any more', LIMIT, async () => {
      const [one, two] = await shops(kind);
      await turnTo(5, one, two);
      expect([await read(one), await read(two)]).toEqual([5, 5]);
      for (let value = 6; value < 10; value++) {
        await turnTo(value, one, two);
        expect(await say(value % 2 ? one : two)).toBe('everywhere');
        await expect.poll(() => read(value % 2 ? two : one), { timeout: 5000, interval: 20 }).toBe(value);
      }
      expect(await two.evaluate(() => (globalThis as object as Shop).shop.gaps)).toEqual([]);
    });

    test('when the tab that was first crashes, the others go on', LIMIT, async () => {
      const [first, one, two] = await shops(kind, 3);
      await turnTo(5, first, one, two);
      expect([await read(first), await read(one), await read(two)]).toEqual([5, 5, 5]);
      const crashed = new Promise((resolve) => first.once('crash', resolve));
      void first.goto('chrome://crash').catch(() => {});
      await crashed;
      await turnTo(6, one, two);
      await expect.poll(() => say(one), { timeout: 10_000 }).toBe('everywhere');
      await expect.poll(() => read(two), { timeout: 5000, interval: 20 }).toBe(6);
    });

    test('when the tab that was first is closed, the others go on', LIMIT, async () => {
      const [first, one, two] = await shops(kind, 3);
      await turnTo(5, one, two);
      await read(one);
      await first.close();
      await turnTo(6, one, two);
      await expect.poll(() => say(two), { timeout: 10_000 }).toBe('everywhere');
      await expect.poll(() => read(one), { timeout: 5000, interval: 20 }).toBe(6);
    });
  });

  test.each(['broadcast', 'broadcast without locks'] as const)(
    '%s: a keeper that doesn’t answer is replaced, and knows it when it wakes up',
    LIMIT,
    async (kind) => {
      const [keeper, one, two] = await shops(kind, 3);
      await turnTo(5, keeper, one, two);
      expect([await read(keeper), await read(one), await read(two)]).toEqual([5, 5, 5]);
      const before = await incarnation(one);
      await turnTo(6, keeper, one, two);
      // It sleeps, and the first thing that it does when it wakes up is to ask, before it has heard of anything.
      const woken = keeper.evaluate(async (time) => {
        const { shop } = globalThis as object as Shop;
        localStorage.setItem('asleep', shop.database);
        for (const until = performance.now() + time; performance.now() < until;);
        const strong = await shop.log.position({ signal: new AbortController().signal });
        await new Promise((resolve) => setTimeout(resolve, 1500)); // more than a poll
        return { strong, value: await shop.price.get('tea') };
      }, 4000);
      await expect.poll(() => one.evaluate(() => localStorage.getItem('asleep'))).toBe(`shop ${names - 1}`);
      await expect.poll(() => say(one), { timeout: 3000, interval: 50 }).toBe('everywhere');
      const after = await incarnation(one);
      expect(after).not.toBe(before);
      const { strong, value } = await woken;
      expect(strong.incarnation).not.toBe(before);
      if (strong.incarnation === after) expect(strong.head).toBeGreaterThan(0); // or that keeper has been replaced as well
      expect(value).toBe(6);
      await expect.poll(() => read(two), { timeout: 5000 }).toBe(6);
    },
  );

  test('a lock that was stolen is lost before a question that was asked later is answered', LIMIT, async () => {
    const [one, two] = await shops('broadcast');
    for (let round = 0; round < 5; round++) {
      const lost = one.evaluate(async (name) => {
        const { locks } = (globalThis as object as { navigator: { locks: Required<Locks> } }).navigator;
        let held = true;
        await new Promise<void>((granted) => {
          locks
            .request(name, {}, () => {
              granted();
              return new Promise<void>(() => {});
            })
            .catch(() => {
              held = false;
            });
        });
        document.title = 'held';
        for (const until = performance.now() + 1000; performance.now() < until;);
        await locks.query();
        return held ? 'still held' : 'known to be lost';
      }, `round ${round}`);
      await two.evaluate(async (name) => {
        const { locks } = (globalThis as object as { navigator: { locks: Required<Locks> } }).navigator;
        for (;;) {
          const { held } = await locks.query();
          if (held?.some((lock) => lock.name === name)) break;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        void locks.request(name, { steal: true }, () => new Promise<void>((done) => setTimeout(done, 2000)));
        await locks.query();
      }, `round ${round}`);
      expect(await lost).toBe('known to be lost');
    }
  });

  test('a lease of a tab that was closed ends by time', LIMIT, async () => {
    const [one, two] = await shops('indexeddb');
    const acquire = (page: Page, ttl: number) =>
      page.evaluate(
        async ([name, time]) => {
          const call = { signal: new AbortController().signal };
          const { leases } = (globalThis as object as Window).tab.indexedDb({ name });
          const wanted = { ttl: time, incarnation: 'this', mark: 1, since: 1 };
          return (await leases!.acquire('/shop/x~v1', wanted, call)) !== undefined;
        },
        [`shop ${names - 1}`, ttl] as const,
      );
    expect(await acquire(one, 2000)).toBe(true);
    await one.close();
    expect(await acquire(two, 2000)).toBe(false);
    const waited = await two.evaluate(
      async (name) => {
        const call = { signal: new AbortController().signal };
        const { leases } = (globalThis as object as Window).tab.indexedDb({ name });
        await leases!.released('/shop/x~v1', call);
        return 'released';
      },
      `shop ${names - 1}`,
    );
    expect(waited).toBe('released');
    expect(await acquire(two, 2000)).toBe(true);
  });

  test('a restart is warm, and right', LIMIT, async () => {
    const [one] = await shops('indexeddb', 1);
    await turnTo(5, one);
    expect(await read(one)).toBe(5);
    const two = await tabs.open();
    open.push(two);
    await expect
      .poll(
        () =>
          two.evaluate(
            async (name) => {
              const stored = (globalThis as object as Window).tab.indexedDb({ name });
              const [entry] = await stored.getMany(['/cache/price/tea~v1'], { signal: new AbortController().signal });
              await stored.close?.();
              return entry?.value;
            },
            `shop ${names - 1}`,
          ),
        { timeout: 5000 },
      )
      .toBe(5);
    await one.close();
    await openShop(two, 'indexeddb', `shop ${names - 1}`);
    await turnTo(6, two);
    expect(await read(two)).toBe(5);
    expect(await two.evaluate(() => (globalThis as object as Shop).shop.state.loads)).toBe(0);
    expect(await say(two)).toBe('everywhere');
    expect(await read(two)).toBe(6);
  });

  test('when the user clears the site’s data, what was held is dropped', LIMIT, async () => {
    const [one, two] = await shops('indexeddb');
    await turnTo(5, one, two);
    expect([await read(one), await read(two)]).toEqual([5, 5]);
    const before = await incarnation(one);
    const session = await one.context().newCDPSession(one);
    await session.send('Storage.clearDataForOrigin', { origin: tabs.origin, storageTypes: 'indexeddb' });
    await turnTo(6, one, two); // and nobody says so
    for (const page of [one, two]) {
      await expect.poll(() => incarnation(page), { timeout: 10_000 }).not.toBe(before);
      await expect.poll(() => read(page), { timeout: 5000 }).toBe(6);
    }
    expect(await incarnation(one)).toBe(await incarnation(two));
    expect(await say(one)).toBe('everywhere');
  });

  test('when somebody clears the rows behind our back, a new log begins and nothing old is kept', LIMIT, async () => {
    const [one, two] = await shops('indexeddb');
    await turnTo(5, one, two);
    expect([await read(one), await read(two)]).toEqual([5, 5]);
    const before = await incarnation(one);
    await two.evaluate(
      (name) =>
        new Promise<void>((resolve) => {
          const { indexedDB } = globalThis as object as { indexedDB: IndexedDb };
          const request = indexedDB.open(name, 1);
          request.addEventListener('success', () => {
            const transaction = request.result.transaction(['meta'], 'readwrite');
            transaction.objectStore('meta').clear();
            transaction.addEventListener('complete', () => resolve());
          });
        }),
      `shop ${names - 1}`,
    );
    await turnTo(6, one, two);
    for (const page of [one, two]) {
      await expect.poll(() => incarnation(page), { timeout: 10_000 }).not.toBe(before);
      await expect.poll(() => read(page), { timeout: 5000 }).toBe(6);
    }
  });

  test('what another codec wrote is a miss', LIMIT, async () => {
    const page = await tabs.open();
    open.push(page);
    const found = await page.evaluate(async () => {
      const { indexedDb, jsonCodec } = (globalThis as object as Window).tab;
      const call = { signal: new AbortController().signal };
      const [packed, json] = [indexedDb({ name: 'codecs' }), indexedDb({ name: 'codecs', codec: jsonCodec })];
      const { head, incarnation: current } = await packed.log.position(call);
      const times = { freshUntil: Infinity, keptUntil: Infinity };
      const entry = { value: { a: 1 }, mark: head, incarnation: current, dependencies: [], ...times };
      await packed.setMany([{ key: '/cache/x/1~v1', entry }], call);
      const value = async (backend: typeof packed) => (await backend.getMany(['/cache/x/1~v1'], call))[0]?.value;
      return { same: await value(packed), other: (await value(json)) ?? 'nothing' };
    });
    expect(found).toEqual({ same: { a: 1 }, other: 'nothing' });
  });

  test('a later release that upgrades the database isn’t held up, and this one says why it fails', LIMIT, async () => {
    const [one, two] = await shops('indexeddb');
    await turnTo(5, one, two);
    expect(await read(one)).toBe(5);
    const upgraded = await two.evaluate(
      (name) =>
        new Promise<string>((resolve) => {
          const { indexedDB } = globalThis as object as { indexedDB: IndexedDb };
          const request = indexedDB.open(name, 1000);
          request.addEventListener('success', () => resolve('upgraded'));
          request.addEventListener('error', () => resolve('failed'));
        }),
      `shop ${names - 1}`,
    );
    expect(upgraded).toBe('upgraded');
    const code = await one.evaluate(
      async (name) => {
        const { log } = (globalThis as object as Window).tab.indexedDb({ name });
        try {
          await log.position({ signal: new AbortController().signal });
          return 'none';
        } catch (error) {
          return (error as { code?: string }).code;
        }
      },
      `shop ${names - 1}`,
    );
    expect(code).toBe('newer_format');
    await turnTo(6, one, two);
    expect(await say(one)).toBe('local'); // the log can't be told, and until it is, nothing of it is served
    expect(await read(one)).toBe(6);
  });
});

declare const document: { title: string };

declare const localStorage: { getItem(name: string): string | null; setItem(name: string, value: string): void };

interface Locks {
  request?(name: string, options: object, held: () => Promise<void>): Promise<unknown>;
  query?(): Promise<{ readonly held?: readonly { readonly name?: string }[] }>;
}

interface Telling<E extends string> {
  addEventListener(event: E, listener: () => void): void;
}

interface IndexedDb {
  open(
    name: string,
    version: number,
  ): Telling<'success' | 'error'> & {
    readonly result: {
      transaction(
        names: readonly string[],
        mode: 'readwrite',
      ): Telling<'complete'> & { objectStore(name: string): { clear(): unknown } };
    };
  };
}
