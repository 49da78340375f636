/** A schema may take its time over what a tier had stored; what changes meanwhile is not vouched for by the check. */
import { expect, test } from 'vitest';
import { createCache, memory, type Schema } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { deferred, idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';

test('a tag invalidated while a stored value is being checked makes the next read load anew', async () => {
  const log = localLog();
  const far = new MapStore({ name: 'far' });
  let truth = 'old';
  const gate = deferred();
  const slow: Schema<string> = {
    '~standard': {
      version: 1,
      vendor: 'by hand',
      validate: (value) => gate.promise.then(() => ({ value: String(value) })),
    },
  };
  const tags = () => ['t'];
  const writer = createCache({ log, tiers: [far] });
  await writer.define<string>('post', { load: () => truth, tags }).get('1');
  await idle();
  const reader = createCache({ log, tiers: [memory(), far] });
  const posts = reader.define<string>('post', { load: () => truth, tags, schema: slow });
  const before = posts.get('1');
  await idle();
  truth = 'new';
  await reader.invalidate({ tags: ['t'] });
  gate.resolve();
  expect(await before).toBe('old'); // it asked before the change
  expect(await posts.get('1')).toBe('new');
});
