/** A Redis server of one's own: on a free port of this machine, in a folder of its own, gone when it is closed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Trouble } from './trouble.ts';
import { until } from './until.ts';

const PATIENCE = 30_000; // milliseconds until it answers
const TRIES = 3; // somebody else may take the port that was free, but not so often

const INSTALL =
  "redis-server isn't installed, or isn't on the PATH. Install it (Debian and Ubuntu: apt install redis-server; " +
  'macOS: brew install redis), and start again.';

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A server that may be killed, stopped and started again. */
export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #options: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string, options: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#options = options;
  }

  /** Start a server; `options` as on its command line. Throws {@link Trouble} if there is none to start, or it doesn't answer. */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    for (let tries = 1; ; tries++) {
      const folder = mkdtempSync(join(tmpdir(), 'tidemark-redis-'));
      const server = new RedisServer(await freePort(), folder, options);
      try {
        await server.up();
        return server;
      } catch (error) {
        await server.close();
        if (tries === TRIES) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** The number of its process; 0 while there is none. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Start it again, with what lies in its folder. */
  async up(): Promise<void> {
    const args = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder];
    const quiet = ['--save', '', '--appendonly', 'no', '--daemonize', 'no', '--logfile', 'server.log'];
    const child = spawn('redis-server', [...args, ...quiet, ...this.#options], { stdio: 'ignore' });
    await once(child, 'spawn').catch((cause: unknown) => Promise.reject(new Trouble(INSTALL, cause)));
    this.#process = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    const answers = async () => {
      if (hasEnded(child)) throw new Trouble(`redis-server ended with ${child.exitCode ?? child.signalCode}.`);
      const info = await this.ask('INFO').catch(() => '');
      return info.includes(`process_id:${child.pid}\r`) && info.includes('loading:0\r'); // it, and no other on its port
    };
    if ((await until(answers, { patience: PATIENCE })) === undefined)
      throw new Trouble(`redis-server doesn't answer on port ${this.port}.`);
  }

  /** Send a command on a connection of its own; its answer as it comes, without being taken apart. */
  async ask(...args: readonly string[]): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    try {
      return await answerTo(socket, args);
    } finally {
      socket.destroy();
    }
  }

  /** How often each command was called, by its name in lower case, since the figures were last set to nothing. */
  async calls(): Promise<ReadonlyMap<string, number>> {
    const lines = (await this.ask('INFO', 'commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
    return new Map([...lines].map(([, name, count]) => [name, Number(count)]));
  }

  /** Hold the process, as a machine that has stalled. */
  stall(): void {
    this.#process!.kill('SIGSTOP');
  }

  /** Let it go on. */
  resume(): void {
    this.#process!.kill('SIGCONT');
  }

  /** Kill it, and wait until it is gone. Harmless if it is. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || hasEnded(child)) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Kill it and remove what it left. */
  async close(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Sends one command and resolves with all of its answer, as it comes. */
function answerTo(socket: Socket, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.once('error', reject);
    socket.once('close', () => resolve(text));
    socket.on('data', (data: string) => (text += data));
    // The server closes after QUIT, so what has come until then is the whole answer.
    const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('');
    socket.write(`*${args.length}\r\n${parts}*1\r\n$4\r\nQUIT\r\n`);
  });
}
