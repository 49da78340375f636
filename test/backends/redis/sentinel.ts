/** A sentinel for tests: it watches over a master named `main`, and soon gives its place to the replica when it is silent. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { freePort, type RedisServer, until } from '../../support/redis-server.ts';

/** A process that watches. */
export class Sentinel {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, process: ChildProcess, folder: string) {
    this.port = port;
    this.#process = process;
    this.#folder = folder;
  }

  /** Start one, and wait until it knows the master and one replica. */
  static async over(master: RedisServer): Promise<Sentinel> {
    const [port, folder] = [await freePort(), mkdtempSync(join(tmpdir(), 'tidemark-sentinel-'))];
    const file = join(folder, 'sentinel.conf');
    const monitor = `sentinel monitor main 127.0.0.1 ${master.port} 1`;
    const patience = 'sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 3000';
    writeFileSync(file, `port ${port}\nbind 127.0.0.1\ndir ${folder}\n${monitor}\n${patience}\n`);
    const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
    process.once('exit', () => child.kill('SIGKILL'));
    const sentinel = new Sentinel(port, child, folder);
    await until('the sentinel knows master and replica', async () => sentinel.#knowsReplica());
    return sentinel;
  }

  async #knowsReplica(): Promise<boolean> {
    const client = createClient({ url: `redis://127.0.0.1:${this.port}`, socket: { reconnectStrategy: false } });
    try {
      await client.on('error', () => {}).connect();
      return (await client.info('sentinel')).includes('slaves=1');
    } catch {
      return false;
    } finally {
      client.destroy();
    }
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGKILL');
      await once(this.#process, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
