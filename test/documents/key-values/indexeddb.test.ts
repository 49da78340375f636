/** Keyframes in IndexedDB, in Chromium. */
import type { Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing, Tabs } from '../../stores/indexeddb/browser.ts';
import { root } from '../../support/repository.ts';
import type { Window } from './indexeddb-page.ts';
import { suiteTests } from './indexeddb-suite.ts';

const without = process.env['REQUIRE_ALL'] === '1' ? undefined : missing;

describe.skipIf(without)(`in Chromium${without ? ` (skipped: ${without})` : ''}`, () => {
  let tabs: Tabs | undefined;
  let page: Page;

  beforeAll(async () => {
    tabs = await Tabs.launch();
    page = await tabs.open();
    await page.addScriptTag({ content: await bundled() });
  }, 60_000);

  afterAll(() => tabs?.close(), 30_000);

  suiteTests().forEach(({ name }, index) =>
    it(name, { timeout: 120_000 }, async () => {
      const failure = await page.evaluate((which) => (globalThis as object as Window).runKeyValueTest(which), index);
      expect(failure).toBeUndefined();
    }),
  );
});

async function bundled(): Promise<string> {
  const build = await rolldown({
    input: 'test/documents/key-values/indexeddb-page.ts',
    cwd: root,
    platform: 'browser',
    resolve: { conditionNames: ['@tidemark/source', 'import', 'default'] },
    logLevel: 'silent',
  });
  try {
    const { output } = await build.generate({ format: 'iife' });
    return output[0].code;
  } finally {
    await build.close();
  }
}
