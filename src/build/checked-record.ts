/** Whether something is a record: every name, every type, every path, in the one order, and nothing else. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { checkedPath } from './checked-path.ts';
import { bytewise, isDigest, sortedByBytes } from './digest.ts';
import type { ActionRecord, InputEntry, OutputEntry } from './record.ts';
import { type Check, is, isListOf, isObject, isOneOf, isText, shape } from './shape.ts';

const isMode: Check = (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0o777;
const isSize: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTarget: Check = (value) => typeof value === 'string' && value !== '' && !value.includes('\0');

const isOutput = isOneOf([
  shape({ kind: is('file'), path: isText, digest: isDigest, size: isSize, mode: isMode }),
  shape({ kind: is('link'), path: isText, target: isTarget }),
  shape({ kind: is('directory'), path: isText, mode: isMode }),
]);
const isInput = isOneOf([
  shape({ path: isText, digest: isDigest, executable: isOneOf([is(true), is(false)]) }),
  shape({ path: isText, link: isTarget }),
  shape({ path: isText, names: isDigest }),
  shape({ path: isText, here: isOneOf([is('directory'), is('other'), is('nothing')]) }),
]);
const areInputs = isListOf(isInput);
const checks: Readonly<Record<keyof Omit<ActionRecord, 'inputs'>, Check>> = {
  version: is(1),
  key: isDigest,
  task: shape({ package: isText, name: isText, command: isListOf(isText) }),
  outputs: isListOf(isOutput),
  log: isOneOf([is(null), isDigest]),
  durationMs: (value) => Number.isFinite(value) && (value as number) >= 0,
  createdAt: (value) => typeof value === 'string' && isMoment(value),
  fields: (value) => isObject(value) && Object.values(value).every(isText),
};
const names = Object.keys(checks) as readonly (keyof typeof checks)[];

/** The record, with its entries in the one order that records have. Throws `bad_bytes` that says what is wrong. */
export function checkedRecord(value: unknown): ActionRecord {
  if (!isObject(value)) throw refused(`must be an object, not ${describe(value)}`);
  const { inputs, ...rest } = value;
  return { ...checkedOutcome(rest), inputs: checkedInputs(inputs) };
}

/** The same for a record without its inputs. */
export function checkedOutcome(value: Readonly<Record<string, unknown>>): Omit<ActionRecord, 'inputs'> {
  const wrong = names.find((name) => !checks[name](value[name]));
  if (wrong !== undefined) throw refused(`has a wrong '${wrong}'`);
  if (Object.keys(value).length > names.length) throw refused('has a name too many');
  const outcome = value as unknown as Omit<ActionRecord, 'inputs'>;
  const outputs = sorted(outcome.outputs);
  noneInsideAnother(outputs);
  oneSizeEach(outputs);
  return outputs === outcome.outputs ? outcome : { ...outcome, outputs };
}

/** The same for the inputs of a record. */
export function checkedInputs(value: unknown): readonly InputEntry[] {
  if (!areInputs(value)) throw refused(`has a wrong 'inputs'`);
  return sorted(value as readonly InputEntry[]);
}

function sorted<T extends InputEntry | OutputEntry>(entries: readonly T[]): readonly T[] {
  for (const entry of entries) if (!isWorkspaceListed(entry)) checkedPath(entry.path);
  const inOrder = entries.every(({ path }, i) => i === 0 || bytewise(entries[i - 1].path, path) < 0)
    ? entries
    : sortedByBytes(entries, ({ path }) => path);
  const twice = inOrder === entries ? undefined : inOrder.find(({ path }, i) => path === inOrder[i - 1]?.path);
  if (twice) throw refused(`names ${describe(twice.path)} twice`);
  return inOrder;
}

/** The names in the workspace itself: its path has no name, and nothing is ever written there by it. */
function isWorkspaceListed(entry: InputEntry | OutputEntry): boolean {
  return entry.path === '.' && 'names' in entry;
}

/** An output below a file or a link would be written somewhere else; a directory that is named is empty. */
function noneInsideAnother(outputs: readonly OutputEntry[]): void {
  const paths = new Set(outputs.map(({ path }) => path));
  const parents = new Set<string>();
  for (const { path } of outputs)
    for (let end = path.lastIndexOf('/'); end >= 0; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end);
      if (parents.has(parent)) break; // and so all above it
      if (paths.has(parent)) throw refused(`has ${describe(path)} inside another output`);
      parents.add(parent);
    }
}

function oneSizeEach(outputs: readonly OutputEntry[]): void {
  const sizes = new Map<string, number>();
  for (const output of outputs) {
    if (output.kind !== 'file') continue;
    if ((sizes.get(output.digest) ?? output.size) !== output.size) throw refused('gives one digest two sizes');
    sizes.set(output.digest, output.size);
  }
}

function isMoment(text: string): boolean {
  const moment = new Date(text);
  return !Number.isNaN(moment.getTime()) && moment.toISOString() === text;
}

function refused(why: string): TidemarkError {
  return new TidemarkError('bad_bytes', `a record ${why}`);
}
