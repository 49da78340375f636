/** One key: what each tier has, whether it would be served, and why. */
import type { Panel } from '../panel.ts';

export const entryPanel: Panel = {
  id: 'entry',
  title: 'One entry',
  width: 'whole',
  shown: () => true,
  markup: `
<p class="key" id="entry-key"></p>
<div id="entry-tiers"></div>
<div class="row">
  <button type="button" id="entry-again">Look again</button>
  <button type="button" id="entry-value" hidden>Show the value</button>
  <button type="button" id="entry-drop" hidden>Invalidate this key…</button>
</div>`,
  script: String.raw`
const { byId, element, duration, setup } = page;
const section = byId('entry');
section.hidden = true;
byId('entry-value').hidden = !setup.showValues;
byId('entry-drop').hidden = !setup.canWrite;
let shown = '';

const kinds = { '=': 'key', '^': 'path', '#': 'tag', '?': 'soft' };
const dependencyRow = ({ dependency, stamp, newer }) => element('li', { class: newer ? 'bad' : '' },
  element('span', { class: 'soft' }, (kinds[dependency[0]] || 'other') + ' '),
  element('span', { class: 'key' }, dependency.slice(1)),
  stamp === null ? ' – no change known' : ' – changed at ' + stamp + (newer ? ', after this entry' : ''));
const fact = (name, text) => [element('dt', {}, name), element('dd', {}, text)];

const facts = (entry) => [
  element('dl', { class: 'facts' },
    ...fact('Verdict', entry.verdict), ...fact('Mark', String(entry.mark)),
    ...fact('Fresh', duration(entry.freshFor)), ...fact('Kept', duration(entry.keptFor)),
    ...(entry.etag === null ? [] : fact('ETag', entry.etag))),
  element('h3', {}, 'Rests on'),
  element('ul', { class: 'list' }, ...entry.dependencies.map(dependencyRow)),
  ...(entry.value === null ? [] : [element('h3', {}, 'Value' + (entry.value.cut ? ' (its beginning)' : '')), element('pre', { tabindex: '0' }, entry.value.text)]),
];
const tierPart = ({ tier, served, why, entry }) => element('article', {},
  element('h3', {}, tier + ' ', element('span', { class: 'badge ' + (served ? 'good' : entry ? 'bad' : 'soft') },
    served ? 'would be served' : entry ? 'would not be served' : 'not there')),
  element('p', {}, why), ...(entry ? facts(entry) : []));

const look = (text, query, end) => page.attempt(async () => {
  const answer = await page.ask('/keys/' + encodeURIComponent(text) + query);
  shown = text;
  byId('entry-key').textContent = answer.text;
  const notes = 'Newest mark known: ' + answer.mark + (answer.collection === null ? ', in no collection' : ', collection ' + answer.collection) +
    (answer.inFlight ? '; a load is under way' : '');
  byId('entry-tiers').replaceChildren(element('p', { class: 'soft' }, notes), ...answer.tiers.map(tierPart));
  section.hidden = false;
  if (end) byId('entry-title').focus();
});
const follow = () => {
  if (!location.hash.startsWith('#key=')) return;
  try {
    look(decodeURIComponent(location.hash.slice(5)), '', 'go there');
  } catch {
    page.say('The address names no key.');
  }
};

byId('entry-again').addEventListener('click', () => look(shown, '', ''));
byId('entry-value').addEventListener('click', () => look(shown, '?value=1', ''));
byId('entry-drop').addEventListener('click', () => page.propose('key', shown));
window.addEventListener('hashchange', follow);
page.keepLooking(() => (section.hidden ? undefined : look(shown, '', '')));
follow();
`,
};
