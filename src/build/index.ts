/** `tidemark/build`: what tasks made, kept by what went in. */

// Running tasks through the cache.
export { BuildCache, type Fingerprint, openBuildCache } from './build-cache.ts';
export type { BroughtBack } from './bring-back.ts';
export type { BuildCacheOptions, BuildMode } from './build-options.ts';
export type { BuildTask } from './task.ts';
export type { Ended, OnOutput, RunningCommand } from './command.ts';
export type { ExecutionOptions } from './execution.ts';
export type { Explanation } from './explaining.ts';
export { CommandNotStarted, type WhyNotStarted } from './not-started.ts';
export type { RunOptions } from './run-task.ts';
export type { NotStored, RunResult } from './run-result.ts';
export type { TraceFindings } from './trace/compare.ts';

// Tasks of a workspace.
export type { FileSettings, Format, RemoteSettings } from './config/settings.ts';
export { select, type Selection } from './config/select.ts';
export {
  type BuildWorkspace,
  type PlannedTask,
  readWorkspace,
  type ReadWorkspaceOptions,
  type WorkspacePackage,
} from './config/workspace.ts';
export { readSettings } from './config/root.ts';
export { runWorkspace, type RunWorkspaceOptions, type TaskOutcome } from './run-workspace.ts';
export { type Outcome, runInOrder, type RunInOrderOptions } from './schedule.ts';

// Sharing.
export { filesRemote, type FilesRemoteOptions } from './remote/files-remote.ts';
export type { RequestHeaders } from './remote/http-exchange.ts';
export { httpRemote, type HttpRemoteOptions } from './remote/http-remote.ts';
export type { RemoteBody, RemoteCall, RemoteKind, RemoteStore } from './remote/remote-store.ts';

// What all that is made of: the store,
export {
  type BuildStore,
  type BuildStoreOptions,
  type BuildStoreStats,
  type Listed,
  openBuildStore,
  type PruneOptions,
  type RunCounts,
} from './build-store.ts';
export type { BlobFault, StoredBlob } from './blobs.ts';
export type { Packing } from './packing.ts';
export type { Pruned } from './pruning.ts';
export type { ActionRecord, Digest, InputEntry, OutputEntry } from './record.ts';
export type { Lookup, MissReason, Stored } from './records.ts';
export type { Steps } from './steps.ts';
export type { Fsync } from './store-files.ts';
export type { Damage, Verified } from './verifying.ts';

// keys,
export { executableIdentity, type ExecutableOptions } from './executable.ts';
export type { InputSpec, ObservedPaths } from './input-spec.ts';
export { collectInputs, type InputsOptions } from './inputs.ts';
export { describeKey, keyOf, keyOfFields, type KeyParts, outputsDigest } from './key.ts';
export { lockfileDigest } from './lockfile.ts';
export type { FileState } from './file-digest.ts';
export { type Found, StatIndex, type StatIndexOptions } from './stat-index.ts';
export { type NodePrecision, type Surroundings, surroundings, type SurroundingsOptions } from './surroundings.ts';
export { type Difference, differences, nearestRecord, type Wanted } from './why.ts';

// and restores.
export type { RestorePlace } from './carry-out.ts';
export { type Finished, finishRestore, isRestorePending } from './finish-restore.ts';
export { knownBy, type KnownDigests } from './known-digests.ts';
export { outputEntries } from './output-entries.ts';
export { type OutputGlobOptions, outputsByGlobs } from './output-globs.ts';
export { breakLinks, restore, type Restored, type RestoreOptions } from './restore.ts';
export { type Blobs, planRestore, type PlanOptions, type PlanStep, type RestorePlan } from './restore-plan.ts';
export type { RemoveStep } from './stale-outputs.ts';
export {
  type Changes,
  changes,
  snapshot,
  type Snapshot,
  type SnapshotEntry,
  type SnapshotOptions,
} from './snapshot.ts';
