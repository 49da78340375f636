/** The options of the build cache on the command line: flags first, then variables, then what a file says. */
import type { BuildCacheOptions, BuildMode } from '../../build/build-options.ts';
import type { FileSettings, RemoteSettings } from '../../build/config/settings.ts';
import type { RemoteStore } from '../../build/remote/remote-store.ts';
import { TidemarkError } from '../../engine/errors.ts';
import type { Size } from '../../engine/options.ts';
import { type Terminal, UsageError } from '../command.ts';

/** The flags that every command of builds has. */
export const STORE_FLAGS = {
  'cache-dir': { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** Further flags of those that run and explain. */
export const CACHE_FLAGS = {
  'read-only': { type: 'boolean' },
  'write-only': { type: 'boolean' },
  off: { type: 'boolean' },
  verify: { type: 'boolean' },
  links: { type: 'string' },
  find: { type: 'string' },
  remote: { type: 'string', multiple: true },
} as const;

/** What was said with flags. */
export interface Flags {
  readonly 'cache-dir'?: string | undefined;
  readonly 'read-only'?: boolean | undefined;
  readonly 'write-only'?: boolean | undefined;
  readonly off?: boolean | undefined;
  readonly verify?: boolean | undefined;
  readonly links?: string | undefined;
  readonly find?: string | undefined;
  readonly remote?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** Lines of help about variables and flags that are everywhere. */
export const FLAGS_HELP: readonly string[] = [
  '  --cache-dir DIR    where results are kept (TIDEMARK_CACHE_DIR)',
  '  --read-only        use what is kept, keep nothing (TIDEMARK_CACHE_MODE=read-only); also --write-only, --off',
  '  --verify           read and compare every blob before it is used (TIDEMARK_CACHE_VERIFY=1)',
  '  --links hard       link outputs to the store instead of copying them',
  '  --find WAY         how inputs are found that nobody declares: observed (Linux with strace) or everything',
  '  --remote PLACE     an address or a directory behind the local store (TIDEMARK_CACHE_REMOTE); again for a further one',
  '                     TIDEMARK_CACHE_TOKEN is sent to an address as a bearer token',
  '                     TIDEMARK_CACHE_STATE: where this machine remembers its workspaces; not to be shared',
  '  --json             print what became of it as JSON; what the command prints goes to the standard error then',
];

/** What a cache is opened for: `'look'` leaves its store as it is, `'tend'` is for the store alone. */
export type Use = 'run' | 'look' | 'tend';

/** The surroundings of a call: what a file says, and where variables are and troubles and progress are told. */
interface Calling {
  readonly terminal: Terminal;
  readonly settings: FileSettings;
  readonly use: Use;
}

/** The options of a cache. Throws {@link UsageError} for values that can't be, and flags that contradict each other. */
export async function cacheOptions(flags: Flags, { terminal, settings, use }: Calling): Promise<BuildCacheOptions> {
  const { environment } = terminal;
  const directory = filled('--cache-dir', flags['cache-dir']) ?? variable(environment, 'DIR') ?? settings.cacheDir;
  const state = variable(environment, 'STATE');
  const verify = flags.verify ?? verifyIn(environment) ?? settings.verify === true;
  const links = choice('--links', flags.links, ['none', 'hard']) ?? settings.links;
  const find = choice('--find', flags.find, ['observed', 'everything']);
  const remotes = use === 'tend' ? [] : await remotesOf(flags, environment, settings);
  const mode = modeOf(flags, environment);
  return {
    // Where there are remotes, a look brings what they have, or it couldn't tell what a run would do.
    mode: use === 'look' && remotes.length === 0 ? WATCHING[mode] : mode,
    environment,
    verify: verify ? 'always' : 'witness',
    onTrouble: (text) => terminal.say(`tidemark: ${text}`),
    ...(flags.quiet !== true && { onProgress: drawn(terminal) }),
    remotes,
    ...(directory !== undefined && { directory }),
    ...(state !== undefined && { state }),
    ...(links !== undefined && { links }),
    ...(find !== undefined && { find }),
    ...(settings.compress === true && { compress: 'brotli' as const }),
    ...(settings.maxSize !== undefined && { maxSize: settings.maxSize as Size }),
    ...(settings.maxAge !== undefined && { maxAge: settings.maxAge }),
  };
}

/** What is over in a moment isn't drawn. */
function drawn(terminal: Terminal): (done: number, all: number) => void {
  let began = 0;
  return (done, all) => {
    const now = performance.now();
    if (done === 1) began = now;
    if (now - began > MOMENT) terminal.draw(`bringing back: ${done} of ${all}`);
  };
}

const MOMENT = 200; // milliseconds

/** Modes that read what another reads, and write nothing. */
const WATCHING: Readonly<Record<BuildMode, BuildMode>> = {
  'read-write': 'read-only',
  'read-only': 'read-only',
  'write-only': 'off',
  off: 'off',
};

/** What a flag says, if it is one of these words. */
export function choice<const Word extends string>(
  flag: string,
  value: string | undefined,
  words: readonly Word[],
): Word | undefined {
  const found = words.find((word) => word === value);
  if (value !== undefined && found === undefined)
    throw new UsageError(`${flag} must be one of ${words.join(', ')}, not ${JSON.stringify(value)}`);
  return found;
}

/** What a flag says: an empty text is mostly a variable of a script that isn't set, and must not mean something else. */
export function filled(flag: string, value: string | undefined): string | undefined {
  if (value === '') throw new UsageError(`${flag} must not be empty`);
  return value;
}

/** Throws for two flags that can't both be meant. */
export function exclusive(values: object, names: readonly string[]): void {
  const said = names.filter((name) => (values as Readonly<Record<string, unknown>>)[name] !== undefined);
  if (said.length > 1) throw new UsageError(`--${said[0]} and --${said[1]} exclude each other`);
}

/** A variable of ours; an empty one isn't set. */
function variable(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  return environment[`TIDEMARK_CACHE_${name}`] || undefined;
}

function verifyIn(environment: NodeJS.ProcessEnv): boolean | undefined {
  const said = choice('TIDEMARK_CACHE_VERIFY', variable(environment, 'VERIFY'), ['1', '0']);
  return said === undefined ? undefined : said === '1';
}

function modeOf(flags: Flags, environment: NodeJS.ProcessEnv): BuildMode {
  exclusive(flags, ['read-only', 'write-only', 'off']);
  const flag = (['read-only', 'write-only', 'off'] as const).find((mode) => flags[mode] === true);
  if (flag !== undefined) return flag;
  const modes = ['read-write', 'read-only', 'write-only', 'off'] as const;
  return choice('TIDEMARK_CACHE_MODE', variable(environment, 'MODE'), modes) ?? 'read-write';
}

async function remotesOf(
  { remote }: Flags,
  environment: NodeJS.ProcessEnv,
  settings: FileSettings,
): Promise<readonly RemoteStore[]> {
  const listed = variable(environment, 'REMOTE')?.split(' ');
  const [said, where] = remote === undefined ? [listed, 'TIDEMARK_CACHE_REMOTE'] : [remote, '--remote'];
  if (said === undefined) return Promise.all((settings.remote ?? []).map((one) => opened(one, environment)));
  try {
    const places = said.filter((place) => place !== '' || remote !== undefined).map(remoteAt);
    return await Promise.all(places.map((place) => opened(place, environment)));
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'bad_option')
      throw new UsageError(`${where}: ${error.message}`);
    throw error;
  }
}

function remoteAt(place: string): RemoteSettings {
  // No directory is called like an address: what isn't one of the web is left to be refused.
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(place) ? { url: place, token: 'TIDEMARK_CACHE_TOKEN' } : { directory: place };
}

async function opened(
  { url, directory, readOnly, token }: RemoteSettings,
  environment: NodeJS.ProcessEnv,
): Promise<RemoteStore> {
  const { filesRemote, httpRemote } = await import('../../build/remote/remotes.ts');
  const common = { ...(readOnly !== undefined && { readOnly }) };
  if (url === undefined) return filesRemote({ directory: directory ?? '', ...common });
  const secret = environment[token ?? 'TIDEMARK_CACHE_TOKEN'];
  return httpRemote({ url, ...common, ...(secret && { headers: () => ({ authorization: `Bearer ${secret}` }) }) });
}
