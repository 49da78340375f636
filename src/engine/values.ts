/** Keeping values safe from their callers: what can be kept at all, freezing it, and copying what can't be frozen. */
import { TidemarkError } from './errors.ts';

/**
 * How a collection's values are kept apart from their callers.
 *
 * - `frozen`: plain data is deep-frozen in place, once, when it is stored; every reader gets the same object. Dates, maps,
 *   sets and bytes can't be frozen: a value that holds any is copied when stored and for every reader.
 * - `copied`: every reader gets a copy of its own, and so does the cache.
 * - `shared`: nothing is done, and only a thenable is refused; whoever changes a value changes it for everybody.
 */
export type Isolation = 'frozen' | 'copied' | 'shared';

/** What a value is made of, as far as caches and codecs care. */
export type Kind = 'primitive' | 'object' | 'array' | 'date' | 'map' | 'set' | 'view' | 'buffer';

const DEEPEST = 1000;
const SHALLOW = 32;
const SMALL = 1000;

/** What a value is. Throws `bad_value` for what can't be kept faithfully: functions, symbols, instances of classes. */
export function kindOf(value: unknown): Kind {
  if (typeof value === 'function' || typeof value === 'symbol') throw refused(`a ${typeof value}`);
  if (typeof value !== 'object' || value === null) return 'primitive';
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return 'array';
  if (prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null)
    return 'object';
  if (prototype === Date.prototype) return 'date';
  if (prototype === Map.prototype) return 'map';
  if (prototype === Set.prototype) return 'set';
  if (ArrayBuffer.isView(value)) return 'view';
  if (value instanceof ArrayBuffer) return 'buffer';
  throw refused(`an instance of ${(prototype as { constructor?: { name?: string } }).constructor?.name || 'a class'}`);
}

function refused(what: string): TidemarkError {
  return new TidemarkError(
    'bad_value',
    `${what} can't be kept safely; return plain data, or define the collection with values: 'shared'`,
  );
}

/** Every object in a value, itself included, and whether all of them can be frozen. */
function partsOf(value: unknown): { readonly parts: Iterable<object>; readonly freezable: boolean } {
  const few: object[] = [];
  return isSmallTree(value, few, 0) ? { parts: few, freezable: true } : allPartsOf(value);
}

/**
 * What nearly all values are: a few plain objects and arrays, none within itself, all that they have in plain sight.
 * Collects them without looking for those it has seen, so it gives up soon; false for anything else.
 */
function isSmallTree(part: unknown, found: object[], depth: number): boolean {
  const kind = kindOf(part);
  if ((kind !== 'object' && kind !== 'array') || depth > SHALLOW || found.length >= SMALL) return false;
  found.push(part as object);
  const inside: readonly unknown[] = kind === 'array' ? (part as unknown[]) : Object.values(part as object);
  const names = Object.getOwnPropertyNames(part).length; // of an array one more, 'length'
  if (names !== inside.length + (kind === 'array' ? 1 : 0) || Object.getOwnPropertySymbols(part).length > 0)
    return false;
  for (let i = 0; i < inside.length; i++) {
    const one = inside[i];
    const type = typeof one;
    if (type === 'object') {
      if (one !== null && !isSmallTree(one, found, depth + 1)) return false;
    } else if (type === 'function' || type === 'symbol') return false;
    else if (one === undefined && kind === 'array' && !Object.hasOwn(inside, i)) return false; // a hole hides another name
  }
  return true;
}

function allPartsOf(value: unknown): { readonly parts: Iterable<object>; readonly freezable: boolean } {
  const seen = new Set<object>();
  let level: unknown[] = [value];
  let freezable = true;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw refused(`a value nested deeper than ${DEEPEST}`);
    const below: unknown[] = [];
    for (const part of level) {
      const kind = kindOf(part);
      if (kind === 'primitive' || seen.has(part as object)) continue;
      seen.add(part as object);
      if (kind === 'object' || kind === 'array') {
        for (const name of Reflect.ownKeys(part as object))
          below.push((part as Record<string | symbol, unknown>)[name]);
      } else {
        freezable = false;
        if (kind === 'map') for (const [k, v] of part as Map<unknown, unknown>) below.push(k, v);
        if (kind === 'set') for (const v of part as Set<unknown>) below.push(v);
      }
    }
    level = below;
  }
  return { parts: seen, freezable };
}

/** A value as a cache keeps it, and whether readers need copies. Throws `bad_value` before anything is changed. */
export function isolate(value: unknown, isolation: Isolation): { readonly value: unknown; readonly copied: boolean } {
  if (isolation === 'shared') {
    if (typeof (value as { then?: unknown } | null | undefined)?.then === 'function') throw refused('a thenable');
    return { value, copied: false };
  }
  if (typeof value !== 'object' || value === null) {
    kindOf(value);
    return { value, copied: false };
  }
  const { parts, freezable } = partsOf(value);
  if (isolation === 'copied' || !freezable) return { value: copy(value), copied: true };
  for (const part of parts) Object.freeze(part);
  return { value, copied: false };
}

/** A deep copy of plain data, dates, maps, sets and bytes. What refers to itself does so in the copy. */
export function copy<T>(value: T): T {
  const copies = new Map<unknown, unknown>();
  const copyOf = (part: unknown): unknown => {
    const kind = kindOf(part);
    if (kind === 'primitive') return part;
    if (!copies.has(part)) copies.set(part, beginCopy(part as object, kind));
    return copies.get(part);
  };
  const copied = copyOf(value);
  for (const [part, begun] of copies) fill(part as object, begun as object, copyOf); // grows while it is gone through
  return copied as T;
}

/** A copy whose parts are still to come, if it has any. */
function beginCopy(value: object, kind: Kind): object {
  switch (kind) {
    case 'date':
      return new Date(value as Date);
    case 'map':
      return new Map();
    case 'set':
      return new Set();
    case 'buffer':
      return (value as ArrayBuffer).slice(0);
    case 'view':
      return copyView(value as ArrayBufferView);
    case 'array':
      return new Array<unknown>((value as unknown[]).length); // holes stay holes
    default:
      return Object.create(Object.getPrototypeOf(value) as object | null) as object;
  }
}

function fill(from: object, to: object, copyOf: (part: unknown) => unknown): void {
  if (to instanceof Map) for (const [k, v] of from as Map<unknown, unknown>) to.set(copyOf(k), copyOf(v));
  else if (to instanceof Set) for (const v of from as Set<unknown>) to.add(copyOf(v));
  else if (!(to instanceof Date) && !ArrayBuffer.isView(to) && !(to instanceof ArrayBuffer))
    for (const name of Reflect.ownKeys(from)) {
      if (name === 'length' && Array.isArray(to)) continue;
      const value = copyOf((from as Record<string | symbol, unknown>)[name]);
      if (name in to)
        // as `__proto__` is, and what else every object has, which perhaps can't be overwritten
        Object.defineProperty(to, name, { value, enumerable: true, writable: true, configurable: true });
      else (to as Record<string | symbol, unknown>)[name] = value; // several times as fast
    }
}

function copyView(view: ArrayBufferView): ArrayBufferView {
  if (view instanceof DataView)
    return new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  return Uint8Array.prototype.slice.call(view); // of any typed array, keeping its class
}
