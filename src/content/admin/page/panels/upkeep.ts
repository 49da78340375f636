/** Clearing a collection or everything, and warming. */
import type { Panel } from '../panel.ts';

export const upkeepPanel: Panel = {
  id: 'upkeep',
  title: 'Clear and warm',
  width: 'half',
  shown: ({ canWrite }) => canWrite,
  markup: `
<form id="clear">
  <label class="grow">Collection <select id="collection"><option value="">Everything</option></select></label>
  <button type="submit" class="drop">Clear…</button>
</form>
<p class="soft">Clearing is one change, whatever its size: what was loaded before is never served again, in any tier.</p>
<form id="warm" hidden>
  <button type="submit" class="do">Warm…</button>
</form>`,
  script: String.raw`
const { byId, element, counted, setup } = page;
byId('warm').hidden = !setup.warm;

const collections = async () => {
  const { collections: all } = await page.ask('/stats');
  const select = byId('collection');
  const names = all.map(({ name }) => name);
  const known = Array.from(select.querySelectorAll('option'), (option) => option.value).slice(1);
  if (names.join('\n') !== known.join('\n'))
    select.replaceChildren(element('option', { value: '' }, 'Everything'), ...names.map((name) => element('option', { value: name }, name)));
};

byId('clear').addEventListener('submit', (event) => {
  event.preventDefault();
  page.attempt(async () => {
    const collection = page.value('collection');
    const body = collection ? { collection } : {};
    const { entries } = await page.ask('/clear', { ...body, dryRun: true });
    const details = counted(entries, 'entry', 'entries') + ' in memory would fall, and what slower tiers have of them. What is read next is loaded anew.';
    if (!(await page.confirmed(collection ? 'Clear ' + collection + '?' : 'Clear everything?', details, 'Clear'))) return;
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
page.keep(collections);
`,
};
