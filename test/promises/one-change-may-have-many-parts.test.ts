/** A selector with several keys, prefixes, tags and patterns is one change: one append, one mark, and all of them fall. */
import { expect, test } from 'vitest';
import { createCache, type Key, type Selector } from 'tidemark';
import { localLog } from 'tidemark/logs/local';

async function holding(keys: readonly Key[]) {
  const log = localLog();
  const cache = createCache({ log });
  const all = cache.define<string, Key>('x', {
    load: (key) => `loaded ${String(key)}`,
    tags: (_, key) => [`t${String(key)}`],
  });
  for (const key of keys) await all.get(key);
  const held = () => keys.filter((key) => all.peek(key) !== undefined);
  const head = async () => (await log.position({ signal: new AbortController().signal })).head;
  return { cache, held, head };
}

test('several prefixes and patterns, keys and tags are one append', async () => {
  const keys = ['1', ['a', '1'], ['b', '1'], ['c', '1', 'p'], ['d', '2', 'p'], ['e'], 'kept', ['c', 'kept']];
  const { cache, held, head } = await holding(keys);
  const before = await head();
  const selector: Selector = {
    keys: [['x', '1']],
    prefixes: [
      ['x', 'a'],
      ['x', 'b'],
    ],
    patterns: ['x:*:1:p', ['x', '*', '2', '**']],
    tags: ['te'],
  };
  expect(cache.wouldDrop(selector).entries).toBe(6);
  const { mark } = await cache.invalidate(selector);
  expect({ head: await head(), mark }).toEqual({ head: before + 1, mark: before + 1 });
  expect(held()).toEqual(['kept', ['c', 'kept']]);
});

test('one and several of a kind may be given together', async () => {
  const { cache, held } = await holding([['a', '1'], ['b', '1'], ['c', '1'], ['d', '1'], 'kept']);
  await cache.invalidate({ prefix: ['x', 'a'], prefixes: [['x', 'b']], pattern: 'x:c:*', patterns: ['x:d:*'] });
  expect(held()).toEqual(['kept']);
});

test.each<Selector>([{ keys: [] }, { prefixes: [] }, { tags: [] }, { patterns: [] }])(
  '%j changes nothing',
  async (selector) => {
    const { cache, held, head } = await holding(['1']);
    await cache.invalidate(selector);
    expect(await head()).toBe(0);
    expect(held()).toEqual(['1']);
  },
);

test.each([
  [{ prefixes: 'x' }, 'bad_option', 'prefixes'],
  [{ patterns: 'x:*' }, 'bad_option', 'patterns'],
  [{ prefixes: [['x'], [{}]] }, 'bad_key', 'segment'],
  [{ patterns: ['x:1', 'x:a*'] }, 'bad_pattern', 'star'],
])('%j is refused, and nothing of it is said', async (selector, code, named) => {
  const { cache, head } = await holding([]);
  await expect(cache.invalidate(selector as never)).rejects.toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(named) as string }),
  );
  expect(await head()).toBe(0);
});
