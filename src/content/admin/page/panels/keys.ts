/** The keys that are held, with search and paging. */
import type { Panel } from '../panel.ts';

export const keysPanel: Panel = {
  id: 'keys',
  title: 'Keys',
  width: 'whole',
  shown: () => true,
  markup: `
<form id="find" role="search">
  <label class="grow">Text in the key <input type="search" id="search" autocomplete="off" spellcheck="false"></label>
  <label class="grow">At or below <input type="text" id="below" autocomplete="off" spellcheck="false" placeholder="/post"></label>
  <label id="where-label" hidden>In <select id="where"><option value="">memory</option></select></label>
  <button type="submit">Find</button>
</form>
<p id="found" class="soft" role="status"></p>
<table id="key-rows" role="table"><caption class="away">Keys</caption>
  <thead><tr role="row"><th scope="col" role="columnheader">Key</th><th scope="col" role="columnheader">Tier</th>
  <th scope="col" role="columnheader">State</th><th scope="col" role="columnheader">Fresh</th>
  <th scope="col" role="columnheader">Kept</th><th scope="col" role="columnheader" class="number">Rests on</th></tr></thead>
  <tbody></tbody></table>
<div class="row"><button type="button" id="more" hidden>More</button></div>`,
  script: String.raw`
const { byId, element, fill, number, duration, counted, setup } = page;
if (setup.kvTier) {
  byId('where-label').hidden = false;
  byId('where').append(element('option', { value: setup.kvTier }, setup.kvTier));
}
let rows = [];
let next = null;
let asked = new URLSearchParams();

const link = (row) => element('a', { class: 'key', href: '#key=' + encodeURIComponent(row.text) }, row.text + (row.cut ? '…' : ''));
const state = (row) => {
  if (!row.valid) return element('span', { class: 'bad' }, 'invalid');
  return row.freshFor !== null && row.freshFor <= 0 ? element('span', { class: 'warn' }, 'old') : element('span', { class: 'good' }, 'valid');
};
const time = (ms) => ({ of: duration(ms), kind: 'short' });
const cells = (row) => 'expiresAt' in row
  ? [link(row), row.tier, 'look at it', '–', time(row.expiresAt === null ? null : Date.parse(row.expiresAt) - Date.now()), number(null)]
  : [link(row), row.tier, state(row), time(row.freshFor), time(row.keptFor), number(row.dependencies)];

const show = (late) => {
  fill('key-rows', rows.map(cells), next === null ? 'Nothing of this kind is held.' : 'Nothing yet: look further.');
  byId('more').hidden = next === null;
  byId('found').textContent = counted(rows.length, 'entry', 'entries') + (next === null ? '' : ', and more') + (late ? '. ' + late : '');
};
const load = async (after) => {
  const query = new URLSearchParams(asked);
  if (after) query.set('after', after);
  const answer = await page.ask('/keys?' + query);
  rows = after ? rows.concat(answer.entries) : answer.entries;
  next = answer.next;
  show(answer.late);
};
const find = () => {
  asked = new URLSearchParams({ limit: '25' });
  const tier = page.value('where');
  if (page.value('search')) asked.set('search', page.value('search'));
  if (page.value('below')) asked.set('prefix', page.value('below'));
  if (tier) asked.set('tier', tier);
  return page.attempt(() => load(null));
};

byId('find').addEventListener('submit', (event) => {
  event.preventDefault();
  find();
});
byId('where').addEventListener('change', () => find());
byId('more').addEventListener('click', () => page.attempt(() => load(next)));
page.keepLooking(find);
find();
`,
};
