/** Finding what is kept of a task: by declared inputs, or by each way that is known to find them; here, then in remotes. */
import { resolve } from 'node:path';
import { TidemarkError } from '../engine/errors.ts';
import type { BuildContext } from './build-context.ts';
import { type Candidate, candidateBy, declaredSpec, type Facts } from './fingerprint.ts';
import type { InputSpec } from './input-spec.ts';
import type { LocalState } from './local-state.ts';
import type { ActionRecord, OutputEntry } from './record.ts';
import type { MissReason } from './records.ts';
import { workOf } from './resolved-task.ts';

/** A result, and by which inputs. */
export interface Found {
  readonly candidate: Candidate;
  readonly record: ActionRecord;
}

/** What was looked for, and perhaps found. */
export interface Finding {
  /** By each spec that is known, the most promising first. */
  readonly candidates: readonly Candidate[];
  readonly found?: Found;
  /** Why the first candidate isn't there. */
  readonly reason: MissReason;
}

/** Look everywhere. */
export async function findResult(facts: Facts, context: BuildContext, signal?: AbortSignal): Promise<Finding> {
  const { store, sharing } = context;
  const state = context.stateOf(facts.task.workspace);
  const here = lookup(facts, context, state, isDeclared(facts) ? [declaredSpec(facts.task)] : store.specs(facts.weak));
  if (here.found || !sharing.isAny) return here;
  // A remote may know the key; or a way to find inputs that nobody here knows.
  for (const { key } of here.candidates) await sharing.fetchRecord(key, signal);
  if (here.candidates.some(({ key }) => store.lookup(key).record)) return again(here, context);
  if (isDeclared(facts)) return here;
  await sharing.fetchSpecs(facts.weak, signal);
  const known = new Set(here.candidates.map(({ key }) => key));
  const there = lookup(facts, context, state, store.specs(facts.weak));
  for (const { key } of there.candidates) if (!known.has(key)) await sharing.fetchRecord(key, signal);
  return again(there, context);
}

/** What is known here alone. */
export function findHere(facts: Facts, context: BuildContext): Finding {
  const specs = isDeclared(facts) ? [declaredSpec(facts.task)] : context.store.specs(facts.weak);
  return lookup(facts, context, context.stateOf(facts.task.workspace), specs);
}

/** Whether the task says what it reads. */
export function isDeclared({ task }: Facts): boolean {
  return task.inputs !== undefined;
}

function lookup(facts: Facts, context: BuildContext, state: LocalState, specs: readonly InputSpec[]): Finding {
  const mine = specs.length === 0 || isDeclared(facts) ? [] : ownOf(facts, state);
  const candidates: Candidate[] = [];
  let reason: MissReason = 'absent';
  for (const spec of specs) {
    const full =
      spec.kind === 'globs' ? spec : { ...spec, own: [...spec.own, ...stillMine(spec.own, mine, facts, state)] };
    const candidate = candidateOf(full, facts, state);
    if (!candidate) continue;
    candidates.push(candidate);
    const { record, reason: why } = context.store.lookup(candidate.key);
    if (record) return { candidates, found: { candidate, record }, reason };
    if (candidates.length === 1) reason = why;
  }
  return { candidates, reason };
}

/** What somebody else's run has read may be out of reach here: then it can't come out as it did there. */
function candidateOf(spec: InputSpec, facts: Facts, { index }: LocalState): Candidate | undefined {
  try {
    return candidateBy(spec, facts, index);
  } catch (error) {
    if (spec.kind === 'globs' || !(error instanceof TidemarkError)) throw error;
    return undefined;
  }
}

function again(finding: Finding, { store }: BuildContext): Finding {
  for (const candidate of finding.candidates) {
    const { record } = store.lookup(candidate.key);
    if (record) return { ...finding, found: { candidate, record } };
  }
  return finding;
}

/** What this task made here last: stale or not, it is no input of its own maker. */
function ownOf({ task, fields }: Facts, state: LocalState): readonly OutputEntry[] {
  return state.made(workOf(task, fields))?.all().outputs ?? [];
}

/** What of it isn't known to be the task's own anyway, by paths from the workspace, unless somebody has changed it since. */
function stillMine(
  own: readonly string[],
  mine: readonly OutputEntry[],
  { task }: Facts,
  { index }: LocalState,
): readonly string[] {
  const known = new Set(own);
  return mine.flatMap((entry) => {
    const path = inWorkspace(task.rootPath, entry.path);
    if (known.has(path)) return [];
    const found = index.look(resolve(task.workspace, path));
    const isMine =
      found === undefined ||
      found.kind === 'directory' ||
      (found.kind === 'file' && entry.kind === 'file' && found.digest === entry.digest) ||
      (found.kind === 'link' && entry.kind === 'link' && found.target === entry.target);
    return isMine ? [path] : [];
  });
}

/** A path from the package as one from the workspace. */
export function inWorkspace(rootPath: string, path: string): string {
  return rootPath === '' ? path : `${rootPath}/${path}`;
}
