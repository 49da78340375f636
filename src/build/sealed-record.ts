/** The text of a record in a file: canonical, with its own digest; its inputs, which only `why` needs, on a line of their own. */
import { checkedInputs, checkedOutcome, checkedRecord } from './checked-record.ts';
import { canonicalJson, type Digest, digestOf } from './digest.ts';
import type { ActionRecord, InputEntry } from './record.ts';
import { opened, seal } from './sealed.ts';
import { isObject } from './shape.ts';

/** The text that stands for this record, and for no other. Throws `bad_bytes` if it isn't one. */
export function sealed(record: ActionRecord): string {
  const { inputs, ...outcome } = checkedRecord(record);
  const json = canonicalJson(inputs);
  return `${seal('record', { ...outcome, inputs: digestOf(json) })}\n${json}`;
}

/** The record in a text in UTF-8, or nothing if the text isn't exactly what was written. */
export function unsealed(text: Buffer): ActionRecord | undefined {
  const record = restorable(text);
  return record && hasInputs(record) ? { ...record } : undefined;
}

/** Whether what {@link restorable} answered is whole. */
export function hasInputs(record: ActionRecord): boolean {
  try {
    return record.inputs.length >= 0;
  } catch {
    return false;
  }
}

/**
 * The same for whoever won't ask for the inputs: they are compared with their digest, and parsed when they are asked for,
 * which takes as long as all the rest. What has the right digest and still is no list of inputs throws `bad_bytes` then.
 */
export function restorable(text: Buffer): ActionRecord | undefined {
  const end = text.indexOf('\n');
  const [record, json] = [opened('record', text.subarray(0, end)), text.subarray(end + 1)];
  if (end < 0 || !isObject(record)) return undefined;
  const { inputs: digest, ...outcome } = record;
  if (digestOf(json) !== digest) return undefined;
  let inputs: readonly InputEntry[] | undefined;
  try {
    return {
      ...checkedOutcome(outcome),
      get inputs(): readonly InputEntry[] {
        return (inputs ??= checkedInputs(JSON.parse(json.toString())));
      },
    };
  } catch {
    return undefined;
  }
}

/** A blob that a record names, with its size in bytes where the record knows it. */
export interface NamedBlob {
  readonly digest: Digest;
  readonly size?: number | undefined;
}

/** Every blob that a record names, each once. */
export function blobsOf({ outputs, log }: ActionRecord): Iterable<NamedBlob> {
  const blobs = new Map<Digest, NamedBlob>();
  if (log !== null) blobs.set(log, { digest: log });
  for (const output of outputs) if (output.kind === 'file') blobs.set(output.digest, output);
  return blobs.values();
}

/** The digest of what came out: two runs of one task should agree on it. */
export function resultOf(record: ActionRecord): Digest {
  return digestOf(canonicalJson({ outputs: record.outputs, log: record.log }));
}

/** The paths at which the outputs of two records differ. */
export function differingPaths(a: ActionRecord, b: ActionRecord): readonly string[] {
  const before = new Map(a.outputs.map((output) => [output.path, canonicalJson(output)]));
  const after = new Map(b.outputs.map((output) => [output.path, canonicalJson(output)]));
  return [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));
}
