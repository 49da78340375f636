/** What was stored is there after a reopening, and for every opening at once. */
import { describe, expect, test } from 'vitest';
import { failure } from '../support/deferred.ts';
import { bothModes, listed, opened } from './opened.ts';

describe.each(bothModes)('$mode', ({ compat }) => {
  test('reopening keeps values, times and namespaces', async () => {
    const { cache, clock, again } = await opened({ ...compat, namespace: 'n' });
    await cache.set('k', { a: [1] });
    await cache.set('passing', 1, { ttlMs: 100 });
    await cache.withNamespace('below').set('k', 2);
    await cache.set('l'.repeat(5000), 3);
    await cache.close();
    clock.advance(50);
    const reopened = await again();
    expect(await reopened.get('k')).toEqual({ a: [1] });
    expect(await reopened.get('passing')).toBe(1);
    expect(await reopened.withNamespace('below').get('k')).toBe(2);
    expect(await listed(reopened.entries())).toHaveLength(3);
    clock.advance(50);
    expect(await reopened.get('passing')).toBeUndefined();
  });

  test('two openings in one process see at once what the other does', async () => {
    const { cache, again } = await opened<number>(compat);
    const other = await again();
    for (let i = 0; i < 20; i++) {
      await cache.set('k', i);
      expect(await other.get('k')).toBe(i);
      await other.del('k');
      expect(await cache.get('k')).toBeUndefined();
    }
    await other.batch([{ type: 'put', key: 'k', value: 1 }]);
    await other.close();
    expect(await cache.get('k')).toBe(1);
    await cache.set('k', 2);
    expect(await cache.get('k')).toBe(2);
  });

  test('what was accepted is done before the file is let go of', async () => {
    const { cache, again } = await opened<number>({ ...compat, durability: 'machine' });
    const writes = Array.from({ length: 20 }, (_, i) => cache.set(`k${i}`, i));
    await cache.close();
    const ended = await Promise.allSettled(writes);
    expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'fulfilled'));
    expect(await listed((await again()).entries())).toHaveLength(20);
  });

  test('what another codec wrote is a miss', async () => {
    const { cache, again } = await opened<string>({ ...compat });
    await cache.set('k', 'x'.repeat(5000));
    await cache.close();
    const packed = await again({ compression: true });
    expect(await packed.get('k')).toBeUndefined();
    await packed.set('k', 'y'.repeat(5000));
    expect(await packed.get('k')).toBe('y'.repeat(5000));
    expect((await packed.getStats()).damaged).toBe(1);
  });
});

test('`await using` lets go of the file', async () => {
  const { cache, again } = await opened();
  {
    await using same = cache;
    await same.set('k', 1);
  }
  expect(await failure(cache.get('k'))).toMatchObject({ code: 'closed' });
  expect(await (await again()).get('k')).toBe(1);
});
