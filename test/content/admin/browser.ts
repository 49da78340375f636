/** A Chromium without a profile, for pages that need none. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Why there is no browser here; undefined if there is one. */
export const missing: string | undefined = existsSync(executablePath) ? undefined : `there is no ${executablePath}`;

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--no-proxy-server',
  '--disable-background-networking',
];

export const launch = (): Promise<Browser> => chromium.launch({ executablePath, args, timeout: 30_000 });
