/** Reading options: durations, sizes, and checks whose messages name the option. */
import { TidemarkError } from './errors.ts';
import { describe } from './key.ts';

/** Milliseconds, or text such as `'250ms'`, `'90s'`, `'10m'`, `'1h'`, `'7d'`. `Infinity` where "for ever" makes sense. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** Bytes, or text such as `'512kb'`, `'50mb'`, `'1gb'` (powers of 1024). */
export type Size = number | `${number}${'b' | 'kb' | 'mb' | 'gb'}`;

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

function bad(what: string, wanted: string, value: unknown): TidemarkError {
  return new TidemarkError('bad_option', `${what} must be ${wanted}, not ${describe(value)}`);
}

function quantity(value: unknown, units: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const match = /^(\d{1,15}(?:\.\d{1,6})?)([a-z]{1,2})$/.exec(value);
  const unit = match ? units[match[2]] : undefined;
  return match && unit !== undefined ? Number(match[1]) * unit : undefined;
}

/** A duration in milliseconds. Throws `bad_option` naming `what`. */
export function duration(what: string, value: Duration): number {
  const ms = quantity(value, DURATION_UNITS);
  if (ms === undefined) throw bad(what, "milliseconds or text such as '90s', '10m', '1h', '7d'", value);
  return ms;
}

/** A size in bytes, at least one. Throws `bad_option` naming `what`. */
export function size(what: string, value: Size): number {
  const bytes = quantity(value, SIZE_UNITS);
  if (bytes === undefined || bytes < 1)
    throw bad(what, "bytes (at least 1) or text such as '512kb', '50mb', '1gb'", value);
  return Math.floor(bytes);
}

/** A whole number from 1 up. */
export function positiveInteger(what: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw bad(what, 'a whole number from 1 up', value);
  return value;
}

/** A number from 0 to 1. */
export function fraction(what: string, value: number): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw bad(what, 'a number from 0 to 1', value);
  return value;
}

/** One of some words. */
export function oneOf<T extends string>(what: string, value: T, words: readonly T[]): T {
  if (!words.includes(value)) throw bad(what, `one of ${words.map((w) => `'${w}'`).join(', ')}`, value);
  return value;
}

/** A function, or nothing. */
export function functionOrNothing(what: string, value: unknown): void {
  if (value !== undefined) aFunction(what, value);
}

/** A function. */
export function aFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') throw bad(what, 'a function', value);
}

/** An array: a text in its place would be taken letter by letter. */
export function list(what: string, value: unknown): void {
  if (!Array.isArray(value)) throw bad(what, 'an array', value);
}

/** An array, or nothing. */
export function listOrNothing(what: string, value: unknown): void {
  if (value !== undefined) list(what, value);
}

/** True, false, or nothing, which is false. */
export function trueOrFalse(what: string, value: unknown): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw bad(what, 'true or false', value);
  return value === true;
}

/** An abort signal, or nothing. */
export function signalOrNothing(what: string, value: unknown): void {
  const signal = value as Partial<AbortSignal> | null | undefined;
  if (value !== undefined && typeof signal?.throwIfAborted !== 'function') throw bad(what, 'an AbortSignal', value);
}

/** Non-empty text. */
export function nonEmptyText(what: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw bad(what, 'non-empty text', value);
  return value;
}

/** An object with no other names than these: a misspelt option is an error, not a silence. */
export function checkOptions(what: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw bad(`${what}: options`, 'an object', options);
  for (const name of Object.keys(options))
    if (!names.includes(name))
      throw new TidemarkError('bad_option', `${what} has no option ${describe(name)}; it has ${names.join(', ')}`);
}
