/** The door for those who implement a contract or test against one: conformance suites, doubles, and a clock moved by hand. */
export { manualClock, type ManualClock, type ManualClockOptions } from './manual-clock.ts';
export { seededRandom } from './random.ts';
export {
  sharedBackend,
  type SharedBackend,
  type SharedBackendOptions,
  SharedSpace,
  type SharedSpaceOptions,
} from './shared-backend.ts';

// The suites.
export { storeSuite, type StoreSuiteOptions, type StoreTraits } from './store-suite.ts';
export { changeLogSuite, type ChangeLogSuiteOptions } from './change-log-suite.ts';
export type { LogHooks } from './log-trial.ts';
export { backendSuite, type BackendSuiteOptions } from './backend-suite.ts';
export type { LeaseTrait } from './backend-leases.ts';
export { policySuite, type PolicySuiteOptions } from './policy-suite.ts';
export { codecSuite, type CodecSuiteOptions } from './codec-suite.ts';
export type { RegisterTest, Skips, TestRunner } from './runner.ts';
export type { Samples } from './samples.ts';
