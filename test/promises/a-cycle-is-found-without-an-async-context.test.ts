/** Where the platform offers no asynchronous context, as in browsers, a cycle that closes before the first await is found. */
import { afterEach, expect, test, vi } from 'vitest';
import { failure } from '../support/deferred.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.resetModules();
});

test('a loader that asks for its own key at once gets a named error', async () => {
  const asked = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
  vi.resetModules(); // the context is looked for once in the life of a module
  const { createCache } = await import('tidemark');
  const cache = createCache();
  const posts = cache.define<string>('post', { load: (id): Promise<string> => posts.get(id) });
  expect(await failure(posts.get('1'))).toMatchObject({ code: 'load_cycle' });
  expect(asked).toHaveBeenCalledWith('node:async_hooks');
  const other = cache.define<string>('other', { load: (id) => `other ${id}` });
  expect(await other.get('1')).toBe('other 1');
});
