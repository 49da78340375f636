/** Bringing back what is kept: outputs into the package, text to whoever watches. */
import { setTimeout as delay } from 'node:timers/promises';
import { TidemarkError } from '../engine/errors.ts';
import type { BuildContext } from './build-context.ts';
import { replayLog } from './command-log.ts';
import type { OnOutput } from './command.ts';
import { finishRestore } from './finish-restore.ts';
import { knownBy } from './known-digests.ts';
import type { LocalState, Made } from './local-state.ts';
import type { ActionRecord, Digest, OutputEntry } from './record.ts';
import { planRestore } from './restore-plan.ts';
import { blobsOf } from './sealed-record.ts';
import { restore, type Restored } from './restore.ts';
import { type ResolvedTask, titleOf } from './resolved-task.ts';

/** What was done to the package. */
export type BroughtBack = Restored & { readonly left: readonly string[] };

/** How often a package is looked at that another process restores, in milliseconds. */
const ROUND = 20;

/**
 * Do it. Nothing is answered, and the package is as it was, where a blob is missing or damaged: the entry counts as a miss.
 * Rejects with `foreign_directory` where something else is in the way, `in_use` where another restores for too long.
 */
export async function bringBack(
  record: ActionRecord,
  task: ResolvedTask,
  context: BuildContext,
  { onOutput, signal }: { readonly onOutput: OnOutput | undefined; readonly signal: AbortSignal | undefined },
): Promise<BroughtBack | undefined> {
  const log = await logOf(record, context, signal);
  const restored = log === undefined ? undefined : await restoreOutputs(record, task, context, signal);
  // Where one is damaged, others may be: what is made now must not find them and count as stored.
  if (!restored) for (const { digest } of blobsOf(record)) context.store.checkBlob(digest);
  if (restored && log) await replayLog(log, onOutput ?? (() => {}));
  return restored;
}

/** The outputs alone, without what was printed. */
export async function restoreOutputs(
  record: ActionRecord,
  task: ResolvedTask,
  context: BuildContext,
  signal: AbortSignal | undefined,
): Promise<BroughtBack | undefined> {
  const state = context.stateOf(task.workspace);
  const deadline = performance.now() + context.settings.patience;
  for (;;) {
    try {
      finishRestore({ root: task.root, state: state.directory });
      return await restoreOnce(record, task, context, state, signal);
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error;
      if (error.code === 'bad_bytes') return undefined;
      if (error.code !== 'in_use' || performance.now() > deadline) throw error;
    }
    await delay(ROUND, undefined, { signal });
  }
}

async function restoreOnce(
  record: ActionRecord,
  task: ResolvedTask,
  context: BuildContext,
  state: LocalState,
  signal: AbortSignal | undefined,
): Promise<BroughtBack | undefined> {
  const { settings, store } = context;
  const name = titleOf(task);
  const made = state.made(name);
  const isSame = made?.key === record.key;
  const earlier = isSame ? [] : (made?.all().outputs ?? []);
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
  const wanted = new Map(
    plan.steps.flatMap((step) => (step.do === 'write' ? [[step.digest, step.size] as const] : [])),
  );
  if (!(await haveBlobs(wanted, context, signal))) return undefined;
  // Cut short, what was there and what is to be are both this task's own.
  if (!isSame) state.remember(name, record.key, madeOf(record, [...earlier, ...record.outputs]));
  const mtimes = settings.mtimes === 'now' ? 'now' : Date.parse(record.createdAt);
  const restored = restore(plan, { blobs: store, state: state.directory, verify: settings.verify, known, mtimes });
  if (!isSame) state.remember(name, record.key, madeOf(record, record.outputs));
  return { ...restored, left: plan.left };
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
export function madeOf({ inputs }: Pick<ActionRecord, 'inputs'>, outputs: readonly OutputEntry[]): Made {
  const byPath = new Map(outputs.map((output) => [output.path, output]));
  return { outputs: [...byPath.values()], inputs: inputs.map(({ path }) => path) };
}
