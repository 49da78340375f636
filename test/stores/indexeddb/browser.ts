/** A browser for a test file: Chromium with tabs of one origin that all run the program of `page.ts`. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { root } from '../../support/repository.ts';

const executablePath = '/usr/bin/chromium';

/** Why there is no browser here; undefined if there is one. */
export const missing: string | undefined = existsSync(executablePath) ? undefined : `there is no ${executablePath}`;

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--no-proxy-server',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser with a profile of its own, on disk. */
export class Tabs {
  readonly origin: string;
  readonly #context: BrowserContext;
  readonly #stop: () => Promise<void>;

  private constructor(origin: string, context: BrowserContext, stop: () => Promise<void>) {
    this.origin = origin;
    this.#context = context;
    this.#stop = stop;
  }

  static async launch(): Promise<Tabs> {
    const { origin, stop } = await serve(await bundled());
    const profile = mkdtempSync(join(tmpdir(), 'tidemark-chromium-'));
    const clean = async () => {
      await stop();
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    };
    try {
      const context = await chromium.launchPersistentContext(profile, { executablePath, args, timeout: 30_000 });
      return new Tabs(origin, context, clean);
    } catch (error) {
      await clean();
      throw error;
    }
  }

  async open(): Promise<Page> {
    const page = await this.#context.newPage();
    await page.goto(this.origin, { timeout: 30_000 });
    return page;
  }

  async close(): Promise<void> {
    await this.#context.close();
    await this.#stop();
  }
}

async function bundled(): Promise<string> {
  const build = await rolldown({
    input: 'test/stores/indexeddb/page.ts',
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

async function serve(script: string): Promise<{ readonly origin: string; readonly stop: () => Promise<void> }> {
  const server = createServer(({ url }, response) => {
    const html = url === '/' ? '<!doctype html><title>tab</title><script src="tab.js"></script>' : undefined;
    response.setHeader('content-type', html ? 'text/html' : 'text/javascript');
    response.end(html ?? script);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, stop };
}
