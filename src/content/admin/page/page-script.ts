/** What all panels of the page use: asking the API, making elements, saying what happened, refreshing. */

/**
 * Leaves `page` for the panels' scripts. The base of all requests is where the page itself was found, so that it works
 * wherever the handler is mounted.
 */
export const pageScript: string = String.raw`
const page = (() => {
const byId = (id) => {
  const found = document.getElementById(id);
  if (!found) throw new Error('the page has no ' + id);
  return found;
};
const setup = JSON.parse(byId('setup').textContent || '{}');
const base = location.pathname.replace(/[/]+$/, '');

/** An answer of the API; with a body it is a write. */
const ask = async (path, body) => {
  const headers = { 'content-type': 'application/json', 'x-cache-token': setup.token };
  const write = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(base + path, { cache: 'no-store', ...write });
  const answer = await response.json().catch(() => undefined);
  if (answer === undefined) throw new Error('the server answered with status ' + response.status);
  if (answer.error) throw new Error(answer.error.message);
  return answer;
};

/** An element with attributes and children; a text is a text, whatever stands in it. */
const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'click') made.addEventListener('click', value);
    else if (value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
};

/** Fill a table: a row is a list of cells, a cell a text, an element, or { of, kind }. */
const fill = (id, rows, nothing) => {
  const table = byId(id);
  const labels = Array.from(table.querySelectorAll('thead th'), (th) => th.textContent || '');
  const made = rows.map((cells) =>
    element('tr', { role: 'row' }, ...cells.map((cell, i) => {
      const { of, kind } = cell !== null && typeof cell === 'object' && 'of' in cell ? cell : { of: cell, kind: undefined };
      return i === 0
        ? element('th', { scope: 'row', role: 'rowheader', class: kind }, of)
        : element('td', { role: 'cell', class: kind, 'data-label': labels[i] }, element('span', {}, of));
    })));
  const empty = element('td', { role: 'cell', colspan: labels.length, class: 'soft none' }, nothing);
  const body = table.querySelector('tbody');
  if (body) body.replaceChildren(...(made.length > 0 ? made : [element('tr', { role: 'row' }, empty)]));
};

const numbers = new Intl.NumberFormat('en');
const number = (value) => ({ of: value === null || value === undefined ? '–' : numbers.format(value), kind: 'number' });
const percent = (value) => (value * 100).toFixed(1) + ' %';
const bytes = (value) => {
  if (value === null || value === undefined) return '–';
  const units = ['B', 'kB', 'MB', 'GB'];
  let [amount, unit] = [value, 0];
  while (amount >= 1024 && unit < units.length - 1) [amount, unit] = [amount / 1024, unit + 1];
  return (unit === 0 ? amount : amount.toFixed(1)) + ' ' + units[unit];
};
const duration = (ms) => {
  if (ms === null || ms === undefined) return 'for ever';
  if (ms <= 0) return 'over';
  const units = [{ size: 86400000, name: 'd' }, { size: 3600000, name: 'h' }, { size: 60000, name: 'min' }, { size: 1000, name: 's' }];
  const { size, name } = units.find((unit) => ms >= unit.size) || { size: 1, name: 'ms' };
  const amount = ms / size;
  return (amount < 10 ? Math.round(amount * 10) / 10 : Math.round(amount)) + ' ' + name;
};
const counted = (n, one, more) => numbers.format(n) + ' ' + (n === 1 ? one : more);

/** Tell the user, by eye and by ear, what has happened. */
const say = (text, kind) => byId('said').replaceChildren(element('p', { class: kind === 'failed' ? 'failed' : '' }, text));
const attempt = async (work) => {
  try {
    return await work();
  } catch (error) {
    say('That did not work: ' + (error instanceof Error ? error.message : String(error)), 'failed');
    return undefined;
  }
};

/** Ask before something that can't be taken back. */
const confirmed = (question, details, verb) => new Promise((resolve) => {
  const dialog = byId('confirm');
  if (!(dialog instanceof HTMLDialogElement)) return;
  dialog.replaceChildren(
    element('h2', { id: 'question' }, question),
    element('p', {}, details),
    element('div', { class: 'row' },
      element('button', { type: 'button', class: 'drop', click: () => dialog.close('yes') }, verb),
      element('button', { type: 'button', autofocus: '', click: () => dialog.close('no') }, 'Leave it')),
  );
  dialog.returnValue = '';
  dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  dialog.showModal();
});

/** A key as people write one: with a slash at its beginning as it is shown here, otherwise parted by colons. */
const keyOf = (text) => {
  if (!text.startsWith('/')) return text.split(':');
  const plain = (part) => part.replace(/~(0|1|u[0-9a-f]{4})/g, (_, code) =>
    code === '0' ? '~' : code === '1' ? '/' : String.fromCharCode(parseInt(code.slice(1), 16)));
  return text.slice(1).split('/').map(plain);
};

const EVERY = 5000;
const panels = [];
const looking = [];
let waiting = 0;
let asking = false;
let again = false;

/** Let every panel bring itself up to date; one that can't doesn't keep the others from it. */
const refresh = async () => {
  clearTimeout(waiting);
  again = true;
  if (asking) return;
  asking = true;
  again = false;
  const ends = await Promise.allSettled(panels.map((panel) => panel()));
  asking = false;
  const failure = ends.find((end) => end.status === 'rejected');
  byId('as-of').textContent = failure
    ? 'not up to date: ' + String(failure.reason && failure.reason.message)
    : 'as of ' + new Date().toLocaleTimeString();
  byId('as-of').className = failure ? 'bad' : '';
  if (again) await refresh();
  else schedule();
};
const schedule = () => {
  clearTimeout(waiting);
  const wanted = byId('automatic');
  if (wanted instanceof HTMLInputElement && wanted.checked && !document.hidden) waiting = setTimeout(refresh, EVERY);
};

/** Show everything as it is now. */
const shown = () => Promise.all([refresh(), ...looking.map((panel) => panel())]);

/** Tell how a change ended, and show everything as it is now. */
const changed = async (what, { reach, mark }) => {
  say(reach === null ? 'Nothing has changed: no rule says so.'
    : what + (reach === 'everywhere' ? ' everywhere, at mark ' + mark + '.' : ' here; the log will be told as soon as it answers.'));
  await shown();
};

/** Begin, when all panels are there. */
const start = () => {
  byId('refresh').addEventListener('click', refresh);
  byId('automatic').addEventListener('change', refresh);
  document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(waiting) : refresh()));
  return refresh();
};

return {
  setup, byId, ask, element, fill, number, percent, bytes, duration, counted, say, attempt, confirmed, keyOf, changed, shown, start,
  /** Bring this up to date now, and again each time. */
  keep: (panel) => panels.push(panel),
  /** Bring this up to date when something has been changed here. */
  keepLooking: (panel) => looking.push(panel),
  /** The text in a field. */
  value: (id) => {
    const field = byId(id);
    const typed = field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement;
    return typed ? field.value : '';
  },
};
})();
`;
