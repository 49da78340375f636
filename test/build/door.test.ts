/** What the door of builds offers: each name is a promise to whoever imports it, so a new one is a decision. */
import * as door from 'tidemark/build';
import { expect, test } from 'vitest';

test('tidemark/build exports these values, and no others', () => {
  expect(Object.keys(door).toSorted()).toEqual(
    [
      // running tasks
      ['BuildCache', 'CommandNotStarted', 'openBuildCache'],
      // workspaces
      ['readSettings', 'readWorkspace', 'runInOrder', 'runWorkspace', 'select'],
      // sharing
      ['filesRemote', 'httpRemote'],
      // the parts
      ['StatIndex', 'collectInputs', 'describeKey', 'executableIdentity', 'keyOf', 'keyOfFields', 'lockfileDigest'],
      ['differences', 'nearestRecord', 'openBuildStore', 'outputsDigest', 'surroundings'],
      ['breakLinks', 'changes', 'finishRestore', 'isRestorePending', 'knownBy', 'outputEntries', 'outputsByGlobs'],
      ['planRestore', 'restore', 'snapshot'],
    ]
      .flat()
      .toSorted(),
  );
});
