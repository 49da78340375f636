/** The options of a build cache, read and checked. */
import { resolve } from 'node:path';
import { type Clock, systemClock } from '../engine/clock.ts';
import { TidemarkError } from '../engine/errors.ts';
import {
  checkOptions,
  type Duration,
  duration,
  functionOrNothing,
  listOrNothing,
  nonEmptyText,
  oneOf,
  positiveInteger,
  type Size,
  size,
} from '../engine/options.ts';
import { LONGEST_LOG } from './command-log.ts';
import { userDirectory } from './local-state.ts';
import type { Packing } from './packing.ts';
import type { RemoteStore } from './remote/remote-store.ts';
import type { Fsync } from './store-files.ts';

/** What a build cache may do. */
export type BuildMode = 'read-write' | 'read-only' | 'write-only' | 'off';

/** How blobs are kept. */
type Compression = 'none' | Packing;

/** How a build cache is opened. */
export interface BuildCacheOptions {
  /** The store, which may be shared. Default: `tidemark/build` in the user's directory for caches. */
  readonly directory?: string;
  /** What this machine remembers of workspaces: not to be shared. Default: `tidemark/build` in the user's directory for state. */
  readonly state?: string;
  /** Read-only is for builds that nobody trusts: they use what others made, and leave nothing. Default: `'read-write'`. */
  readonly mode?: BuildMode;
  /** Stores behind the local one, nearest first. What they have is kept locally, too. */
  readonly remotes?: readonly RemoteStore[];
  /** `'always'`: every blob is read and compared before it is used; `'witness'`: unless it looks as when that was done last. Default: `'witness'`. */
  readonly verify?: 'always' | 'witness';
  /** `'hard'`: outputs become hard links to the store. Not together with compression. Default: `'none'`. */
  readonly links?: 'none' | 'hard';
  /** `'gzip'` and `'brotli'` keep blobs packed where that makes them smaller by a tenth or more. Default: `'none'`. */
  readonly compress?: Compression;
  /** Times of restored files: `'now'`, as if the task had run, or `'recorded'`, when it did run. Default: `'now'`. */
  readonly mtimes?: 'now' | 'recorded';
  /** How inputs are found that nobody declares: by watching the command (Linux with strace), or as all files there are. Default: the first where it can be. */
  readonly find?: 'observed' | 'everything';
  /** Pruned to this size from time to time. Default: 10 GB. */
  readonly maxSize?: Size;
  /** Pruned of what nobody has used for so long. Default: 30 days. */
  readonly maxAge?: Duration;
  /** What a command may print, in bytes; one that prints more isn't kept. Default: 16 MB. */
  readonly maxLog?: Size;
  /** What survives a power cut; see {@link Fsync}. Default: `'records'`. */
  readonly fsync?: Fsync;
  /** Where variables come from. Default: this process's. */
  readonly environment?: NodeJS.ProcessEnv;
  /** What tells the time. Default: the machine's. */
  readonly clock?: Clock;
  /** Is told of troubles with stores, in sentences. Default: nobody is. */
  readonly onTrouble?: (text: string) => void;
  /** Is told while outputs are brought back how many of a task's are ready, of how many. Default: nobody is. */
  readonly onProgress?: (done: number, all: number) => void;
  /** How long a run waits for another process that restores the same package. Default: 30 seconds. */
  readonly patience?: Duration;
  /** How many blobs are on their way to or from remotes at once. Default: 8. */
  readonly transfers?: number;
  /** How long a remote may be silent. Default: 5 seconds. */
  readonly remoteTimeout?: Duration;
  /** How long the cache's `close` waits until remotes have what was made. Default: a minute. */
  readonly uploadTimeout?: Duration;
}

/** The options with all of them said. */
export interface BuildSettings {
  readonly directory: string;
  readonly state: string;
  readonly mode: BuildMode;
  readonly remotes: readonly RemoteStore[];
  readonly verify: 'always' | 'witness';
  readonly links: 'none' | 'hard';
  readonly mtimes: 'now' | 'recorded';
  readonly compress: Compression;
  /** Nothing said: observed where it can be. */
  readonly find: 'observed' | 'everything' | undefined;
  readonly maxSize: number;
  readonly maxAge: number;
  readonly maxLog: number;
  readonly fsync: Fsync;
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly onTrouble: (text: string) => void;
  readonly onProgress: (done: number, all: number) => void;
  readonly patience: number;
  readonly transfers: number;
  readonly remoteTimeout: number;
  readonly uploadTimeout: number;
}

const NAMES: readonly string[] = (
  'directory state mode remotes verify links mtimes compress find maxSize maxAge ' +
  'maxLog fsync environment clock onTrouble onProgress patience transfers remoteTimeout uploadTimeout'
).split(' ');

/** Throws `bad_option` naming the option. */
export function buildSettings(options: BuildCacheOptions): BuildSettings {
  checkOptions('openBuildCache', options, NAMES);
  const { environment = process.env } = options;
  listOrNothing('remotes', options.remotes);
  functionOrNothing('onTrouble', options.onTrouble);
  functionOrNothing('onProgress', options.onProgress);
  const links = oneOf('links', options.links ?? 'none', ['none', 'hard']);
  return {
    directory: resolve(nonEmptyText('directory', options.directory ?? userDirectory('cache', environment))),
    state: resolve(nonEmptyText('state', options.state ?? userDirectory('state', environment))),
    mode: oneOf('mode', options.mode ?? 'read-write', ['read-write', 'read-only', 'write-only', 'off']),
    remotes: options.remotes ?? [],
    verify: oneOf('verify', options.verify ?? 'witness', ['always', 'witness']),
    links,
    mtimes: oneOf('mtimes', options.mtimes ?? 'now', ['now', 'recorded']),
    // A packed blob can't be linked to.
    compress: links === 'hard' ? 'none' : oneOf('compress', options.compress ?? 'none', ['none', 'gzip', 'brotli']),
    find:
      options.find === undefined
        ? undefined
        : oneOf<'observed' | 'everything'>('find', options.find, ['observed', 'everything']),
    maxSize: size('maxSize', options.maxSize ?? '10gb'),
    maxAge: duration('maxAge', options.maxAge ?? '30d'),
    maxLog: logSize(options.maxLog ?? '16mb'),
    fsync: options.fsync ?? 'records',
    environment,
    clock: options.clock ?? systemClock,
    onTrouble: options.onTrouble ?? (() => {}),
    onProgress: options.onProgress ?? (() => {}),
    patience: duration('patience', options.patience ?? '30s'),
    transfers: positiveInteger('transfers', options.transfers ?? 8),
    remoteTimeout: duration('remoteTimeout', options.remoteTimeout ?? '5s'),
    uploadTimeout: duration('uploadTimeout', options.uploadTimeout ?? '60s'),
  };
}

function logSize(value: Size): number {
  const bytes = size('maxLog', value);
  if (bytes > LONGEST_LOG) throw new TidemarkError('bad_option', `maxLog must be at most ${LONGEST_LOG} bytes`);
  return bytes;
}
