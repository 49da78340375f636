/** Freezing what is new: states share most of their parts with the states before them, and those are frozen already. */
import { TidemarkError } from '../engine/errors.ts';
import { kindOf } from '../engine/values.ts';

const DEEPEST = 1000;

/** Everything that has been frozen here, with all that is in it. `Object.isFrozen` says nothing about what is deeper. */
const frozen = new WeakSet<object>();

/**
 * Deep-freeze plain data: objects, arrays, text, numbers, bigints, true, false, null, undefined. What was frozen here before is
 * not gone into. Answers with the bytes that its new parts take in memory, roughly.
 *
 * @throws `bad_value` for anything else (dates, maps, sets and bytes can't be frozen), before anything is changed.
 */
export function freezeNew(value: unknown): number {
  if (!isNew(value)) return 0;
  const parts: object[] = [];
  let bytes = 0;
  let level: object[] = [value];
  const seen = new Set<object>(level);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw refused(`something nested deeper than ${DEEPEST}`);
    const below: object[] = [];
    for (const part of level) {
      parts.push(part);
      bytes += eachPart(part, (inner) => {
        if (!isNew(inner) || seen.has(inner)) return;
        seen.add(inner);
        below.push(inner);
      });
    }
    level = below;
  }
  for (const part of parts) {
    Object.freeze(part);
    frozen.add(part);
  }
  return bytes;
}

/** The bytes that plain data take in memory, roughly, whether they are shared with others or not. */
export function sizeOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const seen = new Set<object>([value]);
  let bytes = 0;
  for (const part of seen)
    bytes += eachPart(part, (inner) => {
      if (typeof inner === 'object' && inner !== null) seen.add(inner); // grows while it is gone through
    });
  return bytes;
}

function isNew(value: unknown): value is object {
  if (typeof value === 'function' || typeof value === 'symbol') throw refused(`a ${typeof value}`);
  return typeof value === 'object' && value !== null && !frozen.has(value);
}

/** Look at what is in an object or array; answers with the bytes that it takes without the objects in it. */
function eachPart(part: object, look: (inner: unknown) => void): number {
  if (Array.isArray(part)) {
    let bytes = 48 + 8 * part.length;
    for (const inner of part as unknown[]) {
      bytes += sizeOfPrimitive(inner);
      look(inner);
    }
    return bytes;
  }
  const kind = kindOf(part);
  if (kind !== 'object') throw refused(`a ${kind}`);
  let bytes = 24;
  for (const name of Object.keys(part)) {
    const inner = (part as Record<string, unknown>)[name];
    bytes += 8 + sizeOfPrimitive(inner);
    look(inner);
  }
  return bytes;
}

// V8 on 64 bits: a text has a header of 16 and a byte for each of its Latin characters; small integers lie in their slots.
function sizeOfPrimitive(value: unknown): number {
  if (typeof value === 'string') return 16 + ((value.length + 7) & ~7);
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 0 : 16;
  return typeof value === 'bigint' ? 24 : 0;
}

function refused(what: string): TidemarkError {
  return new TidemarkError(
    'bad_value',
    `${what} can't be a part of a document's state: it must be plain data, which can be frozen and shared`,
  );
}
