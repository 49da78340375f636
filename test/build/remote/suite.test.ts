/** The remotes that come along, and the one in memory, keep the contract of remotes. */
import { describe, it, vi } from 'vitest';
import { filesRemote } from '../../../src/build/remote/files-remote.ts';
import { httpRemote } from '../../../src/build/remote/http-remote.ts';
import { memoryRemote } from '../../../src/testing/memory-remote.ts';
import { remoteStoreSuite } from '../../../src/testing/remote-store-suite.ts';
import { folder } from '../stores.ts';
import { FileServer } from './file-server.ts';

vi.setConfig({ testTimeout: 30_000 }); // none waits for time to pass, but the machine may be busy

const runner = { describe, it };

remoteStoreSuite(runner, { name: 'memoryRemote', make: () => memoryRemote() });
remoteStoreSuite(runner, { name: 'filesRemote', make: () => filesRemote({ directory: folder() }) });
remoteStoreSuite(runner, {
  name: 'httpRemote',
  make: async () => httpRemote({ url: `${(await FileServer.open()).url}/some/where/` }),
});
remoteStoreSuite(runner, {
  name: 'httpRemote that compresses',
  make: async () => httpRemote({ url: (await FileServer.open()).url, compress: true }),
});
