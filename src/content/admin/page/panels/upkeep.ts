/** Clearing a namespace, a collection or everything, and warming. */
import type { Panel } from '../panel.ts';

export const upkeepPanel: Panel = {
  id: 'upkeep',
  title: 'Clear and warm',
  width: 'half',
  shown: ({ canWrite }) => canWrite,
  markup: `
<form id="clear">
  <label class="grow">Namespace or collection <select id="clear-what"><option value="">Everything</option></select></label>
  <button type="submit" class="drop">Clear…</button>
</form>
<p class="soft">Clearing is one change, whatever its size: what was loaded before is never served again, in any tier.</p>
<form id="warm" hidden>
  <button type="submit" class="do">Warm…</button>
</form>`,
  script: String.raw`
const { byId, element, counted, setup } = page;
byId('warm').hidden = !setup.warm;

/** What can be cleared, by the values of the options. */
const choices = new Map();
const choose = async () => {
  const { namespaces, collections } = await page.ask('/stats');
  const groups = [['Namespaces', 'namespace', namespaces], ['Collections', 'collection', collections]];
  const options = groups.map(([label, kind, all]) => element('optgroup', { label }, ...all.map(({ name }) => {
    const value = kind + ' ' + name;
    choices.set(value, { [kind]: name });
    return element('option', { value }, name);
  })));
  const select = byId('clear-what');
  const values = (of) => of.flatMap((one) => Array.from(one.querySelectorAll('option'), ({ value }) => value)).join('\n');
  if (values(options) !== values(Array.from(select.querySelectorAll('optgroup'))))
    select.replaceChildren(element('option', { value: '' }, 'Everything'), ...options);
};

byId('clear').addEventListener('submit', (event) => {
  event.preventDefault();
  page.attempt(async () => {
    const what = page.value('clear-what');
    const body = choices.get(what) || {};
    const { entries } = await page.ask('/clear', { ...body, dryRun: true });
    const details = counted(entries, 'entry', 'entries') + ' in memory would fall, and what slower tiers have of them. What is read next is loaded anew.';
    if (!(await page.confirmed(what ? 'Clear the ' + what + '?' : 'Clear everything?', details, 'Clear'))) return;
    await page.changed('Cleared', await page.ask('/clear', body));
  });
});

byId('warm').addEventListener('submit', (event) => {
  event.preventDefault();
  page.attempt(async () => {
    if (!(await page.confirmed('Warm now?', 'What is planned is read, few at a time; what is missing is loaded.', 'Warm'))) return;
    page.say('Warming…');
    const { warmed, failed } = await page.ask('/warm', {});
    page.say('Warmed ' + counted(warmed, 'key', 'keys') + (failed > 0 ? ', ' + failed + ' failed.' : '.'));
    await page.shown();
  });
});
page.keep(choose);
`,
};
