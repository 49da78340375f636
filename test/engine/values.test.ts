/** Isolating and copying values, over arbitrary data: equal, apart, and only what can be kept. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { copy, kindOf } from 'tidemark';
import { isolate } from '../../src/engine/values.ts';

const plain = fc.anything({ withBigInt: true, withNullPrototype: true, withObjectString: true });
const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withNullPrototype: true,
  withSparseArray: true,
});

/** Every object in a value. */
function objectsIn(value: unknown, found: Set<object> = new Set()): Set<object> {
  if (typeof value !== 'object' || value === null || found.has(value)) return found;
  found.add(value);
  if (value instanceof Map) for (const [k, v] of value) [k, v].forEach((part) => objectsIn(part, found));
  else if (value instanceof Set) for (const part of value) objectsIn(part, found);
  else if (!ArrayBuffer.isView(value)) for (const part of Object.values(value)) objectsIn(part, found);
  return found;
}

test('a copy is equal and shares no object with what it was made from', () => {
  fc.assert(
    fc.property(anything, (value) => {
      const copied = copy(value);
      expect(copied).toStrictEqual(value);
      const originals = objectsIn(value);
      for (const part of objectsIn(copied)) expect(originals.has(part)).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('frozen: plain data is the same object, frozen throughout; other data is a copy, and the given is left alone', () => {
  fc.assert(
    fc.property(fc.boolean(), plain, anything, (simple, a, b) => {
      const given = simple ? a : b;
      const before = copy(given);
      const { value, copied } = isolate(given, 'frozen');
      expect(value).toStrictEqual(before);
      const parts = [...objectsIn(value)];
      if (copied) {
        expect(
          parts.some((p) => p instanceof Date || p instanceof Map || p instanceof Set || ArrayBuffer.isView(p)),
        ).toBe(true);
        expect(value).not.toBe(given);
        expect(
          [...objectsIn(given)].some(
            (p) => !ArrayBuffer.isView(p) && Object.isFrozen(p) && Reflect.ownKeys(p).length > 0,
          ),
        ).toBe(false);
      } else {
        expect(Object.is(value, given)).toBe(true);
        expect(parts.every((p) => Object.isFrozen(p))).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test('what is the same object twice is so in the copy', () => {
  const shared = { n: 1 };
  const copied = copy({ a: shared, b: [shared], c: new Map([[shared, shared]]) });
  expect(copied.b[0]).toBe(copied.a);
  expect([...copied.c][0]).toEqual([{ n: 1 }, { n: 1 }]);
  expect([...copied.c][0][0]).toBe(copied.a);
  const loop: unknown[] = [];
  loop.push(loop, new Set([loop]));
  const copiedLoop = copy(loop);
  expect(copiedLoop[0]).toBe(copiedLoop);
  expect([...(copiedLoop[1] as Set<unknown>)][0]).toBe(copiedLoop);
});

test('symbols as names are kept, and so are an object’s missing prototype and an array’s holes', () => {
  const name = Symbol('name');
  expect(copy({ [name]: 1 })).toStrictEqual({ [name]: 1 });
  expect(Object.getPrototypeOf(copy(Object.create(null) as object))).toBeNull();
  const holed = [1, , 3]; // oxlint-disable-line no-sparse-arrays
  expect(1 in copy(holed)).toBe(false);
  expect(Object.assign(copy(Object.assign([1, 2], { extra: 'x' })))).toStrictEqual(
    Object.assign([1, 2], { extra: 'x' }),
  );
});

describe('bytes', () => {
  const buffer = Uint8Array.from({ length: 32 }, (_, i) => i).buffer;
  test.each([
    new Int8Array(buffer, 3, 5),
    new Uint8ClampedArray(buffer, 1, 2),
    new Uint16Array(buffer, 4, 3),
    new Float64Array(buffer, 8, 1),
    new BigUint64Array(buffer, 16, 2),
    new DataView(buffer, 5, 7),
    Buffer.from(buffer, 2, 6),
    buffer,
  ])('%o: equal, of its class, and apart', (view) => {
    const copied = copy(view);
    expect(copied).toStrictEqual(view);
    expect(copied.constructor).toBe(view.constructor);
    const bytes =
      'buffer' in copied ? new Uint8Array(copied.buffer, copied.byteOffset, copied.byteLength) : new Uint8Array(copied);
    const before = Uint8Array.from(bytes);
    bytes.fill(255);
    expect(new Uint8Array(buffer)).toEqual(Uint8Array.from({ length: 32 }, (_, i) => i));
    expect(before.length).toBe(view.byteLength);
  });
});

describe('kindOf', () => {
  test.each([
    [1, 'primitive'],
    [undefined, 'primitive'],
    [null, 'primitive'],
    [5n, 'primitive'],
    [{}, 'object'],
    [Object.create(null), 'object'],
    [[], 'array'],
    [new Date(), 'date'],
    [new Map(), 'map'],
    [new Set(), 'set'],
    [new Uint8Array(), 'view'],
    [Buffer.alloc(0), 'view'],
    [new ArrayBuffer(0), 'buffer'],
  ])('%o is a %s', (value, kind) => expect(kindOf(value)).toBe(kind));

  class Sub {
    readonly n = 1;
  }
  test.each([
    new Sub(),
    () => 1,
    Symbol('s'),
    /x/,
    new Error('e'),
    Promise.resolve(),
    new WeakSet(),
    new SharedArrayBuffer(1),
  ])('%o is refused, and named', (value) => {
    expect(() => kindOf(value)).toThrow(expect.objectContaining({ code: 'bad_value' }));
  });

  test('an instance is named by its class', () => expect(() => kindOf(new Sub())).toThrow('Sub'));
});

test('the nesting that is allowed is a thousand deep', () => {
  const nested = (depth: number) => {
    let value: unknown = 1;
    for (let i = 0; i < depth; i++) value = { value };
    return value;
  };
  expect(isolate(nested(1000), 'copied').copied).toBe(true);
  expect(() => isolate(nested(1002), 'frozen')).toThrow(expect.objectContaining({ code: 'bad_value' }));
  expect(() => isolate(nested(200_000), 'copied')).toThrow(expect.objectContaining({ code: 'bad_value' }));
});

test('frozen: what an array has beside its elements is frozen as well, and refused if it can not be kept', () => {
  const array = Object.assign([,], { more: { n: 1 } }); // eslint-disable-line no-sparse-arrays
  isolate(array, 'frozen');
  expect(Object.isFrozen(array.more)).toBe(true);
  expect(() => isolate(Object.assign([,], { more: () => {} }), 'frozen')).toThrow('a function'); // eslint-disable-line no-sparse-arrays
});

test('frozen: an array of great length with little in it costs no more than that', () => {
  let asked = 0;
  const array: unknown[] = [];
  array[2 ** 32 - 2] = 'last';
  const watched = new Proxy(array, { get: (target, name) => (asked++, Reflect.get(target, name) as unknown) });
  isolate(watched, 'frozen');
  expect(asked).toBeLessThan(100);
});

test('a copy has what the original has under a name that every object has, also where that can not be overwritten', () => {
  const prototype = Object.freeze(Object.assign(Object.create(null) as object, { constructor: 1 }));
  const value = Object.create(prototype) as object;
  Object.defineProperty(value, 'constructor', { value: 'mine', enumerable: true, writable: true, configurable: true });
  expect(Object.getOwnPropertyDescriptors(copy(value))).toEqual(Object.getOwnPropertyDescriptors(value));
});
