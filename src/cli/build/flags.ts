/** The options of the build cache on the command line: flags first, then variables, then what a file says. */
import type { BuildCacheOptions, BuildMode } from '../../build/build-options.ts';
import type { FileSettings, RemoteSettings } from '../../build/config/settings.ts';
import type { RemoteStore } from '../../build/remote/remote-store.ts';
import type { Size } from '../../engine/options.ts';
import { UsageError } from '../command.ts';

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
  '  --json             print what became of it as JSON; what the command prints goes to the standard error then',
];

/** The options of a cache. `say` is told of troubles. Throws {@link UsageError} for flags that contradict each other. */
export async function cacheOptions(
  flags: Flags,
  {
    environment,
    settings,
    say,
  }: { readonly environment: NodeJS.ProcessEnv; readonly settings: FileSettings; readonly say: (text: string) => void },
): Promise<BuildCacheOptions> {
  const directory = flags['cache-dir'] ?? environment['TIDEMARK_CACHE_DIR'] ?? settings.cacheDir;
  const verify = flags.verify ?? (environment['TIDEMARK_CACHE_VERIFY'] === '1' || settings.verify === true);
  const links = flags.links ?? settings.links;
  const said = flags.remote ?? environment['TIDEMARK_CACHE_REMOTE']?.split(' ').filter((place) => place !== '');
  const places = said?.map(remoteAt) ?? settings.remote ?? [];
  const remotes = await Promise.all(places.map((remote) => opened(remote, environment)));
  return {
    mode: modeOf(flags, environment),
    environment,
    verify: verify ? 'always' : 'witness',
    onTrouble: say,
    remotes,
    ...(directory !== undefined && directory !== '' && { directory }),
    ...(environment['TIDEMARK_CACHE_STATE'] && { state: environment['TIDEMARK_CACHE_STATE'] }),
    ...(links !== undefined && { links: links as 'none' | 'hard' }),
    ...(flags.find !== undefined && { find: flags.find as 'observed' | 'everything' }),
    ...(settings.compress === true && { compress: 'brotli' as const }),
    ...(settings.maxSize !== undefined && { maxSize: settings.maxSize as Size }),
    ...(settings.maxAge !== undefined && { maxAge: settings.maxAge }),
  };
}

function modeOf(flags: Flags, environment: NodeJS.ProcessEnv): BuildMode {
  const said = (['read-only', 'write-only', 'off'] as const).filter((mode) => flags[mode] === true);
  if (said.length > 1) throw new UsageError(`--${said[0]} and --${said[1]} exclude each other`);
  const [mode] = said;
  const named = environment['TIDEMARK_CACHE_MODE'];
  return mode ?? (named === undefined || named === '' ? 'read-write' : (named as BuildMode));
}

function remoteAt(place: string): RemoteSettings {
  return /^https?:\/\//.test(place) ? { url: place, token: 'TIDEMARK_CACHE_TOKEN' } : { directory: place };
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
