/** The remotes that come with the build cache. */
export { filesRemote } from './files-remote.ts';
export { httpRemote } from './http-remote.ts';
