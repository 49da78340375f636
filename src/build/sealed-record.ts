/** The text of a record in a file: canonical, with its own digest, so that no changed byte goes unnoticed. */
import { checkedRecord } from './checked-record.ts';
import { canonicalJson, type Digest, digestOf } from './digest.ts';
import type { ActionRecord } from './record.ts';

const BEFORE = '{"record":';
const BETWEEN = ',"sha256":"';
const AFTER = '"}';

/** The text that stands for this record, and for no other. Throws `bad_bytes` if it isn't one. */
export function sealed(record: ActionRecord): string {
  return around(canonicalJson(checkedRecord(record)));
}

/** The record in a text, or nothing if the text isn't exactly what was written. */
export function unsealed(text: string): ActionRecord | undefined {
  const json = text.slice(BEFORE.length, -(BETWEEN.length + 64 + AFTER.length));
  if (around(json) !== text) return undefined;
  try {
    return checkedRecord(JSON.parse(json));
  } catch {
    return undefined;
  }
}

function around(json: string): string {
  return BEFORE + json + BETWEEN + digestOf(json) + AFTER;
}

/** Every blob that a record names, each once, with its size where the record knows it. */
export function blobsOf(record: ActionRecord): ReadonlyMap<Digest, number | undefined> {
  const blobs = new Map<Digest, number | undefined>();
  if (record.log !== null) blobs.set(record.log, undefined);
  for (const output of record.outputs) if (output.kind === 'file') blobs.set(output.digest, output.size);
  return blobs;
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
