/** Entries keep to the room there is: what would expire first leaves first, and nothing is lost silently. */
import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing, Tabs } from './browser.ts';
import type { Window } from './page.ts';

const LIMIT = { timeout: 60_000 };
const QUOTA = 2_000_000;
const VALUE = 50_000;

/** Store some large values, one after the other; by position whether each was kept, and whether it is there at the end. */
function fill(page: Page, name: string, count: number): Promise<{ kept: boolean[]; there: boolean[] }> {
  return page.evaluate(
    async ([database, many, bytes]) => {
      const call = { signal: new AbortController().signal };
      const backend = (globalThis as object as Window).tab.indexedDb({ name: database });
      const { head, incarnation } = await backend.log.position(call);
      const keys = Array.from({ length: many }, (_, i) => `/cache/x/${i}~v1`);
      const kept: boolean[] = [];
      for (let i = 0; i < many; i++) {
        const value = crypto.getRandomValues(new Uint8Array(bytes));
        const entry = { value, mark: head, incarnation, dependencies: [], freshUntil: 1e15 + i, keptUntil: 1e15 + i };
        kept.push(...(await backend.setMany([{ key: keys[i], entry }], call)));
      }
      const there = await backend.getMany(keys, call);
      await backend.close?.();
      return { kept, there: there.map((entry) => entry !== undefined) };
    },
    [name, count, VALUE] as const,
  );
}

/** Say changes until one fails; answers with how many were said, and where the log stands then. */
function say(page: Page, name: string, count: number): Promise<{ said: number; errors: string[]; head: number }> {
  return page.evaluate(
    async ([database, many]) => {
      const call = { signal: new AbortController().signal };
      const backend = (globalThis as object as Window).tab.indexedDb({ name: database });
      const { log } = backend;
      const errors: string[] = [];
      let said = 0;
      for (let i = 0; i < many; i++)
        try {
          await log.append([`#/cache/${'x'.repeat(1000)}${i}`], call);
          said++;
        } catch (error) {
          errors.push((error as Error).name);
        }
      const { head } = await log.position(call);
      await backend.close?.();
      return { said, errors, head };
    },
    [name, count] as const,
  );
}

describe.skipIf(missing)(`in Chromium${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let tabs: Tabs;
  let page: Page;
  let session: CDPSession;
  const quota = (quotaSize?: number) =>
    session.send('Storage.overrideQuotaForOrigin', {
      origin: tabs.origin,
      ...(quotaSize !== undefined && { quotaSize }),
    });

  beforeAll(async () => {
    tabs = await Tabs.launch();
    page = await tabs.open();
    session = await page.context().newCDPSession(page);
    await quota(QUOTA); // before anything is stored: the browser remembers for a while how much room there was
  }, 60_000);
  afterAll(() => tabs?.close(), 30_000);

  test('where there is no room, entries leave, and what finds none all the same says so', LIMIT, async () => {
    const { kept, there } = await fill(page, 'full', (QUOTA / VALUE) * 2);
    const count = (list: readonly boolean[]) => list.filter(Boolean).length;
    expect(kept).toContain(false);
    expect(there).toContain(false);
    there.forEach((found, i) => expect(found && !kept[i], `entry ${i} was refused and is there`).toBe(false));
    expect(count(there), 'most of what was kept stays').toBeGreaterThan(count(kept) / 2);
    const { said, errors, head } = await say(page, 'full', 20);
    expect(said + errors.length).toBe(20);
    expect(new Set([...errors, 'QuotaExceededError'])).toEqual(new Set(['QuotaExceededError']));
    expect(head).toBe(said); // none is lost silently, none that failed is there
  });

  test('a change that finds no room is not forgotten: what it made wrong is not served', LIMIT, async () => {
    const result = await page.evaluate(async () => {
      const { createCache, memory, indexedDb } = (globalThis as object as Window).tab;
      const cache = createCache({ tiers: [memory(), indexedDb({ name: 'full' })] });
      let source = 5;
      const price = cache.define<number>('price', { load: () => source });
      const before = await price.get('tea');
      source = 6;
      const { reach } = await price.invalidate('tea');
      const after = await price.get('tea');
      const stored = indexedDb({ name: 'full' });
      const [left] = await stored.getMany(['/cache/price/tea~v1'], { signal: new AbortController().signal });
      return { before, reach, after, left: left?.value };
    });
    expect(result).toMatchObject({ before: 5, after: 6 });
    if (result.reach === 'local') expect(result.left).toBeUndefined();
    else expect(result.left).not.toBe(5); // the browser has given back some room meanwhile
  });

  test('entries keep to their limit, and what would expire first leaves first', LIMIT, async () => {
    await quota();
    const there = await page.evaluate(async (name) => {
      const call = { signal: new AbortController().signal };
      const backend = (globalThis as object as Window).tab.indexedDb({ name, maxEntries: 20, durability: 'relaxed' });
      const { head, incarnation: current } = await backend.log.position(call);
      const keys = Array.from({ length: 50 }, (_, i) => `/cache/x/${i}~v1`);
      for (let i = 0; i < keys.length; i++) {
        const until = i === 0 ? Infinity : 1e15 + i;
        const entry = {
          value: i,
          mark: head,
          incarnation: current,
          dependencies: [],
          freshUntil: until,
          keptUntil: until,
        };
        await backend.setMany([{ key: keys[i], entry }], call);
      }
      const entries = await backend.getMany(keys, call);
      return entries.flatMap((entry) => (entry ? [entry.value as number] : []));
    }, 'limited');
    expect(there.length).toBeLessThanOrEqual(20);
    expect(there.length).toBeGreaterThanOrEqual(18);
    expect(there.at(0)).toBe(0);
    expect(there.at(-1)).toBe(49);
  });
});
