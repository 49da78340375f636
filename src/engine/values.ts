/** Keeping values safe from their callers: what can be kept at all, freezing it, and copying what can't be frozen. */
import { TidemarkError } from './errors.ts';

/**
 * How a collection's values are kept apart from their callers.
 *
 * - `frozen`: plain data is deep-frozen in place, once, when it is stored; every reader gets the same object. Dates, maps,
 *   sets and bytes can't be frozen: a value that holds any is copied when stored and for every reader.
 * - `copied`: every reader gets a copy of its own, and so does the cache.
 * - `shared`: nothing is done or checked; whoever changes a value changes it for everybody.
 */
export type Isolation = 'frozen' | 'copied' | 'shared';

/** What a value is made of, as far as caches and codecs care. */
export type Kind = 'primitive' | 'object' | 'array' | 'date' | 'map' | 'set' | 'view' | 'buffer';

const DEEPEST = 1000;

/** What a value is. Throws `bad_value` for what can't be kept faithfully: functions, symbols, instances of classes. */
export function kindOf(value: unknown): Kind {
  if (typeof value === 'function' || typeof value === 'symbol') throw refused(`a ${typeof value}`);
  if (typeof value !== 'object' || value === null) return 'primitive';
  if (Array.isArray(value)) return 'array';
  const prototype: unknown = Object.getPrototypeOf(value);
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
function partsOf(value: unknown): { readonly parts: readonly object[]; readonly freezable: boolean } {
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
  return { parts: [...seen], freezable };
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
  return copyPart(value, new Map()) as T;
}

function copyPart(value: unknown, done: Map<unknown, unknown>): unknown {
  const kind = kindOf(value);
  if (kind === 'primitive') return value;
  const before = done.get(value);
  if (before !== undefined) return before;
  const keep = <T>(made: T): T => {
    done.set(value, made);
    return made;
  };
  if (kind === 'date') return keep(new Date(value as Date));
  if (kind === 'buffer') return keep((value as ArrayBuffer).slice(0));
  if (kind === 'view') return keep(copyView(value as ArrayBufferView));
  if (kind === 'map') {
    const made = keep(new Map<unknown, unknown>());
    for (const [k, v] of value as Map<unknown, unknown>) made.set(copyPart(k, done), copyPart(v, done));
    return made;
  }
  if (kind === 'set') {
    const made = keep(new Set<unknown>());
    for (const v of value as Set<unknown>) made.add(copyPart(v, done));
    return made;
  }
  const source = value as Record<string | symbol, unknown>;
  const made = keep(
    (kind === 'array'
      ? new Array((value as unknown[]).length)
      : Object.create(Object.getPrototypeOf(value))) as typeof source,
  );
  for (const name of Reflect.ownKeys(source)) {
    if (name === 'length' && kind === 'array') continue;
    const part = copyPart(source[name], done);
    if (name === '__proto__')
      Object.defineProperty(made, name, { value: part, enumerable: true, writable: true, configurable: true });
    else made[name] = part;
  }
  return made;
}

function copyView(view: ArrayBufferView): ArrayBufferView {
  if (view instanceof DataView)
    return new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  return Uint8Array.prototype.slice.call(view); // of any typed array, keeping its class
}
