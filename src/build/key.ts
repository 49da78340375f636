/** The key of a task: SHA-256 over everything that its result may depend on, field by field, each with its length. */
import { TidemarkError } from '../engine/errors.ts';
import { type Digest, digestOf, sortedByBytes } from './digest.ts';
import type { InputEntry, OutputEntry } from './record.ts';
import type { Surroundings } from './surroundings.ts';

/** The version of the rules by which keys are made. Another one, other keys. */
const KEY_SCHEMA = 1;

/** Everything that a task's result may depend on. */
export interface KeyParts {
  readonly package: string;
  readonly task: string;
  /** What runs, as `executableIdentity` names it: by content or package, never by a path. */
  readonly executable: string;
  readonly arguments: readonly string[];
  readonly inputs: readonly InputEntry[];
  /** What the tasks that it rests on made, by task: see {@link outputsDigest}. Unchanged outputs leave the key as it is. */
  readonly dependencies?: Readonly<Record<string, Digest>>;
  /** What the lockfile pins for this package; `null` where there is none. */
  readonly lockfile: Digest | null;
  /** Configuration files by path; `null` for one that is absent. */
  readonly configs?: Readonly<Record<string, Digest | null>>;
  /** Environment variables and the platform. */
  readonly surroundings: Surroundings;
}

/** The key of a task. Equal parts, in whatever order they were found, have equal keys; other parts have others. */
export function keyOf(parts: KeyParts): Digest {
  return keyOfFields(describeKey(parts), parts.inputs);
}

/**
 * Everything but the inputs, by name, as a record keeps it for `why`. The key is made of these and the inputs alone, so
 * a record's key can be worked out again: see {@link keyOfFields}. Values of environment variables are kept as digests,
 * since they may be secrets; only `NODE_ENV` is kept as it is.
 */
export function describeKey(parts: KeyParts): Readonly<Record<string, string>> {
  const { dependencies = {}, configs = {}, surroundings } = parts;
  const { environment, ...machine } = surroundings;
  const fields: [name: string, value: string][] = [
    ['schema', String(KEY_SCHEMA)],
    ['package', parts.package],
    ['task', parts.task],
    ['executable', parts.executable],
    ['arguments', JSON.stringify(parts.arguments)],
    ['lockfile', parts.lockfile ?? 'absent'],
  ];
  for (const [name, value] of Object.entries(machine)) fields.push([name, value]);
  for (const [name, value] of Object.entries(environment)) fields.push([`env:${name}`, variable(name, value)]);
  for (const [path, digest] of Object.entries(configs)) fields.push([`config:${path}`, digest ?? 'absent']);
  for (const [task, digest] of Object.entries(dependencies)) fields.push([`dependency:${task}`, digest]);
  return Object.fromEntries(sortedByBytes(fields, ([name]) => name));
}

/** The key that these fields and inputs have: what a record says of its own key can be checked with it. */
export function keyOfFields(fields: Readonly<Record<string, string>>, inputs: readonly InputEntry[]): Digest {
  const names = sortedByBytes(Object.entries(fields), ([name]) => name).flat();
  const files: string[] = [];
  for (const input of sortedByBytes(inputs, ({ path }) => path)) {
    if ('link' in input) files.push('link', input.path, input.link);
    else if ('names' in input) files.push('names', input.path, input.names);
    else if ('here' in input) files.push('here', input.path, input.here);
    else files.push(input.executable ? 'executable' : 'file', input.path, input.digest);
  }
  return framed(`tidemark build key ${KEY_SCHEMA}`, [names, files]);
}

/** One digest for what a task made: paths, content, modes and links, whatever order they come in. */
export function outputsDigest(outputs: readonly OutputEntry[]): Digest {
  const entries = sortedByBytes(outputs, ({ path }) => path).flatMap((output) => {
    if (output.kind === 'file') return ['file', output.path, output.digest, String(output.mode)];
    if (output.kind === 'link') return ['link', output.path, output.target];
    return ['directory', output.path, String(output.mode)];
  });
  return framed('tidemark build outputs 1', [entries]);
}

/**
 * What a task that ran hands to those that rest on it: what it made; or, where it makes nothing, all that went into it: who
 * rests on a check has a reason to, and may read what that has read.
 */
export function madeDigest(key: Digest, outputs: readonly OutputEntry[]): Digest {
  return outputs.length === 0 ? key : outputsDigest(outputs);
}

/**
 * Lists of texts, hashed so that nothing can move from one text or list into the next: a list is led by its count, a text
 * by its length in bytes.
 */
function framed(tag: string, lists: readonly (readonly string[])[]): Digest {
  let text = frame(tag);
  for (const list of lists) {
    text += `${list.length};`;
    for (const value of list) text += frame(value);
  }
  // One look at the whole, and one update, since there may be many thousand texts.
  if (/\p{Surrogate}/u.test(text)) lists.flat().forEach(refuseIllFormed);
  return digestOf(text);
}

function frame(text: string): string {
  return `${Buffer.byteLength(text)}:${text}`;
}

/** Such text has no UTF-8: two different ones would be hashed as the same. */
function refuseIllFormed(value: string): void {
  if (/\p{Surrogate}/u.test(value))
    throw new TidemarkError('bad_value', `${JSON.stringify(value)} can't be part of a key: it isn't well-formed`);
}

function variable(name: string, value: string | null): string {
  if (value === null) return 'unset';
  return name === 'NODE_ENV' ? `=${value}` : `set, sha256 ${digestOf(wellFormed(name, value))}`;
}

function wellFormed(name: string, value: string): string {
  if (/\p{Surrogate}/u.test(value)) throw new TidemarkError('bad_value', `the value of ${name} isn't well-formed text`);
  return value;
}
