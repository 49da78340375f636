/** The IndexedDB backend keeps the contracts of store, log and backend, in Chromium, with the other connection in another tab. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing, Tabs } from './browser.ts';
import type { Window } from './page.ts';
import { suiteTests } from './suite.ts';

describe.skipIf(missing)(`in Chromium${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let tabs: Tabs;
  let page: Page;

  beforeAll(async () => {
    tabs = await Tabs.launch();
    page = await tabs.open();
    const other = await tabs.open();
    await other.evaluate(() => (globalThis as object as Window).tab.serveBackends());
  }, 60_000);

  afterAll(() => tabs?.close(), 30_000);

  suiteTests().forEach(({ name }, index) =>
    it(name, { timeout: 120_000 }, async () => {
      const failure = await page.evaluate((which) => (globalThis as object as Window).tab.run(which), index);
      expect(failure).toBeUndefined();
    }),
  );
});
