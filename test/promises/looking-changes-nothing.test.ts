/** Looking at what memory holds shows all of it, a page at a time, and gives no handle on it. */
import { expect, test } from 'vitest';
import { createCache, type HeldEntry } from 'tidemark';

test('paging misses nothing, also where a key of a collection and one without are the same path', async () => {
  const cache = createCache();
  const posts = cache.define<number>('post');
  for (const id of ['1', '2', '3']) {
    await posts.set(id, 1);
    await cache.getOrLoad({ key: ['post', id], load: () => 2 });
  }
  const seen: HeldEntry[] = [];
  let after: string | undefined;
  do {
    const page = cache.held({ limit: 1, ...(after !== undefined && { after }) });
    seen.push(...page.entries);
    after = page.next;
  } while (after !== undefined);
  expect(seen.map(({ key, collection }) => `${key.join(':')} ${collection}`).toSorted()).toEqual(
    ['1', '2', '3'].flatMap((id) => [`post:${id} post`, `post:${id} undefined`]),
  );
});

test('a value that readers get copies of is shown as a copy', async () => {
  const cache = createCache();
  const posts = cache.define<{ at: Date }>('post');
  await posts.set('1', { at: new Date(0) });
  const shown = [
    cache.held({ values: true }).entries[0].value,
    (await cache.explain(['post', '1'], { values: true })).tiers[0].value,
  ] as { at: Date }[];
  for (const { at } of shown) at.setTime(1);
  expect(posts.peek('1')).toEqual({ at: new Date(0) });
});
