/** Saying that something has changed: first what it would drop, then doing it. */
import type { Panel } from '../panel.ts';

export const invalidatePanel: Panel = {
  id: 'invalidate',
  title: 'Invalidate',
  width: 'half',
  shown: ({ canWrite }) => canWrite,
  markup: `
<form id="change">
  <label>What <select id="kind">
    <option value="tags">Tags</option><option value="key">Key</option><option value="prefix">Path and all below</option>
    <option value="pattern">Pattern</option><option value="event" hidden disabled>Event</option></select></label>
  <label class="whole"><span id="which-label">Tags, one in a line</span>
    <textarea id="which" spellcheck="false" aria-describedby="which-hint"></textarea></label>
  <label class="whole" id="payload-label" hidden>Payload, as JSON
    <textarea id="payload" spellcheck="false">{ "id": "1" }</textarea></label>
  <p id="which-hint" class="soft hint"></p>
  <button type="submit">Dry run</button>
</form>
<div id="would" hidden>
  <h3 id="would-title" tabindex="-1"></h3>
  <p class="soft hint">What would be said to have changed:</p>
  <ul id="would-dependencies" class="list"></ul>
  <p class="soft hint" id="would-fall">What would fall:</p>
  <ul id="would-keys" class="list"></ul>
  <div class="row"><button type="button" id="invalidate-now" class="drop">Invalidate</button>
  <button type="button" id="invalidate-not">Leave it</button></div>
</div>`,
  script: String.raw`
const { byId, element, counted, setup } = page;
const written = 'As it is shown here (/post/1), or parted by colons (post:1).';
const kinds = {
  tags: { label: 'Tags, one in a line', hint: '', body: (text) => ({ tags: text.split('\n').map((line) => line.trim()).filter(Boolean) }) },
  key: { label: 'Key', hint: written, body: (text) => ({ key: page.keyOf(text) }) },
  prefix: { label: 'Path', hint: written, body: (text) => ({ prefix: page.keyOf(text) }) },
  pattern: { label: 'Pattern', hint: 'Parted by colons; * is one segment, ** any number: post:*:draft.', body: (text) => ({ pattern: text }) },
  event: { label: 'Event', hint: 'There are rules for ' + setup.events.join(', ') + '.', body: (text) => ({ event: text, payload: JSON.parse(page.value('payload') || '{}') }) },
};
const option = byId('kind').querySelector('[value=event]');
if (setup.events.length > 0 && option instanceof HTMLOptionElement) option.hidden = option.disabled = false;

/** What the dry run was about: just that is invalidated. */
let proposed = null;
const forget = () => {
  proposed = null;
  byId('would').hidden = true;
};
const adjust = () => {
  const kind = kinds[page.value('kind')];
  byId('which-label').textContent = kind.label;
  byId('which-hint').textContent = kind.hint;
  byId('payload-label').hidden = page.value('kind') !== 'event';
  forget();
};
const dryRun = () => page.attempt(async () => {
  forget();
  const body = kinds[page.value('kind')].body(page.value('which').trim());
  const answer = await page.ask('/invalidate', { ...body, dryRun: true });
  proposed = body;
  byId('would-title').textContent = 'Would drop ' + counted(answer.entries, 'entry', 'entries') + ' that memory holds' +
    (answer.rules.length > 0 ? ', by ' + answer.rules.join(', ') : '');
  byId('would-dependencies').replaceChildren(...answer.dependencies.slice(0, 100).map((one) => element('li', { class: 'key' }, one)));
  byId('would-keys').replaceChildren(...answer.keys.map(({ text }) => element('li', { class: 'key' }, text)));
  byId('would-fall').hidden = answer.keys.length === 0;
  byId('would').hidden = false;
  byId('would-title').focus();
});

byId('kind').addEventListener('change', adjust);
for (const id of ['which', 'payload']) byId(id).addEventListener('input', forget);
byId('change').addEventListener('submit', (event) => {
  event.preventDefault();
  dryRun();
});
byId('invalidate-not').addEventListener('click', forget);
byId('invalidate-now').addEventListener('click', () => page.attempt(async () => {
  if (!proposed) return;
  const answer = await page.ask('/invalidate', proposed);
  forget();
  await page.changed('Invalidated', answer);
}));
page.propose = (kind, text) => {
  const [select, which] = [byId('kind'), byId('which')];
  if (select instanceof HTMLSelectElement) select.value = kind;
  if (which instanceof HTMLTextAreaElement) which.value = text;
  adjust();
  dryRun();
};
adjust();
`,
};
