/** The page: put together from its panels, with a policy that lets nothing in from elsewhere. */
import { entryPanel } from './panels/entry.ts';
import { invalidatePanel } from './panels/invalidate.ts';
import { keysPanel } from './panels/keys.ts';
import { logPanel } from './panels/log.ts';
import { overviewPanel } from './panels/overview.ts';
import { upkeepPanel } from './panels/upkeep.ts';
import { pageScript } from './page-script.ts';
import { pageStyle } from './page-style.ts';
import type { PageSetup, Panel } from './panel.ts';

/** All panels in the order in which they stand. Another one is another file, and a line here. */
const panels: readonly Panel[] = [overviewPanel, keysPanel, entryPanel, invalidatePanel, upkeepPanel, logPanel];

/** What a page is made of. */
export interface PageParts extends PageSetup {
  /** Lets this page's own script and style run, and no others. */
  readonly nonce: string;
}

/** A nonce for one page. */
export function drawNonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The Content-Security-Policy of a page. */
export function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The page as HTML. */
export function pageText({ nonce, ...setup }: PageParts): string {
  const shown = panels.filter((panel) => panel.shown(setup));
  const script = `'use strict';\n${pageScript}${shown.map(scriptOf).join('')}page.start();\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Cache ${escaped(setup.cache)}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${pageStyle}</style>
</head>
<body>
<a class="skip" href="#overview">To the figures</a>
<header>
  <h1>Cache <span>${escaped(setup.cache)}</span></h1>
  <span id="health" class="badge soft" role="status">…</span>
  <span class="who">${escaped(setup.actor)}${setup.canWrite ? '' : ' (may look only)'}</span>
  <div class="tools">
    <nav aria-label="Parts of the page">${shown
      .filter(({ id }) => id !== 'entry')
      .map(linkTo)
      .join('')}</nav>
    <label class="tick"><input type="checkbox" id="automatic" checked> Refresh by itself</label>
    <button type="button" id="refresh">Refresh</button>
    <span id="as-of"></span>
  </div>
</header>
<main>${shown.map(sectionOf).join('')}</main>
<div id="said" role="status" aria-live="polite"></div>
<dialog id="confirm" aria-labelledby="question"></dialog>
<script type="application/json" id="setup" nonce="${nonce}">${jsonInMarkup(setup)}</script>
<script nonce="${nonce}">${script}</script>
</body>
</html>
`;
}

function sectionOf({ id, title, width, markup }: Panel): string {
  const kind = width === 'whole' ? ' class="whole-width"' : '';
  return `<section id="${id}" aria-labelledby="${id}-title"${kind}><h2 id="${id}-title" tabindex="-1">${title}</h2>${markup}</section>`;
}

function linkTo({ id, title }: Panel): string {
  return `<a href="#${id}">${title}</a>`;
}

function scriptOf({ script }: Panel): string {
  return `\n(() => {${script}})();\n`;
}

/** Text as text in markup. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** JSON that no text in it can end early. */
function jsonInMarkup(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', String.raw`\u003c`);
}
