/** Whether something is a record: every name, every type, every path, in the one order, and nothing else. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { checkedPath } from './checked-path.ts';
import { bytewise, isDigest } from './digest.ts';
import type { ActionRecord, InputEntry, OutputEntry } from './record.ts';

type Check = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Check>>;

const isText: Check = (value) => typeof value === 'string';
const isMode: Check = (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0o777;
const isSize: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isTarget: Check = (value) => typeof value === 'string' && value !== '' && !value.includes('\0');
const is =
  (word: unknown): Check =>
  (value) =>
    value === word;

const outputShapes: Readonly<Record<OutputEntry['kind'], Shape>> = {
  file: { kind: is('file'), path: isText, digest: isDigest, size: isSize, mode: isMode },
  link: { kind: is('link'), path: isText, target: isTarget },
  directory: { kind: is('directory'), path: isText, mode: isMode },
};
const inputFile: Shape = { path: isText, digest: isDigest, executable: (value) => typeof value === 'boolean' };
const inputLink: Shape = { path: isText, link: isTarget };
const taskShape: Shape = {
  package: isText,
  name: isText,
  command: (value) => Array.isArray(value) && value.every(isText),
};
const recordShape: Shape = {
  version: is(1),
  key: isDigest,
  task: (value) => hasShape(value, taskShape),
  inputs: (value) => Array.isArray(value) && value.every(isInput),
  outputs: (value) => Array.isArray(value) && value.every(isOutput),
  log: (value) => value === null || isDigest(value),
  durationMs: (value) => Number.isFinite(value) && (value as number) >= 0,
  createdAt: (value) => typeof value === 'string' && isMoment(value),
  fields: (value) => isObject(value) && Object.values(value).every(isText),
};

/** The record, with its entries in the one order that records have. Throws `bad_bytes` that says what is wrong. */
export function checkedRecord(value: unknown): ActionRecord {
  if (!isObject(value)) throw refused(`must be an object, not ${describe(value)}`);
  const wrong = Object.keys(recordShape).find((name) => !recordShape[name](value[name]));
  if (wrong !== undefined) throw refused(`has a wrong '${wrong}'`);
  if (!hasShape(value, recordShape)) throw refused('has a name too many');
  const record = value as unknown as ActionRecord;
  const [inputs, outputs] = [sorted(record.inputs), sorted(record.outputs)];
  noneInsideAnother(outputs);
  oneSizeEach(outputs);
  return { ...record, inputs, outputs };
}

function sorted<T extends InputEntry | OutputEntry>(entries: readonly T[]): readonly T[] {
  for (const { path } of entries) checkedPath(path);
  const inOrder = entries.toSorted((a, b) => bytewise(a.path, b.path));
  const twice = inOrder.find(({ path }, i) => i > 0 && path === inOrder[i - 1].path);
  if (twice) throw refused(`names ${describe(twice.path)} twice`);
  return inOrder;
}

/** An output below a file or a link would be written somewhere else; a directory that is named is empty. */
function noneInsideAnother(outputs: readonly OutputEntry[]): void {
  const paths = new Set(outputs.map(({ path }) => path));
  for (const { path } of outputs)
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1))
      if (paths.has(path.slice(0, end))) throw refused(`has ${describe(path)} inside another output`);
}

function oneSizeEach(outputs: readonly OutputEntry[]): void {
  const sizes = new Map<string, number>();
  for (const output of outputs) {
    if (output.kind !== 'file') continue;
    if ((sizes.get(output.digest) ?? output.size) !== output.size) throw refused('gives one digest two sizes');
    sizes.set(output.digest, output.size);
  }
}

function isInput(value: unknown): boolean {
  return hasShape(value, inputFile) || hasShape(value, inputLink);
}

function isOutput(value: unknown): boolean {
  return Object.values(outputShapes).some((shape) => hasShape(value, shape));
}

function isMoment(text: string): boolean {
  const moment = new Date(text);
  return !Number.isNaN(moment.getTime()) && moment.toISOString() === text;
}

function hasShape(value: unknown, shape: Shape): boolean {
  if (!isObject(value)) return false;
  const names = Object.keys(shape);
  return Object.keys(value).length === names.length && names.every((name) => shape[name](value[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(why: string): TidemarkError {
  return new TidemarkError('bad_bytes', `a record ${why}`);
}
