/** The variables of a deploy: what they mean, what is left alone, and what is refused. */
import { describe, expect, test } from 'vitest';
import { contentEnvironment } from 'tidemark/content';

const usual = {
  enabled: true,
  defaultTtl: undefined,
  maxMemoryBytes: undefined,
  kvEnabled: true,
  debug: false,
  rollout: 100,
  version: undefined,
};

test('without variables everything is on', () => {
  expect(contentEnvironment({})).toEqual(usual);
});

test('texts are read in their units', () => {
  const vars = {
    CACHE_ENABLED: 'false',
    CACHE_DEFAULT_TTL: '3600',
    CACHE_MAX_MEMORY_SIZE: '50',
    CACHE_KV_ENABLED: 'FALSE',
    CACHE_DEBUG: ' on ',
    CACHE_ROLLOUT: '12.5',
    CACHE_VERSION: 'v2-3f9c',
  };
  expect(contentEnvironment(vars)).toEqual({
    enabled: false,
    defaultTtl: 3_600_000,
    maxMemoryBytes: 50 * 1024 * 1024,
    kvEnabled: false,
    debug: true,
    rollout: 12.5,
    version: 'v2-3f9c',
  });
});

test('other bindings are left alone, also under our names', () => {
  const vars = {
    DB: { prepare() {} },
    CACHE: { get() {} },
    CACHE_OTHER: 'x',
    CACHE_VERSION: { id: 1 },
    CACHE_DEBUG: null,
  };
  expect(contentEnvironment(vars)).toEqual(usual);
});

test('a variable that is a boolean or a number counts as its text', () => {
  const vars = { CACHE_ENABLED: false, CACHE_DEFAULT_TTL: 60, CACHE_ROLLOUT: 0, CACHE_VERSION: 7 };
  expect(contentEnvironment(vars)).toEqual({ ...usual, enabled: false, defaultTtl: 60_000, rollout: 0, version: '7' });
});

describe('bad text is refused by the name of its variable', () => {
  test.each([
    ['CACHE_ENABLED', 'maybe'],
    ['CACHE_ENABLED', ''],
    ['CACHE_KV_ENABLED', '2'],
    ['CACHE_DEBUG', 'verbose'],
    ['CACHE_DEFAULT_TTL', '1h'],
    ['CACHE_DEFAULT_TTL', '-1'],
    ['CACHE_DEFAULT_TTL', '1e9'],
    ['CACHE_DEFAULT_TTL', 'Infinity'],
    ['CACHE_MAX_MEMORY_SIZE', '0'],
    ['CACHE_MAX_MEMORY_SIZE', '50mb'],
    ['CACHE_ROLLOUT', '101'],
    ['CACHE_ROLLOUT', '10%'],
    ['CACHE_VERSION', '  '],
  ])('%s=%j', (name, text) => {
    expect(() => contentEnvironment({ [name]: text })).toThrow(
      expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(name) as string }),
    );
  });

  test('no record at all', () => {
    expect(() => contentEnvironment(undefined as never)).toThrow(expect.objectContaining({ code: 'bad_option' }));
  });
});
