/** Other build tools, as they are installed in `bench/peers`: without daemons, telemetry, clouds, and launchers around them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ran } from './processes.ts';
import type { Tool } from './tool.ts';

const INSTALLED = fileURLToPath(new URL('../../../bench/peers/node_modules', import.meta.url));
const missing = () => (existsSync(INSTALLED) ? undefined : 'not installed: run npm ci in bench/peers');

/** What every program is told, so that it is quiet and leaves the user's home alone. */
export function quiet(home: string): Readonly<Record<string, string>> {
  return {
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    TMPDIR: home,
    CI: '1',
    NO_COLOR: '1',
    DO_NOT_TRACK: '1',
    npm_config_update_notifier: 'false',
  };
}

/** Turborepo. Its program itself is run: the launcher in front of it takes longer than many a run. */
export const turbo: Tool = {
  name: `turbo ${version('turbo')}`,
  missing,
  files: {
    'turbo.json': JSON.stringify({ tasks: { build: { inputs: ['src/**', 'build.mjs'], outputs: ['dist/**'] } } }),
  },
  open({ root, home }) {
    const program = join(
      INSTALLED,
      '@turbo',
      `${process.platform}-${process.arch.replace('x64', '64')}`,
      'bin',
      'turbo',
    );
    const env = {
      ...quiet(home),
      TURBO_TELEMETRY_DISABLED: '1',
      TURBO_NO_UPDATE_NOTIFIER: '1',
      TURBO_CACHE: 'local:rw',
    };
    return () => ran({ argv: [program, 'run', 'build'], cwd: root, env });
  },
};

const nx: Tool = {
  name: `nx ${version('nx')}`,
  missing,
  files: {
    'nx.json': JSON.stringify({
      analytics: false,
      targetDefaults: {
        build: {
          cache: true,
          inputs: ['{projectRoot}/src/**', '{projectRoot}/build.mjs'],
          outputs: ['{projectRoot}/dist'],
        },
      },
    }),
  },
  links: { nx: join(INSTALLED, 'nx') },
  open({ root, home }) {
    const program = join(INSTALLED, 'nx', 'dist', 'bin', 'nx.js');
    const env = {
      ...quiet(home),
      NX_DAEMON: 'false',
      NX_NO_CLOUD: 'true',
      NX_TUI: 'false',
      NX_NATIVE_FILE_CACHE_DIRECTORY: join(home, 'native'),
    };
    return () => ran({ argv: [process.execPath, program, 'run', 'big:build'], cwd: root, env });
  },
};

const wireit: Tool = {
  name: `wireit ${version('wireit')}`,
  missing,
  files: {
    'packages/big/package.json': JSON.stringify({
      name: 'big',
      version: '1.0.0',
      scripts: { build: 'wireit' },
      wireit: { build: { command: 'node build.mjs', files: ['src/**', 'build.mjs'], output: ['dist/**'] } },
    }),
  },
  // As npm starts it, but without npm, which takes about as long.
  open({ package: directory, home }) {
    const program = join(INSTALLED, 'wireit', 'bin', 'wireit.js');
    const env = {
      ...quiet(home),
      npm_package_json: join(directory, 'package.json'),
      npm_lifecycle_event: 'build',
      npm_config_user_agent: `npm/11.0.0 node/${process.version}`,
      WIREIT_LOGGER: 'simple',
      WIREIT_CACHE: 'local',
    };
    return () => ran({ argv: [process.execPath, program], cwd: directory, env });
  },
};

/** All of them. */
export const PEERS: readonly Tool[] = [turbo, nx, wireit];

/** The version that is installed, if it is. */
function version(name: string): string {
  const file = join(INSTALLED, name, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version : '';
}
