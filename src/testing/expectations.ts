/** What the suites expect, and how they say that it isn't so: plain errors that any test runner shows. */
import { type ErrorCode, TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import { kindOf } from '../engine/values.ts';

/** Throws an error with this message unless the condition holds. */
export function ensure(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws an error that names the first {@link difference}, if there is any. */
export function ensureEqual(actual: unknown, expected: unknown, what: string): void {
  const found = difference(actual, expected);
  if (found !== undefined) throw new Error(`${what}: ${found}`);
}

/** Throws unless `run` throws, or rejects with, a `TidemarkError` of this code. */
export async function ensureRefused(code: ErrorCode, run: () => unknown, what: string): Promise<void> {
  const error = await errorOf(run);
  ensure(error !== undefined, `${what}: was accepted, and should have been refused with ${code}`);
  ensureCode(error, code, what);
}

/** Throws unless an error is a `TidemarkError` of this code; the error itself is the cause. */
export function ensureCode(error: unknown, code: ErrorCode, what: string): void {
  if (error instanceof TidemarkError && error.code === code) return;
  const met = error instanceof TidemarkError ? error.code : String(error);
  throw new Error(`${what}: failed with ${met} where ${code} was due`, { cause: error });
}

/** What `run` throws or rejects with; `undefined` if it doesn't. */
export async function errorOf(run: () => MaybePromise<unknown>): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error ?? new Error(`it threw ${String(error)}`);
  }
}

/** Two values that stand at the same place of two larger ones. */
interface Pair {
  readonly actual: unknown;
  readonly expected: unknown;
  readonly step: string;
  readonly above: Pair | undefined;
}

/**
 * Where and how two values differ, in words; `undefined` if they are equal in everything that they are made of. `NaN`
 * equals itself, `-0` isn't `0`, a property that is missing isn't one that is `undefined`, a hole isn't `undefined`, maps
 * and sets have an order and objects have none. An instance of a class equals itself alone.
 */
export function difference(actual: unknown, expected: unknown): string | undefined {
  const seen = new Map<unknown, Set<unknown>>();
  const pending: Pair[] = [{ actual, expected, step: '', above: undefined }];
  for (let pair = pending.pop(); pair; pair = pending.pop()) {
    if (Object.is(pair.actual, pair.expected)) continue;
    const kind = kindIfAny(pair.expected);
    if (kind === 'primitive' || kind === undefined || kindIfAny(pair.actual) !== kind)
      return `${placeOf(pair)} is ${shown(pair.actual)} and should be ${shown(pair.expected)}`;
    const against = seen.get(pair.actual) ?? new Set();
    if (against.has(pair.expected)) continue; // a cycle, or a part met before
    seen.set(pair.actual, against.add(pair.expected));
    const found = outerDifference(pair, kind) ?? pushParts(pair, kind, pending);
    if (found !== undefined) return `${placeOf(pair)} ${found}`;
  }
  return undefined;
}

type Kind = ReturnType<typeof kindOf>;

function kindIfAny(value: unknown): Kind | undefined {
  try {
    return kindOf(value);
  } catch {
    return undefined;
  }
}

/** How two values of one kind differ in what isn't a part with a place of its own. */
function outerDifference({ actual, expected }: Pair, kind: Kind): string | undefined {
  if (kind === 'date') {
    const [time, due] = [(actual as Date).getTime(), (expected as Date).getTime()];
    return Object.is(time, due) ? undefined : `is the date ${time} and should be ${due}`;
  }
  if (kind === 'buffer' || kind === 'view') {
    const [made, due] = [actual, expected].map((bytes) => (bytes as object).constructor.name);
    if (made !== due) return `is a ${made} and should be a ${due}`;
    return bytesText(actual) === bytesText(expected) ? undefined : 'has other bytes';
  }
  if (kind === 'map' || kind === 'set') {
    const [size, due] = [(actual as Set<unknown>).size, (expected as Set<unknown>).size];
    return size === due ? undefined : `has ${size} entries and should have ${due}`;
  }
  if (kind === 'array') {
    const [length, due] = [(actual as unknown[]).length, (expected as unknown[]).length];
    if (length !== due) return `has length ${length} and should have ${due}`;
  }
  const due = partNames(expected);
  const missing = due.find((name) => !Object.hasOwn(actual as object, name));
  if (missing !== undefined) return `lacks ${String(missing)}`;
  const extra = partNames(actual).find((name) => !Object.hasOwn(expected as object, name));
  return extra === undefined ? undefined : `has ${String(extra)}, which shouldn't be there`;
}

function partNames(value: unknown): readonly (string | symbol)[] {
  return [...Object.keys(value as object), ...Object.getOwnPropertySymbols(value)];
}

function bytesText(value: unknown): string {
  const bytes = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value as ArrayBuffer);
  return bytes.join();
}

/** The parts of two values of one kind and size are to be compared as well. */
function pushParts(pair: Pair, kind: Kind, pending: Pair[]): undefined {
  const push = (actual: unknown, expected: unknown, step: string) =>
    void pending.push({ actual, expected, step, above: pair });
  if (kind === 'map' || kind === 'set') {
    const parts = [...(pair.actual as Iterable<unknown>)];
    [...(pair.expected as Iterable<unknown>)].forEach((due, i) => push(parts[i], due, `<${i}>`));
  } else if (kind === 'object' || kind === 'array') {
    const [made, due] = [pair.actual, pair.expected] as Record<string | symbol, unknown>[];
    for (const name of partNames(due)) push(made[name], due[name], `.${String(name)}`);
  }
}

function placeOf(pair: Pair): string {
  const steps: string[] = [];
  for (let at: Pair | undefined = pair; at; at = at.above) steps.unshift(at.step);
  const place = steps.join('');
  return place === '' ? 'it' : place.length > 200 ? `${place.slice(0, 200)}…` : place;
}

function shown(value: unknown): string {
  return Object.is(value, -0) ? '-0' : describe(value);
}
