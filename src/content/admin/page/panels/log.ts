/** What was dropped: by which event or write, how far it reached, by whom. */
import type { Panel } from '../panel.ts';

export const logPanel: Panel = {
  id: 'log',
  title: 'Invalidations',
  width: 'whole',
  shown: ({ log }) => log,
  markup: `
<table id="log-rows" role="table"><caption class="away">Invalidations, the newest first</caption>
  <thead><tr role="row"><th scope="col" role="columnheader">When</th><th scope="col" role="columnheader">Why</th>
  <th scope="col" role="columnheader">By</th><th scope="col" role="columnheader">What</th>
  <th scope="col" role="columnheader" class="number">Entries</th><th scope="col" role="columnheader">Reach</th>
  <th scope="col" role="columnheader" class="number">Took</th></tr></thead><tbody></tbody></table>
<div class="row"><button type="button" id="older">Older</button><button type="button" id="newest" hidden>Newest</button></div>`,
  script: String.raw`
const { byId, element, fill, number, duration } = page;
let before = null; // the page that is looked at; the newest is kept up to date
let next = null;

const why = ({ kind, event, rules, write }) => (event || kind) + (write ? ' of ' + write.repository + ' ' + write.ids.slice(0, 3).join(', ') +
  (write.count > 3 ? ' and ' + (write.count - 3) + ' more' : '') : '') + (rules.length > 0 ? ' (' + rules.join(', ') + ')' : '');
const what = ({ dependencies, dependencyCount, write }) => dependencyCount === 0 ? (write ? 'what it wrote' : 'nothing') :
  dependencies.slice(0, 3).join(' ') + (dependencyCount > 3 ? ' and ' + (dependencyCount - 3) + ' more' : '');
const row = (one) => [
  new Date(one.at).toLocaleString(), { of: why(one), kind: 'long' }, { of: one.actor || '–', kind: 'long' },
  { of: element('span', { class: 'key' }, what(one)), kind: 'long' },
  number(one.entries), one.reach || '–', { of: one.ms === null ? '–' : one.ms < 1 ? '< 1 ms' : duration(one.ms), kind: 'number' },
];
const load = async () => {
  const answer = await page.ask('/log?limit=20' + (before === null ? '' : '&after=' + encodeURIComponent(before)));
  next = answer.next;
  fill('log-rows', answer.invalidations.map(row), 'Nothing has been invalidated yet.');
  byId('older').hidden = next === null;
  byId('newest').hidden = before === null;
};
byId('older').addEventListener('click', () => page.attempt(() => ((before = next), load())));
byId('newest').addEventListener('click', () => page.attempt(() => ((before = null), load())));
page.keep(() => (before === null ? load() : undefined));
`,
};
