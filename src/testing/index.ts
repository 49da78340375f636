/** The door for those who implement a contract or test against one: conformance suites, doubles, and a clock moved by hand. */
export { manualClock, type ManualClock, type ManualClockOptions } from './manual-clock.ts';
export { seededRandom } from './random.ts';
export { sharedBackend, type SharedBackend, type SharedBackendOptions } from './shared-backend.ts';
export { SharedSpace, type SharedSpaceOptions } from './shared-space.ts';
export { laggingKv, type LaggingKv, type LaggingKvOptions } from './lagging-kv.ts';
export { Disk, diskStore, type DiskStore, type DiskStoreOptions } from './disk-store.ts';

// The suites.
export { storeSuite, type StoreSuiteOptions, type StoreTraits } from './store-suite.ts';
export { changeLogSuite, type ChangeLogSuiteOptions } from './change-log-suite.ts';
export type { LogHooks } from './log-trial.ts';
export { backendSuite, type BackendSuiteOptions } from './backend-suite.ts';
export type { LeaseTrait } from './backend-leases.ts';
export { policySuite, type PolicySuiteOptions } from './policy-suite.ts';
export { codecSuite, type CodecSuiteOptions } from './codec-suite.ts';
export { operationStoreSuite, type OperationStoreSuiteOptions } from './documents/operation-source-suite.ts';
export { keyValueSuite, type KeyValueSuiteOptions } from './documents/key-value-suite.ts';
export { remoteStoreSuite, type RemoteStoreSuiteOptions } from './remote-store-suite.ts';
export type { RegisterTest, Skips, TestRunner } from './runner.ts';
export type { Samples } from './samples.ts';

// Doubles that do nothing.
export { nullCodec } from './null-codec.ts';
export { nullLog } from './null-log.ts';
export { nullPolicy } from './null-policy.ts';
export { nullStore } from './null-store.ts';
export { memoryRemote, type MemoryRemote, type MemoryRemoteOptions } from './memory-remote.ts';

// Doubles that do harm.
export type { DelayOptions, FaultPlan, WireFault } from './faults.ts';
export { hostileBackend, type HostileBackend, type HostileBackendOptions } from './hostile-backend.ts';
export { hostileLog, type HostileLog, type HostileLogOptions, type LogOperation, type Wakes } from './hostile-log.ts';
export { hostilePolicy } from './hostile-policy.ts';
export {
  hostileStore,
  type HostileStore,
  type HostileStoreOptions,
  type StoreFault,
  type StoreOperation,
} from './hostile-store.ts';

// The simulator.
export {
  type ManyOptions,
  type Played,
  simulate,
  simulateMany,
  type Simulation,
  type SimulationOptions,
} from './simulation/simulate.ts';
export { carried, type CarriedOptions } from './simulation/carried.ts';
export { ClusterPlace } from './simulation/cluster-place.ts';
export { SharedPlace } from './simulation/shared-place.ts';
export type { Chance } from './simulation/chance.ts';
export type { Link, Way } from './simulation/network.ts';
export type { Fault, Faults, Place, PlaceMaker, Site } from './simulation/place.ts';
export type { Setup } from './simulation/setups.ts';

// Documents: models, operations and histories to test with.
export { forgivingRegistryOf, registryOf, type SampleModel } from './documents/models/sample-model.ts';
export { drive, driveActions, type DriveNode, type DriveState } from './documents/models/drive.ts';
export {
  type ListedText,
  textList,
  textListActions,
  type TextListV1,
  type TextListV2,
} from './documents/models/text-list.ts';
export {
  type ActionDraft,
  createDocument,
  createOperation,
  deleteDocument,
  loadState,
  noop,
  upgradeDocument,
} from './documents/history-operations.ts';
export { type Beginning, DocumentHistory, type HistoryOptions } from './documents/history.ts';
export { randomHistory, type RandomHistoryOptions } from './documents/history-random.ts';
export {
  createTestWriteCache,
  type TestWriteCache,
  type TestWriteCacheOptions,
} from './documents/create-test-write-cache.ts';
