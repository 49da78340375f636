/** Freezing what is new: states share most of their parts with the states before them, and those are frozen already. */
import { TidemarkError } from '../engine/errors.ts';
import { kindOf } from '../engine/values.ts';

const DEEPEST = 1000;

/**
 * What has been frozen here, with all that is in it: `Object.isFrozen` says nothing about what is deeper. Leaves aren't
 * among them, since they tell themselves, and most objects are leaves: a mark takes as much as three properties, and is
 * given back late.
 */
const frozen = new WeakSet<object>();

/**
 * Deep-freeze plain data: objects, arrays, text, numbers, bigints, true, false, null, undefined. What was frozen here before is
 * not gone into. Answers with the bytes that its new parts take in memory, roughly.
 *
 * @param before Something that was frozen here and is much the same: what is there in the same place need not be looked up.
 * @throws `bad_value` for anything else (dates, maps, sets and bytes can't be frozen), before anything is changed.
 */
export function freezeNew(value: unknown, before?: unknown): number {
  const parts: object[] = [];
  const bytes = weigh(value, before, parts, isNew);
  for (const part of parts) {
    Object.freeze(part);
    if (!isLeaf(part)) frozen.add(part);
  }
  return bytes;
}

/** The bytes that plain data take in memory, roughly, whether they are shared with others or not. */
export function sizeOf(value: unknown): number {
  return weigh(value, undefined, [], () => true);
}

function isNew(part: object): boolean {
  return !Object.isFrozen(part) || (!frozen.has(part) && !isLeaf(part));
}

/** Is it a small object with nothing in it that could be frozen? */
function isLeaf(part: object): boolean {
  if (Array.isArray(part) || kindOf(part) !== 'object') return false;
  let left = LEAF;
  for (const name in part) {
    const inner = (part as Record<string, unknown>)[name];
    if (left-- === 0 || isPart(inner)) return false;
  }
  return true;
}

function isPart(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol';
}

/**
 * Collect the objects in a value, itself among them, that are wanted and aren't the same as before. Answers with the bytes
 * that they take.
 */
function weigh(value: unknown, before: unknown, parts: object[], isWanted: (part: object) => boolean): number {
  const seen = new Set<unknown>(); // objects, and short texts
  const olds: unknown[] = []; // by part, what was there before
  let bytes = 0;
  const look = (inner: unknown, old: unknown): void => {
    switch (typeof inner) {
      case 'object':
        if (inner === null || !isWanted(inner) || seen.has(inner)) return;
        seen.add(inner);
        parts.push(inner);
        olds.push(old);
        return;
      case 'function':
      case 'symbol':
        throw refused(`a ${typeof inner}`);
      case 'string':
        if (inner.length > SHARED) bytes += sizeOfText(inner);
        else if (!seen.has(inner)) bytes += sizeOfText(inner);
        if (inner.length <= SHARED) seen.add(inner);
        return;
      case 'number':
        if (!Number.isInteger(inner) || Math.abs(inner) >= 2 ** 31) bytes += 16; // smaller ones lie in their slots
        return;
      case 'bigint':
        bytes += 24;
    }
  };
  look(value, before);
  let begin = 0;
  for (let depth = 0; begin < parts.length; depth++) {
    if (depth > DEEPEST) throw refused(`something nested deeper than ${DEEPEST}`);
    for (const end = parts.length; begin < end; begin++) {
      const part = parts[begin];
      if (Array.isArray(part)) {
        bytes += ARRAY + ELEMENT * part.length;
        eachChanged(part, olds[begin], look);
        continue;
      }
      const kind = kindOf(part);
      if (kind !== 'object') throw refused(`a ${kind}`);
      bytes += OBJECT;
      const old = olds[begin];
      for (const name of Object.keys(part)) {
        bytes += SLOT;
        const inner = (part as Record<string, unknown>)[name];
        const was = isObject(old) && Object.hasOwn(old, name) ? old[name] : undefined;
        if (was === undefined || inner !== was) look(inner, was);
      }
    }
  }
  return bytes;
}

/** Look at what isn't where it was in an array, or one further to the left or right than the part before it was. */
function eachChanged(part: readonly unknown[], old: unknown, look: (inner: unknown, old: unknown) => void): void {
  const before: readonly unknown[] = Array.isArray(old) ? old : [];
  const last = before.length - 1;
  let shift = 0;
  for (let i = 0; i < part.length; i++) {
    const inner = part[i];
    const at = i + shift;
    if (at <= last && inner === before[at]) continue;
    if (at < last && inner === before[at + 1]) shift++;
    else if (at > 0 && at <= last + 1 && inner === before[at - 1]) shift--;
    else look(inner, at <= last ? before[at] : undefined);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

const LEAF = 8; // properties of the largest leaf

// What V8 takes on 64 bits, measured.
const OBJECT = 24; // most have no mark
const SLOT = 8;
const ARRAY = 84; // with its mark
const ELEMENT = 10; // 8, and up to half of them more in an array that was appended to
const SHARED = 10; // characters of texts that are there once, however often they were read from JSON

/** A header, and a byte or two for each character. */
function sizeOfText(text: string): number {
  const wide = text.length > 32 && /[^\0-\xff]/.test(text); // no text of narrow characters is searched for that
  return 16 + ((text.length * (wide ? 2 : 1) + 7) & ~7);
}

function refused(what: string): TidemarkError {
  return new TidemarkError(
    'bad_value',
    `${what} can't be a part of a document's state: it must be plain data, which can be frozen and shared`,
  );
}
