/** The page in a real browser, wide and narrow: it shows figures, finds keys, tells why, and changes what it is told to. */
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { launch, missing } from './browser.ts';
import { ADA, type Cms, cms, served } from './cms.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // a browser is started

const EVIL = '<img src=x onerror="document.title=1">"\'&</script><script>document.title=1</script>';
const LONG = 'long'.repeat(60);
/** What a namespace of KV lists. */
const namespace = {
  list: async () => ({ keys: [{ name: 'tidemark/site/post.item/9~v1' }], list_complete: true as const }),
};
const SCREENSHOTS = process.env['SCREENSHOTS']; // a folder; without it none are kept

describe.skipIf(missing)(`in Chromium${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launch()));
  afterAll(async () => browser?.close());

  describe.each([
    { name: 'wide', viewport: { width: 1280, height: 800 }, colorScheme: 'light' as const },
    { name: 'narrow', viewport: { width: 390, height: 844 }, colorScheme: 'dark' as const },
  ])('$name', ({ name, viewport, colorScheme }) => {
    let site: Cms;
    let server: Awaited<ReturnType<typeof served>>;
    let context: BrowserContext;
    let page: Page;
    const troubles: string[] = [];

    beforeEach(async () => {
      site = await cms({ showValues: true, warm: async () => ({ warmed: 3, failed: 0 }), kv: { namespace } });
      await site.posts.findById('1');
      await site.posts.findById('1');
      await site.posts.findMany({ where: { status: 'published' } });
      await site.odd.set([EVIL, 'inside'], { text: EVIL }, { tags: [EVIL] });
      await site.odd.set([LONG], 1);
      await site.content.events.emit('content.update', { id: '3' }, { actor: EVIL });
      await site.posts.findById('2');
      server = await served(site.admin);
      const httpCredentials = { username: ADA.user, password: ADA.password };
      context = await browser.newContext({ viewport, colorScheme, httpCredentials });
      page = await context.newPage();
      page.on('console', (message) => void (message.type() === 'error' && troubles.push(message.text())));
      page.on('pageerror', (error) => void troubles.push(error.message));
      await page.goto(`${server.origin}/cache`);
      await page.getByText('Healthy', { exact: true }).waitFor();
    });
    afterEach(async () => {
      await context.close();
      await server.stop();
      expect(troubles.splice(0), 'errors in the console').toEqual([]);
    });

    const shot = async (what: string) => {
      if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, `${name}-${what}.png`), fullPage: true });
    };
    /** What doesn't depend on the width is tried in one. */
    const once: (title: string, work: () => Promise<void>) => void = name === 'wide' ? test : () => {};
    const tile = (label: string) => page.locator('#totals div', { hasText: label }).first().locator('dd');
    const fitsAcross = async () =>
      expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);

    test('figures are shown as the API has them', async () => {
      await expect.poll(() => tile('Hits').innerText()).toBe(String(site.content.stats().hits));
      await page.locator('#tiers tbody').getByText('memory').waitFor();
      await page.locator('#namespaces tbody').getByText('content', { exact: true }).waitFor();
      await page.locator('#log-rows tbody').getByText('content.update').first().waitFor();
      await shot('figures');
      await fitsAcross();
    });

    test('a search finds a key, and the key tells why it is right', async () => {
      await page.getByLabel('Text in the key').fill('T.ITEM/2');
      await page.getByRole('button', { name: 'Find' }).click();
      const link = page.locator('#key-rows a', { hasText: '/post.item/2' });
      await expect.poll(() => page.locator('#key-rows').innerText()).not.toContain('long');
      await link.click();
      await page.locator('#entry').getByText('would be served').first().waitFor();
      expect(await page.locator('#entry').innerText()).toMatch(/nothing that it rests on changed after \d+/);
      expect(await page.evaluate<boolean>('document.activeElement.id === "entry-title"')).toBe(true);
      await page.getByRole('button', { name: 'Show the value' }).click();
      await page.locator('#entry pre', { hasText: '"marks"' }).waitFor();
      await shot('entry');
      await fitsAcross();
    });

    test('a dry run changes nothing, and what it showed is what is invalidated then', async () => {
      const before = site.cache.stats().log.known;
      await page.getByLabel(/^What/).selectOption('prefix');
      await page.getByRole('textbox', { name: 'Path' }).fill('/post.item');
      await page.getByRole('button', { name: 'Dry run' }).click();
      await page.getByText('Would drop 1 entry that memory holds').waitFor();
      await shot('dry-run');
      await fitsAcross();
      expect(site.cache.stats().log.known).toBe(before);
      expect(site.cache.held({ prefix: 'post.item' }).entries.some((entry) => entry.valid)).toBe(true);

      await page.getByRole('button', { name: 'Invalidate', exact: true }).click();
      await page.getByText(/^Invalidated everywhere, at mark \d+\.$/).waitFor();
      expect(site.cache.held({ prefix: 'post.item' }).entries.filter((entry) => entry.valid)).toEqual([]);
      await page.locator('#log-rows tbody tr').first().getByText('direct').waitFor();
      expect(await page.locator('#log-rows tbody tr').first().innerText()).toContain('ada');
      expect(await page.locator('#log-facts').innerText()).toContain(`mark ${before + 1},`);
    });

    once('clearing and warming ask first, and a no is a no', async () => {
      const before = site.cache.stats().log.known;
      await page.getByRole('button', { name: 'Clear…' }).click();
      await page.getByRole('dialog').getByText('Clear everything?').waitFor();
      await shot('confirm');
      await page.keyboard.press('Enter'); // the harmless answer has the focus
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      expect(site.cache.stats().log.known).toBe(before);

      const held = () => site.cache.held().entries.filter((entry) => entry.valid);
      await site.posts.findById('1');
      await page.getByLabel('Namespace or collection').selectOption('namespace content');
      await page.getByRole('button', { name: 'Clear…' }).click();
      await page.getByRole('dialog').getByText('Clear the namespace content?').waitFor();
      await page.getByRole('dialog').getByRole('button', { name: 'Clear' }).click();
      await page.getByText(`Cleared everywhere, at mark ${before + 1}.`).waitFor();
      expect(new Set(held().map(({ collection }) => collection))).toEqual(new Set(['odd']));

      await page.getByLabel('Namespace or collection').selectOption('');
      await page.getByRole('button', { name: 'Clear…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Clear' }).click();
      await page.getByText(`Cleared everywhere, at mark ${before + 2}.`).waitFor();
      expect(held()).toEqual([]);
      await page.getByRole('button', { name: 'Warm…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Warm' }).click();
      await page.getByText('Warmed 3 keys.').waitFor();
    });

    test('whatever stands in keys, tags and names is shown as text', async () => {
      await page.locator('#key-rows a', { hasText: 'onerror' }).click();
      await page.locator('#entry').getByText('would be served').first().waitFor();
      await page.getByRole('button', { name: 'Show the value' }).click();
      await page.locator('#entry pre').waitFor();
      expect(await page.locator('#entry-key').innerText()).toContain('<img src=x onerror=');
      expect(await page.locator('#log-rows').innerText()).toContain('<img src=x onerror=');
      expect(await page.locator('main img, main script').count()).toBe(0);
      expect(await page.title()).toBe('Cache site');
      await shot('odd');
      await fitsAcross();
    });

    test('keys that only KV has are listed, and it is said what such a list can’t know', async () => {
      await page.getByRole('combobox', { name: 'In' }).selectOption('workers-kv');
      await page.locator('#key-rows a', { hasText: '/post.item/9' }).click();
      await page.locator('#entry').getByText('not there').first().waitFor();
      expect(await page.locator('#found').innerText()).toContain('KV lists late');
      await shot('kv');
      await fitsAcross();
    });

    once('all of it can be done from the keyboard, and every field has a name', async () => {
      await page.locator('#search').focus();
      await page.keyboard.type('tag-that-is-nowhere');
      await page.keyboard.press('Enter');
      await page.getByText('Nothing of this kind is held.').waitFor();
      const fields = page.locator('input, select, textarea');
      const nameless = await fields.evaluateAll((all) =>
        all
          .filter((field) => !('labels' in field) || (field.labels as ArrayLike<unknown>).length === 0)
          .map(({ id }) => id),
      );
      expect(nameless).toEqual([]);
    });
  });

  test('what was switched off and what fails stands at the top', async () => {
    const site = await cms();
    site.content.switches.off('<b>the move</b>', { namespace: 'content' });
    await site.posts.findById('1');
    const server = await served(site.admin);
    const context = await browser.newContext({ httpCredentials: { username: ADA.user, password: ADA.password } });
    const page = await context.newPage();
    await page.goto(`${server.origin}/cache`);
    await page.getByText('namespace content is off: <b>the move</b>').waitFor();
    await page.locator('#totals', { hasText: 'Bypassed' }).waitFor();
    await page.getByText('Healthy', { exact: true }).waitFor();
    const health = site.content.health();
    site.content.health = () => ({ ...health, ok: false, reasons: ['tier kv: breaker open'] });
    await page.getByRole('button', { name: 'Refresh', exact: true }).click();
    await page.getByText('Unhealthy', { exact: true }).waitFor();
    expect(await page.locator('#health-reasons').innerText()).toBe('tier kv: breaker open');
    await context.close();
    await server.stop();
  });

  test('when the server is gone the page says so, goes on showing what it knew, and recovers', async () => {
    const site = await cms();
    let gone = false;
    const server = await served(async (request) => (gone ? new Response(null, { status: 502 }) : site.admin(request)));
    const context = await browser.newContext({ httpCredentials: { username: ADA.user, password: ADA.password } });
    const page = await context.newPage();
    await page.goto(`${server.origin}/cache`);
    await page.locator('#as-of', { hasText: /^as of/ }).waitFor();
    gone = true;
    await page.getByRole('button', { name: 'Refresh', exact: true }).click();
    await page.locator('#as-of', { hasText: 'not up to date: the server answered with status 502' }).waitFor();
    expect(await page.locator('#tiers tbody').innerText()).toContain('memory');
    await page.getByRole('button', { name: 'Clear…' }).click();
    await page.getByText('That did not work: the server answered with status 502').waitFor();
    gone = false;
    await page.getByRole('button', { name: 'Refresh', exact: true }).click();
    await page.locator('#as-of', { hasText: /^as of/ }).waitFor();
    await context.close();
    await server.stop();
  });

  test('nothing is asked while the page is hidden, and all of it when it is seen again', async () => {
    const site = await cms();
    const asked: string[] = [];
    const server = await served((request) => {
      asked.push(new URL(request.url).pathname);
      return site.admin(request);
    });
    const context = await browser.newContext({ httpCredentials: { username: ADA.user, password: ADA.password } });
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(`${server.origin}/cache`);
    const turn = (hidden: boolean) =>
      page.evaluate(`
        Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      `);
    const health = () => asked.filter((path) => path === '/cache/health').length;
    await expect.poll(health).toBe(1);
    await page.locator('#as-of', { hasText: 'as of' }).waitFor();
    await page.clock.runFor(5000);
    await expect.poll(health).toBe(2);
    await turn(true);
    await page.clock.runFor(60_000);
    expect(health()).toBe(2);
    await turn(false);
    await expect.poll(health).toBe(3);
    await context.close();
    await server.stop();
  });
});
