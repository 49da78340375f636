/** Keeping what a run has made, if it can be told what that is and what it rests on; else saying why not. */
import { changedBeside, entriesNow, writtenBefore, writtenBeside } from './beside.ts';
import { madeOf, UNFINISHED } from './bring-back.ts';
import type { BuildContext } from './build-context.ts';
import { isEmptyLog } from './command-log.ts';
import { bytewise } from './digest.ts';
import type { Execution } from './execution.ts';
import { type Candidate, candidateBy, declaredSpec, type Facts, factsOf } from './fingerprint.ts';
import { inWorkspace } from './finding.ts';
import { foundOutputs, some, type SeenWrites, writesIn } from './found-outputs.ts';
import type { InputSpec } from './input-spec.ts';
import { madeDigest } from './key.ts';
import type { LocalState, Made } from './local-state.ts';
import { outputEntries } from './output-entries.ts';
import { outputsByGlobs } from './output-globs.ts';
import type { Overlap } from './overlap.ts';
import type { ActionRecord } from './record.ts';
import { identityOf, workOf } from './resolved-task.ts';
import type { NotStored, RunResult } from './run-result.ts';
import { differences } from './why.ts';

/** The part of a result that says what was kept. */
export interface Kept extends Pick<
  RunResult,
  'key' | 'stored' | 'notStored' | 'differs' | 'inputs' | 'outputs' | 'made' | 'notes'
> {
  /** How long keeping it took. */
  readonly storeMs?: number;
}

/** What is said of a run of which nothing is kept. */
export function notKept(reason: NotStored, text: string, more: Partial<Kept> = {}): Kept {
  const nothing = { count: 0, found: 'unknown' } as const;
  return { key: null, inputs: nothing, outputs: 0, made: null, notes: [], ...more, notStored: { reason, text } };
}

/** Keep it, or say why not. `declared`: declared inputs, as they were before it ran. */
export async function keepResult(
  facts: Facts,
  declared: Candidate | undefined,
  execution: Execution & { readonly overlap: Overlap },
  context: BuildContext,
): Promise<Kept> {
  const { ended } = execution;
  const key = declared?.key ?? null;
  if (ended.signal !== null) return notKept('failed', `the command was ended by ${ended.signal}`, { key });
  if (ended.exitCode !== 0) return notKept('failed', `the command failed with exit code ${ended.exitCode}`, { key });
  if (ended.leftBehind) return notKept('left behind', 'processes that it started go on', { key });
  if (execution.unseen !== undefined) return notKept('outputs unclear', execution.unseen, { key });
  const { log } = ended;
  if (log === 'too long') return notKept('log too long', 'it printed more than is kept', { key });
  try {
    return await kept(facts, declared, { ...execution, log }, context);
  } catch (error) {
    // Whatever it is: the command has done its work.
    const text = error instanceof Error ? error.message : String(error);
    context.settings.onTrouble(text);
    return notKept('store failed', text, { key });
  }
}

async function kept(
  facts: Facts,
  declared: Candidate | undefined,
  execution: Execution & { readonly overlap: Overlap; readonly log: Uint8Array },
  context: BuildContext,
): Promise<Kept> {
  const began = performance.now();
  const { task } = facts;
  const { store, settings, sharing } = context;
  const state = context.stateOf(task.workspace);
  if (execution.observed?.complete && execution.observed.inGit)
    return notKept('inputs unclear', 'it reads the state of git, which every commit changes: say what it reads');
  const seen = seenWrites(execution);
  const earlier = [...state.madeByTask(identityOf(task), workOf(task, facts.fields))];
  const made = outputsOf(facts, seen, writtenBefore(earlier));
  if (made.refusal !== undefined) {
    if (made.suspects) rememberSuspects(facts, made.suspects, earlier[0], state);
    return notKept('outputs unclear', made.refusal);
  }

  const beside = declared || !seen ? [] : writtenBeside(task, seen, made.paths);
  const strange = seen ? changedBeside(task, seen, beside, writtenBefore(earlier)) : [];
  if (strange.length > 0)
    return notKept('inputs changed', `it changes what it may read, and what is no output: ${some(strange)}`);
  const own = [...new Set([...made.paths.map((path) => inWorkspace(task.rootPath, path)), ...beside])];
  const inputs = inputsOf(facts, declared, execution, context, own.toSorted(bytewise));
  if ('refusal' in inputs) return notKept(inputs.reason, inputs.refusal);
  const others = changedFields(facts, context);
  if (others.length > 0) return notKept('inputs changed', `inputs changed while it ran: ${some(others)}`);
  const { candidate } = inputs;
  const outputs = outputEntries(task.root, made.paths, (path) => store.putFile(path));
  const isTold = candidate.spec.kind !== 'everything';
  const doubt = execution.overlap.doubt('same') ?? (isTold ? undefined : execution.overlap.doubt('any'));
  if (doubt !== undefined) return notKept('others ran', doubt);
  const record: ActionRecord = {
    version: 1,
    key: candidate.key,
    task: { package: task.package, name: task.name, command: wordsOf(task.command) },
    inputs: candidate.inputs,
    outputs,
    log: isEmptyLog(execution.log) ? null : store.putBytes(execution.log).digest,
    durationMs: execution.ended.durationMs,
    createdAt: new Date(settings.clock.now()).toISOString(),
    fields: facts.fields,
  };
  const stored = store.store(record);
  if (!declared) store.addSpec(facts.weak, candidate.spec);
  // Where another result of the same key stays, that is what the next run brings back, and this is stale then.
  const key = stored.stored === 'conflict' ? UNFINISHED : record.key;
  const all = madeOf(task, record, outputs, entriesNow(task.workspace, beside));
  state.remember(workOf(task, facts.fields), key, all);
  sharing.upload(record, declared ? undefined : facts.weak);
  const { kind } = candidate.spec;
  return {
    key: record.key,
    stored: stored.stored,
    ...(stored.stored === 'conflict' && {
      differs: [...stored.differs, ...(stored.log ? ['(what it prints)'] : [])],
    }),
    inputs: { count: candidate.inputs.length, found: kind === 'globs' ? 'declared' : kind },
    outputs: outputs.length,
    made: madeDigest(record.key, outputs),
    storeMs: performance.now() - began,
    notes: [],
  };
}

/** What may have been made: if the next run changes it as well, it wasn't somebody else. */
function rememberSuspects(
  { task, fields }: Facts,
  paths: readonly string[],
  made: Made | undefined,
  state: LocalState,
): void {
  const beside = [...(made?.beside ?? []), ...entriesNow(task.workspace, paths)];
  state.remember(workOf(task, fields), UNFINISHED, madeOf(task, { inputs: [] }, made?.outputs ?? [], beside));
}

/** What was made, from the package. */
function outputsOf(
  { task, collected }: Facts,
  seen: SeenWrites | undefined,
  earlier: ReadonlySet<string>,
): ReturnType<typeof foundOutputs> {
  if (task.outputs !== undefined)
    return { paths: outputsByGlobs(task.root, task.outputs, { exclude: task.excludedOutputs }) };
  const known = { globs: collected?.outputs ?? [], earlier };
  return foundOutputs(task, seen ?? { created: [], changed: [], deleted: [], attributed: false }, known);
}

/** The writes of the task, if it was watched; else all that were made while it ran. */
function seenWrites({ observed, changes, before }: Execution): SeenWrites | undefined {
  if (observed?.complete === true) {
    const changed = new Set(observed.readThenWritten);
    const created = observed.written.filter((path) => !changed.has(path));
    return { created, changed: [...changed], deleted: observed.removed, attributed: true };
  }
  return changes && writesIn(changes, (path) => before?.get(path)?.kind === 'directory');
}

type FoundInputs = { readonly candidate: Candidate } | { readonly reason: NotStored; readonly refusal: string };

/** What was read, and whether it is as it was before. */
function inputsOf(
  facts: Facts,
  declared: Candidate | undefined,
  execution: Execution,
  context: BuildContext,
  own: readonly string[],
): FoundInputs {
  const { task } = facts;
  const { index } = context.stateOf(task.workspace);
  if (declared) return declaredInputs(facts, declared, context);
  const { observed } = execution;
  if (observed?.complete === true) {
    const changed = changedByOthers(execution, new Set(own), observed);
    if (changed.length > 0)
      return { reason: 'inputs changed', refusal: `inputs changed while it ran: ${some(changed)}` };
    const { paths, listed } = observed;
    const spec: InputSpec = { kind: 'observed', exclude: task.exclude, own, paths, listed };
    return { candidate: candidateBy(spec, facts, index) };
  }
  const spec: InputSpec = { kind: 'everything', exclude: task.exclude, own };
  return { candidate: candidateBy(spec, facts, index) };
}

function declaredInputs(facts: Facts, before: Candidate, context: BuildContext): FoundInputs {
  const { task } = facts;
  const { index } = context.stateOf(task.workspace);
  const candidate = candidateBy(declaredSpec(task), facts, index);
  if (before.key === candidate.key) return { candidate };
  const changed = differences(
    { key: before.key, inputs: before.inputs, fields: facts.fields },
    { key: candidate.key, inputs: candidate.inputs, fields: facts.fields },
  ).map(({ name }) => name);
  return { reason: 'inputs changed', refusal: `inputs changed while it ran: ${some(changed)}` };
}

/** What else the key is made of, and isn't any more as it was before the task ran. */
function changedFields({ task, fields, weak }: Facts, context: BuildContext): readonly string[] {
  const now = factsOf(task, context.stateOf(task.workspace).index, context.settings.environment);
  const before = { key: weak, inputs: [], fields };
  return differences(before, { key: now.weak, inputs: [], fields: now.fields }).map(({ name }) => name);
}

/** What the task had read, and what somebody else changed while it ran. */
function changedByOthers(
  { changes }: Execution,
  own: ReadonlySet<string>,
  { paths, listed }: { readonly paths: readonly string[]; readonly listed: readonly string[] },
): readonly string[] {
  if (!changes) return [];
  const [read, names] = [new Set(paths), new Set(listed)];
  const isRead = (path: string): boolean => !own.has(path) && read.has(path);
  const isNamed = (path: string): boolean =>
    !own.has(path) && (read.has(path) || names.has(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.'));
  return [...changes.changed.filter(isRead), ...[...changes.created, ...changes.deleted].filter(isNamed)];
}

function wordsOf(command: readonly string[] | string): readonly string[] {
  return typeof command === 'string' ? [command] : command;
}
