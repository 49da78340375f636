/** `tidemark/build`: what tasks made, kept by what went in. */
export {
  type BuildStore,
  type BuildStoreOptions,
  type BuildStoreStats,
  type Listed,
  type PruneOptions,
  openBuildStore,
} from './build-store.ts';
export type { BlobFault, BlobReading, StoredBlob } from './blobs.ts';
export { checkedPath } from './checked-path.ts';
export type { Pruned } from './pruning.ts';
export type { ActionRecord, Digest, InputEntry, OutputEntry } from './record.ts';
export type { Lookup, MissReason, Stored } from './records.ts';
export type { Fsync } from './store-files.ts';
export type { Damage, Verified } from './verifying.ts';
export { type ExecutableOptions, executableIdentity } from './executable.ts';
export { type InputsOptions, collectInputs } from './inputs.ts';
export { type KeyParts, describeKey, keyOf, keyOfFields, outputsDigest } from './key.ts';
export { lockfileDigest } from './lockfile.ts';
export { type Found, StatIndex, type StatIndexOptions } from './stat-index.ts';
export { type NodePrecision, type Surroundings, type SurroundingsOptions, surroundings } from './surroundings.ts';
export { type Difference, differences, nearestRecord, type Wanted } from './why.ts';
export { type OutputGlobOptions, outputsByGlobs } from './output-globs.ts';
export type { KnownDigests } from './package-disk.ts';
export { type Blobs, type PlanOptions, type PlanStep, planRestore, type RestorePlan } from './restore-plan.ts';
export {
  breakLinks,
  type Finished,
  finishRestore,
  isRestorePending,
  restore,
  type Restored,
  type RestoreOptions,
  type RestorePlace,
} from './restore.ts';
export {
  type Changes,
  changes,
  snapshot,
  type Snapshot,
  type SnapshotEntry,
  type SnapshotOptions,
} from './snapshot.ts';
