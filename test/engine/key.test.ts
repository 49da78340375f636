/** The key encoder: no two paths share a text, every text gives its path back, and descendants begin with their ancestor's text. */
import fc from 'fast-check';
import { describe as group, expect, test } from 'vitest';
import {
  decodePath,
  describe,
  encodePath,
  escapeSegment,
  localId,
  pathOf,
  pathOfLocalId,
  preparedKey,
  unescapeSegment,
} from '../../src/engine/key.ts';
import { pathOfStorageKey, storageKey } from '../../src/engine/backend.ts';
import { implicitDependencies, keyPathOf } from '../../src/engine/dependency.ts';
import { anyKey, anyPath, anyText } from '../support/arbitraries.ts';

const many = { numRuns: 2000 };

test('a segment is given back by its escaped text, which holds no slash and survives UTF-8', () => {
  fc.assert(
    fc.property(anyText, (segment) => {
      const text = escapeSegment(segment);
      expect(unescapeSegment(text)).toBe(segment);
      expect(text).not.toContain('/');
      expect(Buffer.from(text).toString()).toBe(text);
    }),
    many,
  );
});

test('a path is given back by its text', () => {
  fc.assert(
    fc.property(anyPath, (path) => {
      expect(decodePath(encodePath(path))).toEqual(path);
    }),
    many,
  );
});

test('two paths have one text only if they are equal', () => {
  fc.assert(
    fc.property(anyPath, anyPath, (a, b) => {
      expect(encodePath(a) === encodePath(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
    many,
  );
});

test('a path lies below another exactly if its text begins with the other’s and a slash', () => {
  fc.assert(
    fc.property(anyPath, anyPath, fc.boolean(), (a, more, below) => {
      const b = below ? [...a, ...more] : more;
      const isBelow = b.length > a.length && a.every((segment, i) => segment === b[i]);
      expect(encodePath(b).startsWith(encodePath(a) + '/')).toBe(isBelow);
    }),
    many,
  );
});

test('a local name gives its path back, and a single segment is its own', () => {
  fc.assert(
    fc.property(anyKey, (path) => {
      const id = localId(path);
      expect(pathOfLocalId(id)).toEqual(path);
      if (path.length === 1) {
        expect(id).toBe(localId(path[0]));
        if (!path[0].startsWith('\0')) expect(id).toBe(path[0]);
      }
    }),
    many,
  );
});

test('a prepared key is the same path with the same local name, and can not be changed', () => {
  fc.assert(
    fc.property(anyKey, (path) => {
      const key = preparedKey(path);
      expect(localId(key)).toBe(localId(path));
      expect(key).toEqual(path);
      expect(pathOf(key)).toEqual(path);
      expect(Object.isFrozen(key)).toBe(true);
    }),
    many,
  );
});

test('two keys have one local name only if their paths are equal', () => {
  const key = fc.oneof(anyText, anyKey, fc.integer(), fc.bigInt({ min: -100n, max: 100n }));
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(localId(a) === localId(b)).toBe(JSON.stringify(pathOf(a)) === JSON.stringify(pathOf(b)));
    }),
    many,
  );
});

test('a storage key gives its path back, and versions are kept apart', () => {
  const version = fc.oneof(fc.integer({ min: 1, max: 1e6 }), fc.constant('adhoc' as const));
  fc.assert(
    fc.property(anyKey, version, anyKey, version, (a, v, b, w) => {
      expect(pathOfStorageKey(storageKey(a, v))).toEqual(a);
      expect(storageKey(a, v) === storageKey(b, w)).toBe(encodePath(a) === encodePath(b) && v === w);
    }),
    many,
  );
});

test('a key rests on each prefix of its path, on the whole of it, and on itself', () => {
  fc.assert(
    fc.property(anyKey, (path) => {
      const prefixes = path.map((_, i) => '^' + encodePath(path.slice(0, i + 1)));
      expect(implicitDependencies(path)).toEqual([...prefixes, '=' + encodePath(path)]);
      expect(keyPathOf('=' + encodePath(path))).toEqual(path);
      expect(keyPathOf(prefixes[0])).toBeUndefined();
    }),
  );
});

test('numbers and bigints are their decimal text', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.double({ noNaN: true, noDefaultInfinity: true }), (big, n) => {
      expect(pathOf([big, n])).toEqual([big.toString(), String(n)]);
    }),
  );
  expect(pathOf(-0)).toEqual(['0']);
});

group('describe', () => {
  test('names anything shortly and never throws', () => {
    const hostile = {
      get [Symbol.toStringTag](): string {
        return 'x'.repeat(5);
      },
      toString: () => {
        throw new Error('toString');
      },
    };
    const values = [
      undefined,
      null,
      NaN,
      5n,
      true,
      Symbol('s'),
      () => 1,
      [],
      {},
      new Date(0),
      'x'.repeat(1e5),
      hostile,
    ];
    for (const value of values) expect(describe(value).length).toBeLessThan(60);
    expect(describe([])).toBe('an array');
    expect(describe(new Map())).toBe('a Map');
  });
});
