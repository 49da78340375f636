/** A process of its own that serves the catalogue: a cache on a shared place, whose loads ask the database elsewhere. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { type Answer, Client, type Sending } from './client.ts';
import { Trouble } from './trouble.ts';

/** A Redis server for replicas to share. */
export interface RedisPlace {
  /** Its address. */
  readonly redis: string;
  /** Milliseconds that it may be silent before a replica believes nothing any more that it held. */
  readonly maxSilence: number;
}

/** What replicas share: the LMDB file in a directory, or a Redis server. */
export type Place = { readonly path: string } | RedisPlace;

/** What a replica is told when it starts. */
export interface Order {
  /** What it shares with others. */
  readonly place: Place;
  /** Where the database can be asked, and the token for it, which a write to the replica has to bring as well. */
  readonly url: string;
  readonly token: string;
}

/** What a replica answers: its address, or why it has none. */
export type Started = { readonly url: string } | { readonly trouble: string };

/** A process that serves. */
export class Replica {
  readonly url: string;
  /** Milliseconds from its start to its being ready. */
  readonly startedIn: number;
  readonly #child: Child;
  readonly #client: Client;

  private constructor(child: Child, url: string, startedIn: number) {
    this.#child = child;
    this.url = url;
    this.startedIn = startedIn;
    this.#client = new Client(url);
  }

  /** Start one. Throws {@link Trouble} if it can't serve, or the signal's reason; then nothing is left of it. */
  static async start(order: Order, signal: AbortSignal): Promise<Replica> {
    signal.throwIfAborted();
    const began = performance.now();
    const child = new Child(program());
    try {
      const started = await child.ask<Started>(order, signal);
      if ('trouble' in started) throw new Trouble(`The process ${child.pid} can't serve: ${started.trouble}`);
      return new Replica(child, started.url, performance.now() - began);
    } catch (error) {
      await child.kill();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Ask it for a path. Throws {@link Trouble} if it doesn't answer. */
  async ask(path: string, sending?: Sending): Promise<Answer> {
    try {
      return await this.#client.ask(path, sending);
    } catch (error) {
      const { message } = error as Error;
      throw new Trouble(`The process ${this.pid} didn't answer ${path}: ${message}${this.#child.lastWords}`, error);
    }
  }

  /** Let it close its cache and end. Throws {@link Trouble} if it doesn't end well. */
  async stop(): Promise<void> {
    this.#client.close();
    await this.#child.stop();
  }

  /** End it as `kill -9` does. Harmless if it has ended. */
  async kill(): Promise<void> {
    this.#client.close();
    await this.#child.kill();
  }
}

/** The compiled program: beside this file, or, where this is the source as in tests, where it is compiled to. */
function program(): string {
  const here = fileURLToPath(import.meta.url);
  const folder = here.endsWith('.ts') ? join(dirname(here), '../dist-programs/demo') : dirname(here);
  const path = join(folder, 'serving.js');
  if (!existsSync(path)) throw new Trouble("The program of the other processes isn't compiled: run npx tsc -b first.");
  return path;
}
