/** Keys of any kind are listed a page at a time, found, and looked at; values are shown bounded, and only where that was wanted. */
import fc from 'fast-check';
import { createCache, memory } from 'tidemark';
import { bearerToken, contentAdmin } from 'tidemark/content/admin';
import { expect, test, vi } from 'vitest';
import { cms, ORIGIN, TOKEN } from './cms.ts';

vi.setConfig({ testTimeout: 60_000 }); // many keys are set

interface Keys {
  readonly entries: readonly {
    readonly key: readonly string[];
    readonly text: string;
    readonly tier: string;
    readonly valid: boolean;
  }[];
  readonly next: string | null;
}

interface Entry {
  readonly key: readonly string[];
  readonly tiers: readonly {
    readonly found: boolean;
    readonly entry: { readonly value: { text: string; cut: boolean } | null } | null;
  }[];
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string(),
  fc.constantFrom(
    '',
    '.',
    '..',
    '/',
    '//',
    '%',
    '%2F',
    '%25',
    '?',
    '#',
    '&',
    '+',
    '\n',
    '\0',
    '~',
    '~0',
    '\ud800',
    '*',
    ':',
    '<b>',
    '__proto__',
  ),
);

test('each key that is listed is found under its text, and is the key that was set', async () => {
  const { odd, json } = await cms();
  await fc.assert(
    fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 4 }), async (path) => {
      await odd.set(path, 'here');
      const prefix = (text: string) => `/cache/keys?limit=200&prefix=${encodeURIComponent(text)}`;
      const { entries } = await json<Keys>(prefix('/odd'));
      const row = entries.find(({ key }) => JSON.stringify(key) === JSON.stringify(['odd', ...path]))!;
      const entry = await json<Entry>(`/cache/keys/${encodeURIComponent(row.text)}`);
      expect(entry.key).toEqual(['odd', ...path]);
      expect(entry.tiers[0].found).toBe(true);
      expect((await json<Keys>(prefix(row.text))).entries.map(({ text }) => text)).toContain(row.text);
      await odd.invalidate();
      await odd.delete(path);
    }),
    { numRuns: 200 },
  );
});

test('a key may be written without its first slash, and with slashes that a proxy has decoded', async () => {
  const { odd, json } = await cms();
  await odd.set(['a', 'b'], 1);
  for (const text of ['%2Fodd%2Fa%2Fb', '/odd/a/b', 'odd/a/b', 'odd%2Fa%2Fb'])
    expect(await json<Entry>(`/cache/keys/${text}`)).toMatchObject({
      key: ['odd', 'a', 'b'],
      tiers: [{ found: true }],
    });
});

test('what is no key is told so', async () => {
  const { ask } = await cms();
  for (const text of ['%FF', '%']) expect((await ask(`/cache/keys/${text}`)).status).toBe(400);
  expect((await ask('/cache/keys/')).status).toBe(404);
});

test('pages follow each other without a gap and without an overlap, whatever comes between', async () => {
  const { odd, json } = await cms();
  const wanted = Array.from({ length: 57 }, (_, i) => `/odd/k${String(i).padStart(2, '0')}`);
  for (const text of wanted) await odd.set([text.slice(5)], 1);
  const seen: string[] = [];
  let after: string | null = '';
  while (after !== null) {
    const page: Keys = await json<Keys>(`/cache/keys?limit=10&prefix=odd&after=${encodeURIComponent(after)}`);
    expect(page.entries.length).toBeLessThanOrEqual(10);
    seen.push(...page.entries.map(({ text }) => text));
    after = page.next;
    await odd.delete([wanted[0].slice(5)]); // behind the cursor
  }
  expect(seen).toEqual(wanted);
});

test('a search looks through everything, a bounded number of keys in a request', async () => {
  const cache = createCache({ tiers: [memory({ maxEntries: 50_000 })] });
  const many = cache.define<number>('many');
  for (let i = 0; i < 21_000; i++) await many.set(String(i).padStart(5, '0'), i);
  const admin = contentAdmin({ content: { cache }, authorize: bearerToken(TOKEN, 'deploy') });
  const find = async (query: string) =>
    (await (
      await admin(new Request(`${ORIGIN}/cache/keys?${query}`, { headers: { authorization: `Bearer ${TOKEN}` } }))
    ).json()) as Keys;
  const first = await find('search=20999');
  expect(first).toEqual({ entries: [], next: '/many/19999' });
  const second = await find(`search=20999&after=${first.next}`);
  expect(second.entries.map(({ text }) => text)).toEqual(['/many/20999']);
  expect(second.next).toBeNull();

  const some = await find('search=77&limit=3');
  expect(some.entries.map(({ text }) => text)).toEqual(['/many/00077', '/many/00177', '/many/00277']);
  const more = await find(`search=77&limit=3&after=${some.next}`);
  expect(more.entries[0].text).toBe('/many/00377');
});

test('a search finds small letters and capitals', async () => {
  const { odd, json } = await cms();
  await odd.set(['Größe'], 1);
  expect(
    (await json<Keys>(`/cache/keys?search=${encodeURIComponent('GRÖSSE'.replace('SS', 'ß'))}`)).entries,
  ).toHaveLength(1);
});

test('a limit is a number from 1 to 200', async () => {
  const { ask } = await cms();
  for (const limit of ['0', '201', '-1', '1.5', 'x', ''])
    expect((await ask(`/cache/keys?limit=${limit}`)).status).toBe(400);
  for (const limit of ['1', '200']) expect((await ask(`/cache/keys?limit=${limit}`)).status).toBe(200);
});

test('values are not shown unless that was wanted', async () => {
  const { odd, ask } = await cms();
  await odd.set(['a'], { secret: 'of somebody' });
  for (const query of ['', '?value=0', '?value=1']) {
    const response = await ask(`/cache/keys/odd/a${query}`);
    expect(response.status).toBe(query === '?value=1' ? 404 : 200);
    expect(await response.text()).not.toContain('of somebody');
  }
});

test.each<{ what: string; value: unknown; text: string }>([
  {
    what: 'an object',
    value: { a: 1, 'b c': [true, null] },
    text: '{\n  "a": 1,\n  "b c": [\n    true,\n    null\n  ]\n}',
  },
  { what: 'nothing, kept as such', value: undefined, text: 'undefined' },
  { what: 'what JSON lacks', value: [1n, -0, Number.NaN, undefined], text: '[\n  1n,\n  -0,\n  NaN,\n  undefined\n]' },
  { what: 'a date', value: new Date(0), text: 'Date(1970-01-01T00:00:00.000Z)' },
  { what: 'a map', value: new Map([['k', new Set([1])]]), text: 'Map(1) {\n  "k" => Set(1) {\n    1\n  }\n}' },
  { what: 'bytes', value: new Uint8Array(3), text: 'Uint8Array(3 bytes)' },
  { what: 'markup', value: '<b>', text: '"<b>"' },
  { what: 'empty things', value: [[], {}, ''], text: '[\n  [],\n  {},\n  ""\n]' },
])('$what is shown as text', async ({ value, text }) => {
  const { odd, json } = await cms({ showValues: true });
  await odd.set(['a'], value);
  const { tiers } = await json<Entry>('/cache/keys/odd/a?value=1');
  expect(tiers[0].entry!.value).toEqual({ text, cut: false });
});

test('of a large value the beginning is shown, in less than its size', async () => {
  const { odd, json } = await cms({ showValues: true });
  let deep: unknown = 1;
  for (let i = 0; i < 200; i++) deep = [deep];
  for (const value of [
    'x'.repeat(1_000_000),
    Array.from({ length: 100_000 }, (_, i) => i),
    deep,
    { ['k'.repeat(100_000)]: 1 },
  ]) {
    await odd.set(['a'], value);
    const { text, cut } = (await json<Entry>('/cache/keys/odd/a?value=1')).tiers[0].entry!.value!;
    expect(text.length).toBeLessThanOrEqual(16_384);
    expect(cut || text.includes('…')).toBe(true);
  }
});
