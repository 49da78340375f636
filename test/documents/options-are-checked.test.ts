/** What can't be meant is refused with `bad_option`, naming it, before anything else happens. */
import { describe, expect, test } from 'vitest';
import {
  createWriteCache,
  everyNth,
  gzip,
  memoryKeyValues,
  memoryOperations,
  type WriteCacheOptions,
} from 'tidemark/documents';
import { drive, registryOf } from 'tidemark/testing';
import { failure } from '../support/deferred.ts';
import { driveOf, setUp } from './support/set-up.ts';

const good: WriteCacheOptions = { operations: memoryOperations(), registry: registryOf(drive) };
const refusal = (name: string) =>
  expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(name) as string }) as unknown;

describe('createWriteCache', () => {
  test('needs operations and a registry, and nothing else', () => {
    expect(() => createWriteCache(good)).not.toThrow();
    expect(() => createWriteCache({} as never)).toThrow(refusal('operations'));
    expect(() => createWriteCache({ operations: memoryOperations() } as never)).toThrow(refusal('registry'));
    for (const none of [undefined, null, 7, 'options', []])
      expect(() => createWriteCache(none as never)).toThrow(refusal('options'));
  });

  test.each<[string, unknown[]]>([
    ['operations', [undefined, null, {}, { getSince() {} }, 'source', 7]],
    ['registry', [undefined, null, {}, { getModel() {} }]],
    ['keyframes', [null, {}, { get() {} }, 'memory']],
    ['maxDocuments', [0, -1, 1.5, '10', Number.NaN, Infinity]],
    ['maxBytes', [0, -1, '10 mb', 'x', Number.NaN]],
    ['ringBufferSize', [0, -1, 1.5, '10', Number.NaN]],
    ['keyframeInterval', [0, -1, 1.5, '10', Number.NaN]],
    ['keyframePolicy', ['everyNth', 10, {}]],
    ['keyframeTimeout', [-1, 'soon', Number.NaN, '10 s']],
    [
      'retention',
      [null, 7, { dense: 0 }, { dense: 1.5 }, { sparsity: -0.1 }, { sparsity: 1 }, { sparsity: 'x' }, { dens: 3 }],
    ],
    ['compression', [null, 'gzip', {}, { name: 'x', compress() {} }, { ...gzip, name: '' }, { ...gzip, name: 7 }]],
    ['codec', [null, 'json', {}, { encode() {} }]],
    ['policy', [null, 'lru', {}]],
    ['check', ['always', true]],
    ['drain', [-1, 'soon', Number.NaN]],
    ['clock', [null, {}, { now() {} }, Date]],
    ['on', [null, [], { hits() {} }, { hit: 'log' }]],
    ['unheardOf', [1]],
  ])('refuses bad %s', (name, values) => {
    for (const value of values)
      expect(() => createWriteCache({ ...good, [name]: value }), String(value)).toThrow(refusal(name));
  });

  test('takes what its documentation names', () => {
    const options: WriteCacheOptions = {
      ...good,
      keyframes: memoryKeyValues(),
      maxDocuments: 5,
      maxBytes: '10mb',
      ringBufferSize: 1,
      keyframeInterval: 1,
      keyframePolicy: everyNth(3),
      retention: { dense: 1, sparsity: 0 },
      compression: gzip,
      check: 'trusted',
      drain: '1m',
      on: { hit: () => {} },
    };
    expect(createWriteCache(options).stats().reads).toBe(0);
    expect(createWriteCache({ ...good, keyframes: undefined }).stats().reads).toBe(0);
  });
});

describe('a read', () => {
  test.each<[string, unknown[]]>([
    ['documentId', ['', '', 'global', 'main']],
    ['documentId', [undefined, '', 'global', 'main']],
    ['documentType', ['d', undefined, 'global', 'main']],
    ['scope', ['d', '', '', 'main']],
    ['branch', ['d', '', 'global', '']],
    ['branch', ['d', '', 'global']],
    ['targetRevision', ['d', '', 'global', 'main', -2]],
    ['targetRevision', ['d', '', 'global', 'main', 1.5]],
    ['targetRevision', ['d', '', 'global', 'main', Number.NaN]],
    ['targetRevision', ['d', '', 'global', 'main', '3']],
    ['options', ['d', '', 'global', 'main', 3, null]],
    ['unheardOf', ['d', '', 'global', 'main', 3, { unheardOf: 1 }]],
    ['check', ['d', '', 'global', 'main', 3, { check: 'sometimes' }]],
    ['history', ['d', '', 'global', 'main', 3, { history: -1 }]],
    ['history', ['d', '', 'global', 'main', 3, { history: 1.5 }]],
    ['history', ['d', '', 'global', 'main', 3, { history: 'some' }]],
    ['signal', ['d', '', 'global', 'main', 3, { signal: {} }]],
  ])('refuses a bad %s', async (name, given) => {
    for (const check of ['checked', 'trusted'] as const) {
      const { cache, source } = await setUp([driveOf(3)], { check });
      source.reset();
      const get = cache.getState.bind(cache) as (...all: unknown[]) => Promise<unknown>;
      expect(await failure(get(...given))).toEqual(refusal(name));
      expect(source.count).toBe(0);
    }
  });
});

test('everything else refuses what it can not mean', async () => {
  const { cache } = await setUp([]);
  const any = cache as unknown as Record<string, (...all: unknown[]) => unknown>;
  expect(() => any['invalidate']('')).toThrow(refusal('documentId'));
  expect(() => any['invalidate']('d', '')).toThrow(refusal('scope'));
  expect(() => any['invalidate']('d', 'global', '')).toThrow(refusal('branch'));
  expect(() => any['walk']('', '', 'global', 'main', 0)).toThrow(refusal('documentId'));
  expect(() => any['walk']('d', '', '', 'main', 0)).toThrow(refusal('scope'));
  expect(() => any['walk']('d', '', 'global', 'main', 0, 3, { signal: 7 })).toThrow(refusal('signal'));
  expect(() => any['walk']('d', '', 'global', 'main', 0, 3, { unheardOf: 7 })).toThrow(refusal('unheardOf'));
  expect(await failure(cache.verify(''))).toEqual(refusal('documentId'));
  expect(await failure(cache.verify('d', { unheardOf: 1 } as object))).toEqual(refusal('unheardOf'));
  expect(await failure(cache.withTransaction(async () => 1, { unheardOf: 1 } as object))).toEqual(refusal('unheardOf'));
  expect(await failure(cache.withTransaction(async () => 1, { operations: {} } as object))).toEqual(
    refusal('operations'),
  );
  expect(await failure(cache.prune(''))).toEqual(refusal('documentId'));
});
