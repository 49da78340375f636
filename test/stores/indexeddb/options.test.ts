/** What the IndexedDB backend is given is checked before anything is opened. */
import { expect, test } from 'vitest';
import { indexedDb, type IndexedDbOptions } from 'tidemark/stores/indexeddb';

const wrong: readonly (readonly [string, object])[] = [
  ['name', {}],
  ['name', { name: '' }],
  ['codec', { name: 'x', codec: {} }],
  ['durability', { name: 'x', durability: 'none' }],
  ['maxEntries', { name: 'x', maxEntries: 0 }],
  ['maxBytes', { name: 'x', maxBytes: 'much' }],
  ['pollEvery', { name: 'x', pollEvery: -1 }],
  ['keepChanges', { name: 'x', keepChanges: 1.5 }],
  ['keepStamps', { name: 'x', keepStamps: 0 }],
  ['nam', { nam: 'x' }],
];

test.each(wrong)('a bad option is named: %s in %o', (name, options) => {
  expect(() => indexedDb(options as IndexedDbOptions)).toThrow(
    expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(name) as string }),
  );
});

test('where there is no IndexedDB, that is said', () => {
  expect(() => indexedDb({ name: 'x' })).toThrow(
    expect.objectContaining({ code: 'bad_option', message: 'indexedDb: there is no IndexedDB here' }),
  );
});
