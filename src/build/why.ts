/** Why a task's result isn't there: what differs between a result that is remembered and what is wanted now. */
import { sortedByBytes } from './digest.ts';
import type { ActionRecord, InputEntry } from './record.ts';

/** What a key is made of. */
export interface Wanted {
  readonly key: string;
  readonly inputs: readonly InputEntry[];
  readonly fields: Readonly<Record<string, string>>;
}

/** One thing that differs, with a sentence that says so. */
export interface Difference {
  readonly what: 'input' | 'field';
  readonly change: 'added' | 'removed' | 'changed';
  /** The input's path, or the field's name. */
  readonly name: string;
  readonly text: string;
}

/** What differs, fields first, each in bytewise order of the names; nothing when the keys are the same. */
export function differences(
  before: Pick<ActionRecord, 'key' | 'inputs' | 'fields'>,
  now: Wanted,
): readonly Difference[] {
  if (before.key === now.key) return [];
  return [
    ...compared('field', new Map(Object.entries(before.fields)), new Map(Object.entries(now.fields)), fieldText),
    ...compared('input', byPath(before.inputs), byPath(now.inputs), inputText),
  ];
}

/**
 * The remembered result of the same task that has the most inputs in common with what is wanted; of several such the one
 * with the most fields in common, then the latest. `undefined` when the task has none.
 */
export function nearestRecord(
  records: Iterable<ActionRecord>,
  task: { readonly package: string; readonly name: string },
  now: Wanted,
): ActionRecord | undefined {
  const inputs = new Set(now.inputs.map(spelt));
  let nearest: { readonly record: ActionRecord; readonly nearness: readonly [number, number, string] } | undefined;
  for (const record of records) {
    if (record.task.package !== task.package || record.task.name !== task.name) continue;
    const common = record.inputs.filter((input) => inputs.has(spelt(input))).length;
    const union = inputs.size + record.inputs.length - common;
    const fields = Object.entries(record.fields).filter(([name, value]) => now.fields[name] === value).length;
    const nearness = [union === 0 ? 1 : common / union, fields, record.createdAt] as const;
    if (nearest === undefined || isGreater(nearness, nearest.nearness)) nearest = { record, nearness };
  }
  return nearest?.record;
}

type Texts<T> = (name: string, before: T, now: T) => string;

function compared<T>(
  what: Difference['what'],
  before: ReadonlyMap<string, T>,
  now: ReadonlyMap<string, T>,
  textOf: Texts<T>,
): readonly Difference[] {
  const names = sortedByBytes([...new Set([...before.keys(), ...now.keys()])], (name) => name);
  return names.flatMap((name): readonly Difference[] => {
    const [old, present] = [before.get(name), now.get(name)];
    if (old === undefined) return [{ what, change: 'added', name, text: `${subject(what, name)} is new` }];
    if (present === undefined) return [{ what, change: 'removed', name, text: `${subject(what, name)} is gone` }];
    const text = textOf(name, old, present);
    return text === '' ? [] : [{ what, change: 'changed', name, text }];
  });
}

function subject(what: Difference['what'], name: string): string {
  if (what === 'input') return `input ${JSON.stringify(name)}`;
  const [, kind, rest] = /^(env|config|dependency):(.*)$/s.exec(name) ?? [];
  if (kind === 'env') return `environment variable ${rest}`;
  if (kind === 'config') return `configuration file ${JSON.stringify(rest)}`;
  if (kind === 'dependency') return `the output of ${rest}`;
  return name;
}

/** Digests say nothing to a reader; other values are shown. */
function fieldText(name: string, before: string, now: string): string {
  if (before === now) return '';
  const shown = [before, now].map((value) => value.replaceAll(/\b[0-9a-f]{64}\b/g, (digest) => digest.slice(0, 8)));
  return `${subject('field', name)} changed from ${shown[0]} to ${shown[1]}`;
}

function inputText(path: string, before: InputEntry, now: InputEntry): string {
  if (spelt(before) === spelt(now)) return '';
  const name = subject('input', path);
  if ('names' in before && 'names' in now) return `the names in ${JSON.stringify(path)} changed`;
  if ('link' in before && 'link' in now)
    return `${name} links to ${JSON.stringify(now.link)} instead of ${JSON.stringify(before.link)}`;
  if ('here' in now && now.here === 'nothing') return `${name} isn't there any more`;
  if ('here' in before && before.here === 'nothing') return `${name} is there now`;
  if ('link' in now) return `${name} is a symbolic link now`;
  if (nounOf(before) === 'directory' && nounOf(now) === 'directory')
    return `the names in ${JSON.stringify(path)} ${'names' in now ? 'count now' : 'no longer count'}`;
  if (!('digest' in before && 'digest' in now)) return `${name} is a ${nounOf(now)} now, no ${nounOf(before)}`;
  if (before.digest !== now.digest) return `${name} changed`;
  return `${name} is ${now.executable ? '' : 'no longer '}executable${now.executable ? ' now' : ''}`;
}

function byPath(inputs: readonly InputEntry[]): ReadonlyMap<string, InputEntry> {
  return new Map(inputs.map((input) => [input.path, input]));
}

/** Text that is the same for the same input, whatever the order of its names. */
function spelt(input: InputEntry): string {
  if ('link' in input) return JSON.stringify(['link', input.path, input.link]);
  if ('names' in input) return JSON.stringify(['names', input.path, input.names]);
  if ('here' in input) return JSON.stringify(['here', input.path, input.here]);
  return JSON.stringify(['file', input.path, input.digest, input.executable]);
}

function nounOf(input: InputEntry): string {
  if ('link' in input) return 'symbolic link';
  if ('names' in input) return 'directory';
  if ('here' in input) return input.here === 'directory' ? 'directory' : 'special file';
  return 'file';
}

function isGreater(a: readonly [number, number, string], b: readonly [number, number, string]): boolean {
  for (const i of [0, 1, 2]) if (a[i] !== b[i]) return a[i] > b[i];
  return false;
}
