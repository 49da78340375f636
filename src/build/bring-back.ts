/** Bringing back what is kept: outputs into the package, text to whoever watches. */
import { setTimeout as delay } from 'node:timers/promises';
import { TidemarkError } from '../engine/errors.ts';
import type { BuildContext } from './build-context.ts';
import { replayLog } from './command-log.ts';
import type { OnOutput } from './command.ts';
import { type Found, inWorkspace } from './finding.ts';
import { finishRestore } from './finish-restore.ts';
import { foreignWork } from './foreign-work.ts';
import type { InputSpec } from './input-spec.ts';
import { knownBy } from './known-digests.ts';
import type { LocalState, Made } from './local-state.ts';
import type { ActionRecord, Digest, OutputEntry } from './record.ts';
import { watchOverlap } from './overlap.ts';
import { planRestore } from './restore-plan.ts';
import { blobsOf } from './sealed-record.ts';
import { restore, type Restored } from './restore.ts';
import { identityOf, type ResolvedTask, workOf } from './resolved-task.ts';

/** What was done to the package. */
export type BroughtBack = Restored & { readonly left: readonly string[] };

/** How often a package is looked at that another process restores, in milliseconds. */
const ROUND = 20;

/** Nobody's key: what stands in the package may be of two results, and the next run looks at all of it. */
export const UNFINISHED: Digest = '0'.repeat(64);

/** Why a result isn't brought back. */
export interface NotBroughtBack {
  readonly refusal: string;
}

/**
 * Do it; or say why the command has to run: a blob is missing or damaged, something else is in the way, it can't be written.
 * The package is as it was then, or {@link settled} makes it whole. Rejects with `in_use` where another restores for too long.
 */
export async function bringBack(
  { record, candidate }: Found,
  task: ResolvedTask,
  context: BuildContext,
  { onOutput, signal }: { readonly onOutput: OnOutput | undefined; readonly signal: AbortSignal | undefined },
): Promise<BroughtBack | NotBroughtBack> {
  const log = await logOf(record, context, signal);
  const restored =
    log === undefined
      ? undefined
      : await attempted(() => restoreOutputs(record, task, context, signal, candidate.spec));
  // Where one is damaged, others may be: what is made now must not find them and count as stored.
  if (!restored) for (const { digest } of blobsOf(record)) context.store.checkBlob(digest);
  if (!restored) return { refusal: 'what is kept is damaged, or gone in part' };
  if ('kept' in restored && log) await replayLog(log, onOutput ?? (() => {}));
  return restored;
}

async function attempted(
  restoring: () => Promise<BroughtBack | NotBroughtBack | undefined>,
): Promise<BroughtBack | NotBroughtBack | undefined> {
  try {
    return await restoring();
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    if (error.code !== 'foreign_directory' && error.code !== 'store_failed') throw error;
    return { refusal: error.message };
  }
}

/** The outputs alone, without what was printed. With a `spec`, what may be somebody's own work is left alone. */
export async function restoreOutputs(
  record: ActionRecord,
  task: ResolvedTask,
  context: BuildContext,
  signal: AbortSignal | undefined,
  spec?: InputSpec,
): Promise<BroughtBack | NotBroughtBack | undefined> {
  try {
    return await settled(task, context, signal, () => restoreOnce(record, task, context, signal, spec));
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'bad_bytes') return undefined;
    throw error;
  }
}

/** Do something in a package of which no restore goes on: one that was cut short is finished first. Rejects with `in_use`. */
export async function settled<T>(
  task: ResolvedTask,
  context: BuildContext,
  signal: AbortSignal | undefined,
  then: () => T | Promise<T>,
): Promise<T> {
  const { directory: state } = context.stateOf(task.workspace);
  const deadline = performance.now() + context.settings.patience;
  for (;;) {
    try {
      finishRestore({ root: task.root, state });
      return await then();
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== 'in_use' || performance.now() > deadline) throw error;
    }
    // An abort has its own reason, which isn't that of a timer.
    await delay(ROUND, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

async function restoreOnce(
  record: ActionRecord,
  task: ResolvedTask,
  context: BuildContext,
  signal: AbortSignal | undefined,
  spec: InputSpec | undefined,
): Promise<BroughtBack | NotBroughtBack | undefined> {
  const { settings, store } = context;
  const state = context.stateOf(task.workspace);
  const work = workOf(task, record.fields);
  const made = state.made(work);
  const isSame = made?.key === record.key;
  const beside = isSame ? [] : (made?.all().beside ?? []);
  const earlier = isSame ? [] : notOthers(made?.all().outputs ?? [], task, state, work);
  const known = knownBy(state.index);
  const plan = planRestore({
    root: task.root,
    outputs: record.outputs,
    earlier,
    blobs: store,
    state: state.directory,
    known,
    links: settings.links,
  });
  const { outputs } = record;
  const all = (): Iterable<Made> => state.madeByTask(identityOf(task), work);
  const foreign = spec && foreignWork({ task, spec, outputs, steps: plan.steps, made: all, known });
  if (foreign !== undefined) return { refusal: `${JSON.stringify(foreign)} was changed by somebody, or isn't its own` };
  const wanted = new Map(
    plan.steps.flatMap((step) => (step.do === 'write' ? [[step.digest, step.size] as const] : [])),
  );
  if (!(await haveBlobs(wanted, context, signal))) return undefined;
  // Cut short, what was there and what is to be are both this task's own.
  if (!isSame) state.remember(work, UNFINISHED, madeOf(task, record, [...earlier, ...record.outputs], beside));
  const mtimes = settings.mtimes === 'now' ? 'now' : Date.parse(record.createdAt);
  // Whoever looks at what it makes itself has to know that not all of it is its own.
  const overlap = plan.steps.every((step) => step.do === 'keep')
    ? undefined
    : watchOverlap(state.directory, identityOf(task));
  let restored: Restored;
  try {
    const { verify, onProgress } = settings;
    restored = restore(plan, { blobs: store, state: state.directory, verify, known, mtimes, onProgress });
  } finally {
    overlap?.end();
  }
  if (!isSame) state.remember(work, record.key, madeOf(task, record, outputs, beside));
  return { ...restored, left: plan.left };
}

/** Of what a task made before, what no other task has made as well: it is theirs, too. */
function notOthers(
  earlier: readonly OutputEntry[],
  task: ResolvedTask,
  state: LocalState,
  work: string,
): readonly OutputEntry[] {
  if (earlier.length === 0) return earlier;
  const theirs = new Set<string>();
  for (const { root, outputs } of state.madeByOthers(work))
    for (const { path } of outputs) theirs.add(inWorkspace(root, path));
  return earlier.filter(({ path }) => !theirs.has(inWorkspace(task.rootPath, path)));
}

/** Whether all blobs are here, fetched from a remote if need be. */
async function haveBlobs(
  wanted: ReadonlyMap<Digest, number>,
  { store, sharing }: BuildContext,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const missing = [...wanted]
    .map(([digest, size]) => ({ digest, size }))
    .filter(({ digest, size }) => store.glance(digest, size) !== undefined);
  if (missing.length === 0) return true;
  if (!sharing.isAny) return false;
  return sharing.fetchBlobs(missing, signal);
}

async function logOf(
  { log }: ActionRecord,
  { store, sharing }: BuildContext,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | null | undefined> {
  if (log === null) return null;
  let bytes = store.readBlob(log);
  if (typeof bytes === 'string' && sharing.isAny && (await sharing.fetchBlobs([{ digest: log }], signal)))
    bytes = store.readBlob(log);
  return typeof bytes === 'string' ? undefined : bytes;
}

/** What a record says was made, for the state of the workspace. */
export function madeOf(
  task: ResolvedTask,
  { inputs }: Pick<ActionRecord, 'inputs'>,
  outputs: readonly OutputEntry[],
  beside: readonly OutputEntry[],
): Made {
  const byPath = new Map(outputs.map((output) => [output.path, output]));
  return {
    root: task.rootPath,
    task: identityOf(task),
    outputs: [...byPath.values()],
    beside,
    inputs: inputs.map(({ path }) => path),
  };
}
