/** `tidemark/build`: what tasks made, kept by what went in. */
export {
  type BuildStore,
  type BuildStoreOptions,
  type BuildStoreStats,
  type Listed,
  type PruneOptions,
  type RunCounts,
  openBuildStore,
} from './build-store.ts';
export type { BlobFault, StoredBlob } from './blobs.ts';
export { checkedPath } from './checked-path.ts';
export type { Packing } from './packing.ts';
export type { Pruned } from './pruning.ts';
export type { ActionRecord, Digest, InputEntry, OutputEntry } from './record.ts';
export type { Lookup, MissReason, Stored } from './records.ts';
export type { Fsync } from './store-files.ts';
export type { Damage, Verified } from './verifying.ts';
export { type ExecutableOptions, executableIdentity } from './executable.ts';
export { type InputsOptions, collectInputs } from './inputs.ts';
export { type KeyParts, describeKey, keyOf, keyOfFields, outputsDigest } from './key.ts';
export type { InputSpec, ObservedPaths } from './input-spec.ts';
export { lockfileDigest } from './lockfile.ts';
export { type Found, StatIndex, type StatIndexOptions } from './stat-index.ts';
export { type NodePrecision, type Surroundings, type SurroundingsOptions, surroundings } from './surroundings.ts';
export { type Difference, differences, nearestRecord, type Wanted } from './why.ts';
export { outputEntries } from './output-entries.ts';
export { type OutputGlobOptions, outputsByGlobs } from './output-globs.ts';
export { type KnownDigests, knownBy } from './known-digests.ts';
export { type Blobs, type PlanOptions, type PlanStep, planRestore, type RestorePlan } from './restore-plan.ts';
export type { RestorePlace } from './carry-out.ts';
export { type Finished, finishRestore, isRestorePending } from './finish-restore.ts';
export { breakLinks, restore, type Restored, type RestoreOptions } from './restore.ts';
export {
  type Changes,
  changes,
  snapshot,
  type Snapshot,
  type SnapshotEntry,
  type SnapshotOptions,
} from './snapshot.ts';
export { BuildCache, type Fingerprint, openBuildCache } from './build-cache.ts';
export type { BuildCacheOptions, BuildMode } from './build-options.ts';
export type { BuildTask } from './task.ts';
export type { RunOptions } from './run-task.ts';
export type { NotStored, RunResult } from './run-result.ts';
export type { Explanation } from './explaining.ts';
export { filesRemote, type FilesRemoteOptions } from './remote/files-remote.ts';
export type { RequestHeaders } from './remote/http-exchange.ts';
export { httpRemote, type HttpRemoteOptions } from './remote/http-remote.ts';
export type { RemoteBody, RemoteCall, RemoteKind, RemoteStore } from './remote/remote-store.ts';
