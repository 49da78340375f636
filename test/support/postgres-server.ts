/** A real Postgres server for tests: on a free port of this machine, in a folder of its own, gone when it is closed. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort, until } from './redis-server.ts';

const run = promisify(execFile);

/** Where its programs are: on the path, or where Debian keeps those of each release. */
function findPrograms(): string | undefined {
  const kept = '/usr/lib/postgresql';
  const releases = existsSync(kept) ? readdirSync(kept).map((release) => join(kept, release, 'bin')) : [];
  const places = [...(process.env['PATH'] ?? '').split(delimiter), ...releases.toSorted().toReversed()];
  return places.find((place) => existsSync(join(place, 'initdb')) && existsSync(join(place, 'postgres')));
}

/** The server refuses to be run by root, who has to be somebody else then: nothing if that isn't so, or nobody is there. */
function somebodyElse(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim() || NaN);
  const [uid, gid] = [idOf('-u'), idOf('-g')];
  return uid > 0 ? { uid, gid } : undefined;
}

const programs = findPrograms();
const user = somebodyElse();

function reason(): string | undefined {
  if (process.env['REQUIRE_ALL'] === '1') return undefined;
  if (programs === undefined) return 'Postgres is not installed';
  if (process.getuid?.() === 0 && !user) return 'there is no user postgres, and root may not run the server';
  return undefined;
}

/** Why tests with a server can't run here; undefined if they can. With REQUIRE_ALL=1 they run, and fail. */
export const withoutPostgres: string | undefined = reason();

/** A server with one database, `postgres`, and one user of that name who needs no password. */
export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(port: number, folder: string, child: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#process = child;
  }

  static async start(): Promise<PostgresServer> {
    if (programs === undefined) throw new Error('Postgres is not installed');
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-postgres-'));
    if (user) chownSync(folder, user.uid, user.gid);
    const data = join(folder, 'data');
    const as = { ...user, cwd: folder };
    const making = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--no-locale', '--no-sync', '-D', data];
    await run(join(programs, 'initdb'), making, as);
    const port = await freePort();
    const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(join(programs, 'postgres'), ['-D', data, ...args], { ...as, stdio: 'ignore' });
    const server = new PostgresServer(port, folder, child);
    await until('Postgres answers', async () => {
      if (child.exitCode !== null) throw new Error(`Postgres ended with ${child.exitCode}`);
      return answers(port);
    });
    return server;
  }

  /** End it at once, and remove what it left. */
  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGQUIT');
      await once(this.#process, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Does it take connections? While it starts it listens, and tells whoever connects that it is starting. */
async function answers(port: number): Promise<boolean> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  client.on('error', () => {}); // the connection's end is no failure here
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
