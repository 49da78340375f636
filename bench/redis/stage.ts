/** Where a scenario plays: a Redis server, a source of truth in this process, and processes that cache what it says. */
import type { RedisServer } from '../../test/support/redis-server.ts';
import { Actor } from './actor.ts';
import { Link } from './link.ts';
import type { Read } from './node.ts';
import type { Opening } from './peer.ts';
import { startServer } from './server.ts';

/** What takes longer hangs, and what is wrong for longer is stale. Milliseconds. */
export const WITHIN = 5000;

/** What everything on a stage is tagged with, where the scenario is about a tag. */
export const TAG = 'tag';

/** One process of a scenario. */
export class Player {
  readonly name: string;
  readonly actor: Actor;
  /** What its loads wait for before they answer with what the source said when they began. */
  held: Promise<void> = Promise.resolve();

  constructor(name: string, load: (player: Player, key: string) => Promise<object>) {
    this.name = name;
    this.actor = new Actor({ load: ({ key }: { readonly key: string }) => load(this, key) });
  }

  read(key: string): Promise<Read> {
    return this.actor.ask('read', { key, within: WITHIN });
  }

  /** Say that a key has changed; what the cache answers. */
  delete(key: string): Promise<string> {
    return this.actor.ask('delete', { key, within: WITHIN });
  }

  invalidateTag(): Promise<string> {
    return this.actor.ask('invalidateTag', { tag: TAG, within: WITHIN });
  }
}

/** How a process of a scenario is opened, beyond the defaults. */
export type PlayerOptions = Partial<Pick<Opening, 'port' | 'tag' | 'setup'>>;

/** One scenario's place. */
export class Stage {
  readonly server: RedisServer;
  /** How often each key was loaded, and its version at the source. */
  readonly loads = new Map<string, number>();
  readonly versions = new Map<string, number>();
  readonly #peer: string;
  readonly #players: Player[] = [];
  readonly #links: Link[] = [];

  private constructor(peer: string, server: RedisServer) {
    this.#peer = peer;
    this.server = server;
  }

  /** Play a scenario with a cache, and leave nothing behind. */
  static async play<T>(peer: string, scenario: (stage: Stage) => Promise<T>): Promise<T> {
    const stage = new Stage(peer, await startServer());
    try {
      return await scenario(stage);
    } finally {
      await Promise.all(stage.#players.map(({ actor }) => actor.end()));
      for (const link of stage.#links) link.close();
      await stage.server.close();
    }
  }

  /** A process whose cache is open and has been used. */
  async enter(name: string, options: PlayerOptions = {}): Promise<Player> {
    const player = new Player(name, (from, key) => this.#load(from, key));
    this.#players.push(player);
    await player.actor.open(this.#peer, { port: this.server.port, setup: 'documented', ...options });
    const { failure } = await player.read(`used by ${name}`);
    if (failure !== undefined) throw new Error(`a first read ${failure}`);
    return player;
  }

  /** A wire to the server, to be cut. */
  async link(): Promise<Link> {
    const link = await Link.to(this.server.port);
    this.#links.push(link);
    return link;
  }

  /** Whether anything escaped that would have ended a process. */
  async crashed(): Promise<boolean> {
    const counts = await Promise.all(this.#players.map(({ actor }) => actor.ask<number>('uncaught')));
    return counts.some((count) => count > 0);
  }

  /** Read until all have the source's version, or the time is over; the names of those who don't have it then. */
  async stale(key: string, players: readonly Player[]): Promise<readonly string[]> {
    for (const end = Date.now() + WITHIN; ; await passing(100)) {
      const reads = await Promise.all(players.map((player) => player.read(key)));
      const wrong = players.filter((_, i) => versionIn(reads[i]) !== this.versionOf(key)).map(({ name }) => name);
      if (wrong.length === 0 || Date.now() > end) return wrong;
    }
  }

  versionOf(key: string): number {
    return this.versions.get(key) ?? 1;
  }

  async #load(player: Player, key: string): Promise<object> {
    this.loads.set(key, (this.loads.get(key) ?? 0) + 1);
    const version = this.versionOf(key);
    await player.held;
    return { version };
  }
}

/** So many milliseconds. */
export function passing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function versionIn({ value }: Read): number | undefined {
  return (value as { readonly version: number } | undefined)?.version;
}
