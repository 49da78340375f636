/** Keyframes in memory: the contract is kept, and the limit holds. */
import { describe, expect, it, test } from 'vitest';
import { keyValueSuite } from 'tidemark/testing';
import { memoryKeyValues } from 'tidemark/documents';

keyValueSuite(
  { describe, it },
  { name: 'memoryKeyValues()', open: () => memoryKeyValues(), reopen: (closed) => closed },
);
keyValueSuite(
  { describe, it },
  {
    name: 'memoryKeyValues({ maxBytes })',
    open: () => memoryKeyValues({ maxBytes: '20mb' }),
    reopen: (closed) => closed,
  },
);

test('within a limit what was used longest ago leaves first', async () => {
  const store = memoryKeyValues({ maxBytes: '10kb' });
  for (const key of ['a', 'b', 'c', 'd']) await store.put(key, new Uint8Array(2000));
  await store.get('a');
  await store.put('e', new Uint8Array(2000));
  const kept = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(async (key) => (await store.get(key)) !== undefined));
  expect(kept).toEqual([true, false, true, true, true]);
});

test('what is larger than the whole limit is not kept, and counted as refused', async () => {
  const store = memoryKeyValues({ maxBytes: '10kb' });
  await store.put('small', new Uint8Array(2000));
  await store.put('large', new Uint8Array(20_000));
  expect(store.refused).toBe(1);
  expect(await store.get('large')).toBeUndefined();
  expect(await store.get('small')).toHaveLength(2000);
});

test('a small part of large bytes does not keep the rest in memory', async () => {
  const store = memoryKeyValues();
  await store.put('a', new Uint8Array(1_000_000).subarray(5, 10));
  expect((await store.get('a'))!.buffer.byteLength).toBe(5);
});

test('a limit that is none is refused', () => {
  expect(() => memoryKeyValues({ maxBytes: 0 })).toThrow(expect.objectContaining({ code: 'bad_option' }));
  expect(() => memoryKeyValues({ maxSize: 5 } as object)).toThrow(expect.objectContaining({ code: 'bad_option' }));
});
