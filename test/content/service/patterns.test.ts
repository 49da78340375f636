/** A pattern reaches whatever it matches as text, whatever is in keys and patterns; and each key has a place of its own. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alone } from './isolates.ts';

const part = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('content', 'api', 'post', 'list', '1', '12', 'v1', '') },
  { weight: 1, arbitrary: fc.constantFrom('\\', '/', '~', '+', '(', ':rest', ':other', '.', '{"a":1}') },
);
const text = (parts: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(parts, { minLength: 1, maxLength }).map((all) => all.join(':'));
const anyKey = fc.oneof({ weight: 5, arbitrary: text(part, 5) }, { weight: 1, arbitrary: text(part, 14) });
const wild = fc.constantFrom('*', '*', '?', '1*', '*st', 'p?st', '*:*');
const anyGlob = fc.oneof(
  { weight: 5, arbitrary: text(fc.oneof(part, wild), 5) },
  { weight: 1, arbitrary: text(fc.oneof(part, wild), 12) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom('a', ':', '*', '?', 'content'), maxLength: 12 }) },
);

/** What a pattern means as text, by the book: slow, and right. */
function matchesAsText(glob: string, key: string): boolean {
  const reach = (g: number, k: number): boolean => {
    if (g === glob.length) return k === key.length;
    if (glob[g] === '*') return reach(g + 1, k) || (k < key.length && reach(g, k + 1));
    return k < key.length && (glob[g] === '?' || glob[g] === key[k]) && reach(g + 1, k + 1);
  };
  return reach(0, 0);
}

test('what matches as text is never served again', { timeout: 60_000 }, async () => {
  let matched = 0;
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(anyKey, { minLength: 1, maxLength: 12 }), anyGlob, async (keys, glob) => {
      const content = alone().services.get('content');
      for (const key of keys) await content.set(key, key);
      await content.invalidate(glob);
      for (const key of keys) {
        if (!matchesAsText(glob, key)) continue;
        matched++;
        expect(await content.get(key), `${key} by ${glob}`).toBeNull();
      }
    }),
    { numRuns: 500 },
  );
  expect(matched).toBeGreaterThan(100);
});

test('a key is dropped by its own name, and no other key with it', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(anyKey, { minLength: 2, maxLength: 12 }), async (keys) => {
      const content = alone().services.get('content');
      for (const key of keys) await content.set(key, key);
      expect(await content.getMany(keys)).toEqual(new Map(keys.map((key) => [key, key])));
      await content.delete(keys[0]);
      expect(await content.getMany(keys)).toEqual(new Map(keys.slice(1).map((key) => [key, key])));
      const listed = await content.listKeys();
      expect(listed.map(({ key }) => key).toSorted()).toEqual(keys.slice(1).toSorted());
    }),
    { numRuns: 200 },
  );
});

test.each([
  ['content:*:123:*', ['content:post:123:v1', 'content:a:b:123:c:d'], ['content:post:124:v1', 'content:123:v1']],
  ['content:list:*', ['content:list:all', 'content:list:a:b:v1'], ['content:lists:all', 'content:post:1:v1']],
  ['content:post-*:v1', ['content:post-1:v1', 'content:page-1:v1'], ['content:post-1:v2']],
  ['content:*', ['content:post:1:v1', 'content:a'], []],
  ['*', ['content:post:1:v1', 'anything'], []],
  ['*:123:*', ['content:123:v1', 'content:post:123:v1', 'other:123:x'], ['content:post:1:v1']],
  ['content:post:1:v1', ['content:post:1:v1'], ['content:post:1:v2', 'content:post:1']],
])('%s drops %j and leaves %j', async (glob, dropped, left) => {
  const content = alone().services.get('content');
  for (const key of [...dropped, ...left]) await content.set(key, key);
  await content.invalidate(glob);
  expect([...(await content.getMany([...dropped, ...left])).keys()]).toEqual(left);
});

test('a namespace is left alone by the patterns of another that begin with a wildcard', async () => {
  const { services } = alone();
  await services.get('user').set('user:profile:1:v1', 'value');
  await services.get('content').invalidate('*');
  expect(await services.get('user').get('user:profile:1:v1')).toBe('value');
});
