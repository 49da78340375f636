/** A schema is asked about what is loaded (a failure is an error) and about what a tier had stored (a failure is a miss). */
import { describe, expect, test } from 'vitest';
import { createCache, memory, type Schema } from 'tidemark';
import { idle } from '../support/deferred.ts';
import { MapBackend } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

interface Post {
  readonly title: string;
}

/** A Standard Schema by hand: takes `{ title: text }`, and trims the title. */
function posts(answer: 'at once' | 'later' = 'at once'): Schema<Post> & { asked: number } {
  const validate = (value: unknown) => {
    schema.asked++;
    const title: unknown = (value as { title?: unknown } | null)?.title;
    return typeof title === 'string'
      ? { value: { title: title.trim() } }
      : { issues: [{ message: 'expected text', path: [{ key: 'title' }] }] };
  };
  const schema: Schema<Post> & { asked: number } = {
    asked: 0,
    '~standard': {
      version: 1,
      vendor: 'by hand',
      validate: (value) => (answer === 'at once' ? validate(value) : Promise.resolve(value).then(validate)),
    },
  };
  return schema;
}

const bad = {
  name: 'TidemarkError',
  code: 'schema',
  message: expect.stringContaining('title: expected text') as string,
};

describe.each(['at once', 'later'] as const)('a schema that answers %s', (when) => {
  test('what is loaded is what the schema makes of it', async () => {
    const schema = posts(when);
    const collection = createCache().define<Post>('post', { load: () => ({ title: ' one ' }), schema });
    expect(await collection.get('1')).toEqual({ title: 'one' });
    expect(await collection.get('1')).toEqual({ title: 'one' });
    expect(schema.asked).toBe(1); // memory holds what was checked already
  });

  test('a load that fails it is an error with all issues as its cause, and nothing is kept', async () => {
    const cache = createCache();
    const collection = cache.define<Post>('post', {
      load: () => ({ title: 7 }) as unknown as Post,
      schema: posts(when),
    });
    await expect(collection.get('1')).rejects.toMatchObject({
      ...bad,
      cause: [{ message: 'expected text', path: [{ key: 'title' }] }],
    });
    expect(await collection.get('1', { load: false })).toBeUndefined();
    expect(cache.stats().loadFailures).toBe(1);
  });

  test('a set that fails it changes nothing', async () => {
    const cache = createCache();
    const collection = cache.define<Post>('post', { schema: posts(when) });
    await collection.set('1', { title: ' one ' });
    await expect(collection.set('1', { title: 7 } as unknown as Post)).rejects.toMatchObject(bad);
    expect(await collection.get('1')).toEqual({ title: 'one' });
    expect(cache.stats().log.known).toBe(1);
  });

  test.each([true, false])('a stored value that fails it is a miss (synchronous tier: %s)', async (sync) => {
    const backend = new MapBackend({ sync });
    const before = createCache({ tiers: [backend] }).define<object>('post', { load: () => ({ name: 'before' }) });
    await before.get('1');
    await idle();
    const collection = createCache({ tiers: [memory(), backend] }).define<Post>('post', {
      load: () => ({ title: 'now' }),
      schema: posts(when),
    });
    expect(await collection.get('1', { load: false })).toBeUndefined();
    expect(await collection.get('1')).toEqual({ title: 'now' });
  });

  test('a stored value that fails it is not served by grace either', async () => {
    const backend = new MapBackend();
    const { cache: first, clock } = timedCache({ behind: [backend] });
    await first.define<object>('post', { load: () => ({ name: 'before' }), ttl: 1000, graceFor: '1h' }).get('1');
    await clock.advanceAsync(2000);
    const { cache } = timedCache({ behind: [backend], clock });
    const collection = cache.define<Post>('post', {
      load: () => Promise.reject(new Error('down')),
      ttl: 1000,
      graceFor: '1h',
      schema: posts(when),
    });
    await expect(collection.get('1')).rejects.toThrow('down');
  });
});

test('a schema that throws fails the load with what it threw, and makes a stored value a miss', async () => {
  const broken: Schema<string> = {
    '~standard': {
      version: 1,
      vendor: 'by hand',
      validate: () => {
        throw new Error('broken schema');
      },
    },
  };
  const backend = new MapBackend();
  await createCache({ tiers: [backend] })
    .define<string>('post')
    .set('1', 'stored');
  const collection = createCache({ tiers: [backend] }).define<string>('post', { load: () => 'x', schema: broken });
  expect(await collection.get('1', { load: false })).toBeUndefined();
  await expect(collection.get('1')).rejects.toThrow('broken schema');
});

test('a bad value found unmodified by the loader is still checked', async () => {
  const backend = new MapBackend();
  const before = createCache({ tiers: [backend] }).define<object>('post', { load: () => ({ name: 'before' }) });
  await before.get('1');
  await before.invalidate('1');
  await idle();
  const collection = createCache({ tiers: [memory(), backend] }).define<Post>('post', {
    load: (_key, ctx) => (ctx.previous ? ctx.notModified() : { title: 'now' }),
    schema: posts(),
  });
  const got: unknown = await collection.get('1').catch((error: unknown) => error);
  expect(got).not.toEqual({ name: 'before' });
});

describe('version', () => {
  test('what another version stored is not looked at, and not destroyed', async () => {
    const backend = new MapBackend();
    const make = (version: number) =>
      createCache({ tiers: [memory(), backend] }).define<string>('post', { load: () => `version ${version}`, version });
    expect(await make(1).get('1')).toBe('version 1');
    await idle();
    expect(await make(2).get('1')).toBe('version 2');
    await idle();
    expect(await make(1).get('1', { load: false })).toBe('version 1');
    expect(await make(2).get('1', { load: false })).toBe('version 2');
  });

  test('an invalidation means all versions', async () => {
    const backend = new MapBackend();
    const make = (version: number) =>
      createCache({ tiers: [memory(), backend] }).define<string>('post', { load: () => 'new', version });
    await make(1).set('1', 'one');
    await make(2).invalidate('1');
    expect(await make(1).get('1')).toBe('new');
  });
});
