/** Totals, tiers and namespaces: how reads ended, and how full it is. */
import type { Panel } from '../panel.ts';

const reads = ['Reads', 'Hit ratio', 'Hits', 'Stale', 'Misses', 'Coalesced', 'Errors'];

export const overviewPanel: Panel = {
  id: 'overview',
  title: 'Figures',
  width: 'whole',
  shown: () => true,
  markup: `
<p id="health-reasons" class="bad" hidden></p>
<p id="health-notes" class="warn" hidden></p>
<dl id="totals" class="tiles"></dl>
<table id="tiers" role="table"><caption>Tiers</caption>
  ${head('Tier', 'State', 'Reads', 'Found', 'Entries', 'Size', 'Evicted', 'Expired', 'Failures', 'Skipped')}<tbody></tbody></table>
<ul id="gauges" class="soft"></ul>
<table id="namespaces" role="table"><caption>Namespaces</caption>
  ${head('Namespace', ...reads, 'Loads', 'Sets')}<tbody></tbody></table>
<p id="log-facts" class="soft"></p>
<p class="soft">Figures are of the process that answered, since its cache was made. One read is one outcome: a hit; stale;
a miss, with or without a load; coalesced, where it joined a load under way; or an error.</p>`,
  script: String.raw`
const { byId, element, fill, number, percent, bytes, duration, counted } = page;
const misses = (figures) => figures.loaded + figures.absent;
const ratio = ({ reads, hitRatio: value }) => reads === 0 ? '–' : element('span', {}, element('meter', { min: 0, max: 1, value, 'aria-hidden': 'true' }), percent(value));

const tiles = ({ totals: t }) => [
  ['Hit ratio', t.reads === 0 ? '–' : percent(t.hitRatio)], ['Reads', number(t.reads).of], ['Hits', number(t.hits).of],
  ['Stale', number(t.stale).of], ['Misses', number(misses(t)).of], ['Coalesced', number(t.joined).of],
  ['Errors', number(t.failed).of], ['Loads', number(t.loads).of], ['Sets', number(t.sets).of],
  ...(t.bypassed > 0 ? [['Bypassed', number(t.bypassed).of]] : []),
];
const state = (tier) => {
  const troubles = [];
  if (tier.breaker !== 'closed') troubles.push('breaker ' + tier.breaker);
  if (tier.distrusted !== 'no') troubles.push(tier.distrusted + ' distrusted');
  return element('span', { class: troubles.length > 0 ? 'bad' : 'good' }, troubles.join(', ') || 'fine');
};

const figures = async () => {
  const stats = await page.ask('/stats');
  byId('totals').replaceChildren(...tiles(stats).map(([name, text]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, text))));
  fill('tiers', stats.tiers.map((tier) => [
    tier.name, state(tier), number(tier.reads), number(tier.found), number(tier.entries), { of: bytes(tier.bytes), kind: 'number' },
    number(tier.evicted), number(tier.expired), number(tier.failures), number(tier.skipped),
  ]), 'There are no tiers.');
  byId('gauges').replaceChildren(...stats.tiers.filter((tier) => Object.keys(tier.gauges).length > 0).map((tier) =>
    element('li', {}, tier.name + ': ' + Object.entries(tier.gauges).map(([name, value]) => name + ' ' + number(value).of).join(', '))));
  fill('namespaces', stats.namespaces.map((one) => [
    one.name, number(one.reads), { of: ratio(one), kind: 'number' }, number(one.hits), number(one.stale), number(misses(one)),
    number(one.joined), number(one.failed), number(one.loads), number(one.sets),
  ]), 'No collection has been defined.');
  const log = stats.log;
  const heard = log.silentFor === null ? 'never heard yet' : 'known up to ' + duration(log.silentFor || 1) + ' ago';
  byId('log-facts').textContent = 'Log: mark ' + log.known + ', ' + heard + ', ' + counted(log.unsaid, 'change', 'changes') + ' to be said.';
};

const health = async () => {
  const { ok, reasons, notes } = await page.ask('/health');
  const badge = byId('health');
  const text = ok ? 'Healthy' : 'Unhealthy';
  if (badge.textContent !== text) badge.textContent = text;
  badge.className = 'badge ' + (ok ? 'good' : 'bad');
  byId('health-notes').hidden = notes.length === 0;
  byId('health-notes').textContent = notes.join('; ');
  byId('health-reasons').hidden = ok;
  byId('health-reasons').textContent = reasons.join('; ');
};

page.keep(figures);
page.keep(health);
`,
};

/** The head of a table. Its words become the labels of cells where a table has no room. */
function head(...words: readonly string[]): string {
  const number = (i: number) => (i === 0 || words[i] === 'State' ? '' : ' class="number"');
  return `<thead><tr role="row">${words.map((word, i) => `<th scope="col" role="columnheader"${number(i)}>${word}</th>`).join('')}</tr></thead>`;
}
