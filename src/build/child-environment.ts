/** The environment of a task's command: what is declared, and what programs need to run at all. Nothing else reaches it. */
import { checkOptions, list, listOrNothing, nonEmptyText } from '../engine/options.ts';
import { binDirectories } from './bin-directories.ts';
import { foldedName, isPattern, namedBy } from './variable-names.ts';

/**
 * Variables that reach every command and always count, set or not, since tools print or make something else by them:
 * language, zone of time, colours, whether this is CI, what Node is told, the time that builds are dated with. `NODE_ENV`
 * and every name with `_CACHE_BUST` in it count, too. One that shall reach the command without counting, say `CI` so
 * that CI and people share what is kept, is named in `passEnv`.
 */
export const COUNTED_NAMES: readonly string[] = words(
  'CI NODE_ENV *_CACHE_BUST* NODE_OPTIONS SOURCE_DATE_EPOCH ' +
    'LANG LANGUAGE LC_* TZ ' +
    'FORCE_COLOR NO_COLOR CLICOLOR CLICOLOR_FORCE',
);

/**
 * Variables that reach every command and don't count: where things are on this machine and who is at work. Of `TERM` and
 * `COLORTERM` a command without a terminal sees something only if it is told to print colours.
 */
const MACHINE_NAMES: readonly string[] = words(
  'PATH HOME USER LOGNAME SHELL TERM COLORTERM TMPDIR TMP TEMP XDG_* TIDEMARK_* ' +
    'DISPLAY WAYLAND_DISPLAY XAUTHORITY DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK ' +
    'HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy ' +
    'SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS ' +
    'LD_LIBRARY_PATH LD_PRELOAD DYLD_* ' +
    'COREPACK_HOME PNPM_HOME BUN_INSTALL VOLTA_HOME NVM_DIR FNM_* ASDF_* MISE_* PROTO_HOME ' +
    'JAVA_HOME ANDROID_HOME CARGO_HOME RUSTUP_HOME GOPATH GOROOT DOTNET_ROOT',
);

const WINDOWS_NAMES: readonly string[] = words(
  'SystemRoot SystemDrive windir ComSpec PATHEXT OS PROCESSOR_* NUMBER_OF_PROCESSORS ' +
    'APPDATA LOCALAPPDATA ProgramData ALLUSERSPROFILE PUBLIC USERPROFILE USERNAME USERDOMAIN ' +
    'HOMEDRIVE HOMEPATH ProgramFiles* ProgramW6432 CommonProgramFiles* CommonProgramW6432',
);

/** What the environment of a command is made of. */
export interface ChildEnvironmentOptions {
  /** Names and patterns of variables that reach the command and count. */
  readonly env: readonly string[];
  /** Names and patterns of variables that reach the command and don't count, unless `env` names them, too. */
  readonly passEnv: readonly string[];
  /** Where values come from. Default: this process. */
  readonly from?: Readonly<Record<string, string | undefined>>;
  /** Values that the task itself gives. They count. */
  readonly set?: Readonly<Record<string, string>>;
  /** Where the command runs. */
  readonly cwd: string;
  /** The highest directory whose `node_modules/.bin` is part of the command's `PATH`. */
  readonly workspace: string;
  /** Default: this machine's. */
  readonly platform?: NodeJS.Platform;
}

/** The environment of a command. */
export interface ChildEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** The names that count, patterns replaced by what is there: for `surroundings`. */
  readonly declared: readonly string[];
  /** Variables that are there and don't reach the command. */
  readonly withheld: readonly string[];
}

/** The environment of a command, and what of it counts. Names are in order, so that the same ones look the same. */
export function childEnvironment(options: ChildEnvironmentOptions): ChildEnvironment {
  const known = ['env', 'passEnv', 'from', 'set', 'cwd', 'workspace', 'platform'];
  checkOptions('childEnvironment', options, known);
  const { env, passEnv, from = process.env, set = {}, cwd, workspace, platform = process.platform } = options;
  list('env', env);
  listOrNothing('passEnv', passEnv);
  for (const name of env) nonEmptyText('env', name);
  for (const name of passEnv) nonEmptyText('passEnv', name);
  const isPassed = namedBy(passEnv, platform);
  const counted = [...env, ...COUNTED_NAMES.filter((name) => !isPassed(name))];
  const isDeclared = namedBy(env, platform);
  const isCounted = namedBy(COUNTED_NAMES, platform);
  const counts = (name: string): boolean => isDeclared(name) || (isCounted(name) && !isPassed(name));
  const isMachine = namedBy([...MACHINE_NAMES, ...(platform === 'win32' ? WINDOWS_NAMES : [])], platform);

  const there = Object.keys(from).filter((name) => from[name] !== undefined);
  const passed = there.filter((name) => counts(name) || isCounted(name) || isPassed(name) || isMachine(name));
  const result = new Map<string, readonly [name: string, value: string]>();
  const put = (name: string, value: string): void => {
    const before = result.get(foldedName(name, platform));
    result.set(foldedName(name, platform), [before?.[0] ?? name, value]);
  };
  for (const name of passed) put(name, from[name]!);
  if (platform !== 'win32') put('PWD', cwd); // as a shell says it; another directory's would be a lie
  for (const [name, value] of Object.entries(set)) put(name, value);
  const path = result.get('PATH')?.[1] ?? (platform === 'win32' ? '' : '/usr/bin:/bin'); // where systems look without one
  put('PATH', [...binDirectories(cwd, workspace), path].join(platform === 'win32' ? ';' : ':'));

  const names = [...counted.filter((name) => !isPattern(name)), ...there.filter(counts), ...Object.keys(set)];
  const declared = new Map(names.map((name) => [foldedName(name, platform), name]));
  return {
    env: Object.fromEntries([...result.values()].toSorted(byName)),
    declared: [...declared.values()].toSorted(),
    withheld: there.filter((name) => !result.has(foldedName(name, platform))).toSorted(),
  };
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

function words(text: string): readonly string[] {
  return text.split(' ');
}
