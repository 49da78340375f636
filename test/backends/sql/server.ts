/** A Postgres server for tests: started on a free port of this machine in a folder of its own, and gone afterwards. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chownSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import pg from 'pg';

const HOMES = '/usr/lib/postgresql';
const PATIENCE = 60_000;

/** Where the server's programs are; undefined if they aren't installed. */
export const programs: string | undefined = (existsSync(HOMES) ? readdirSync(HOMES) : [])
  .map((version) => join(HOMES, version, 'bin'))
  .findLast((folder) => existsSync(join(folder, 'postgres')));

/** The server refuses to be root: there it runs as the user that it was installed with. */
const user: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};

function idOf(kind: '-u' | '-g'): number {
  return programs === undefined ? 0 : Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }));
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGQUIT');
});

/** A running server. */
export class PostgresServer {
  readonly port: number;
  readonly data: string;
  readonly #folder: string;
  #process: ChildProcess;
  readonly #pools: pg.Pool[] = [];

  private constructor(folder: string, data: string, port: number) {
    this.#folder = folder;
    this.data = data;
    this.port = port;
    this.#process = this.#spawn();
  }

  #spawn(): ChildProcess {
    const places = ['listen_addresses=127.0.0.1', `port=${this.port}`, `unix_socket_directories=${this.#folder}`];
    const args = ['-D', this.data, ...[...places, 'fsync=off'].flatMap((setting) => ['-c', setting])];
    const child = spawn(join(programs!, 'postgres'), args, { ...user, cwd: this.#folder, stdio: 'ignore' });
    running.add(child);
    child.once('exit', () => running.delete(child));
    return child;
  }

  static async start(): Promise<PostgresServer> {
    const folder = newFolder();
    const data = join(folder, 'data');
    run(
      'initdb',
      ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions'],
      folder,
    );
    return PostgresServer.#on(folder, data);
  }

  static async #on(folder: string, data: string): Promise<PostgresServer> {
    const server = new PostgresServer(folder, data, await freePort());
    try {
      await server.#ready();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Another server on a copy of this one's files, brought to the end of what it has archived: a recovery to a point in time. */
  static async recovered(from: PostgresServer): Promise<PostgresServer> {
    const folder = newFolder();
    const data = join(folder, 'data');
    run('pg_basebackup', ['-D', data, '-h', '127.0.0.1', '-p', `${from.port}`, '-U', 'postgres', '-c', 'fast'], folder);
    appendFileSync(join(data, 'postgresql.auto.conf'), "restore_command = 'false'\n");
    cpSync('/dev/null', join(data, 'recovery.signal'));
    return PostgresServer.#on(folder, data);
  }

  async #ready(): Promise<void> {
    const until = Date.now() + PATIENCE;
    for (;;) {
      const client = new pg.Client(this.#place());
      client.on('error', () => {});
      try {
        await client.connect();
        const { rows } = await client.query<{ recovering: boolean }>('SELECT pg_is_in_recovery() AS recovering');
        if (!rows[0].recovering) return;
      } catch (error) {
        if (this.#process.exitCode !== null || Date.now() > until) throw error;
      } finally {
        await client.end().catch(() => {});
      }
      await pass(20);
    }
  }

  #place(database = 'postgres'): pg.ClientConfig {
    return { host: '127.0.0.1', port: this.port, user: 'postgres', database };
  }

  /** Connections to it, ended with it. */
  pool(options: pg.PoolConfig = {}): pg.Pool {
    const pool = new pg.Pool({ ...this.#place(options.database), max: 8, ...options });
    pool.on('connect', (client) => client.on('error', () => {})); // the server may go before its connections
    pool.on('error', () => {});
    this.#pools.push(pool);
    return pool;
  }

  /** What a program that comes with the server says, asked of this one. */
  ask(program: string, args: readonly string[], input?: string): string {
    return run(program, ['-h', '127.0.0.1', '-p', `${this.port}`, '-U', 'postgres', ...args], this.#folder, input);
  }

  /** Kill it as a crash of its machine would, and start it again on what it left. */
  async crash(): Promise<void> {
    await this.#end('SIGQUIT');
    rmSync(join(this.data, 'postmaster.pid'), { force: true });
    this.#process = this.#spawn();
    await this.#ready();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async stop(): Promise<void> {
    await this.#end('SIGINT'); // its fast shutdown
    for (const pool of this.#pools) void pool.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-postgres-'));
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid!);
  return folder;
}

function run(program: string, args: readonly string[], cwd: string, input?: string): string {
  return execFileSync(join(programs!, program), args, { ...user, cwd, input, encoding: 'utf8', timeout: PATIENCE });
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { readonly port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
