/** Makes a fresh clone ready to run: the packages of the lock file, and the system programs that the tests start. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** System programs that tests need, with the Debian packages that bring them. */
const programs = [
  { command: 'redis-server', apt: 'redis-server' },
  { command: 'chromium', apt: 'chromium' },
  { command: 'initdb', apt: 'postgresql', folders: postgresFolders() },
  ...(process.platform === 'linux' ? [{ command: 'strace', apt: 'strace' }] : []),
];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Tidemark needs Node 20.19 or later; this is ${process.versions.node}.`);
}

if (modified('node_modules/.package-lock.json') < modified('package-lock.json')) {
  console.log('setup: npm ci');
  if (!run('npm', ['ci'])) fail('npm ci failed.');
}

const missing = programs.filter(({ command, folders }) => !onPath(command, folders));
if (missing.length > 0 && !installed(missing.map(({ apt }) => apt))) {
  console.log(`setup: tests that need ${missing.map(({ command }) => command).join(', ')} will be skipped.`);
}

/** When a file was last written, or never. */
function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
}

/** Where Debian keeps the programs of a Postgres server: not on the path. */
function postgresFolders() {
  const kept = '/usr/lib/postgresql';
  return existsSync(kept) ? readdirSync(kept).map((release) => join(kept, release, 'bin')) : [];
}

function onPath(command, more = []) {
  return [...process.env.PATH.split(delimiter), ...more].some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Installs Debian packages where that takes no password, and says whether they are there. */
function installed(packages) {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...words) => {
    const [command, ...rest] = [...sudo, 'apt-get', ...words];
    return run(command, rest);
  };
  return onPath('apt-get') && apt('update') && apt('install', '-y', '--no-install-recommends', ...packages);
}

function run(command, words) {
  return spawnSync(command, words, { stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;
}

function fail(reason) {
  console.error(`setup: ${reason}`);
  process.exit(1);
}
