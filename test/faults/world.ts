/** A server, a source of truth, and processes that share the one to cache the other: each test makes a world of its own. */
import { setTimeout as pass } from 'node:timers/promises';
import { afterAll, onTestFinished } from 'vitest';
import type { ChangeResult, Key, Selector } from 'tidemark';
import type { Knowledge, MemberOptions, Read } from './children/member.ts';
import type { Address, Kind } from './children/place.ts';
import { Source } from './source.ts';
import { type Program, start } from '../processes/program.ts';
import { PostgresServer, withoutPostgres } from '../support/postgres-server.ts';
import { RedisServer, until, withoutRedis } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

/** The clients by which the promises are shown. */
export const REDIS_CLIENTS = ['node-redis', 'ioredis'] as const satisfies readonly Kind[];

/** All ways to a shared place, and what says of each that it can't be tried here. */
export const KINDS: readonly Kind[] = [...REDIS_CLIENTS, 'postgres'];
export const without: Readonly<Record<Kind, string | undefined>> = {
  'node-redis': withoutRedis,
  ioredis: withoutRedis,
  postgres: withoutPostgres,
};

/**
 * Play the same on every kind of place that can be tried here, on all at the same time: most of a test is waiting. Which
 * can't be tried is told by `places.test.ts`.
 */
export async function onEach(kinds: readonly Kind[], play: (kind: Kind) => Promise<void>): Promise<void> {
  const tried = kinds.filter((kind) => without[kind] === undefined);
  await Promise.all(
    tried.map(async (kind) => {
      try {
        await play(kind);
      } catch (error) {
        throw new Error(`by ${kind}: ${(error as Error).message}`, { cause: error });
      }
    }),
  );
}

/** Why nothing can be tried here at all, if that is so. */
export const withoutAny: string | undefined = KINDS.every((kind) => without[kind]) ? 'there is no server' : undefined;

/** What a process sends last on the connection on which it waits for news. */
export const NEWS: Readonly<Record<Kind, string>> = { 'node-redis': 'XREAD', ioredis: 'XREAD', postgres: 'LISTEN' };

/** The tag of a key's value. */
export const tagOf = (key: Key): string => `tag of ${JSON.stringify(key)}`;

/** A test's time limit in milliseconds: far beyond what it takes, so that only a hang reaches it. */
export const LIMIT = 120_000;

/**
 * What no read takes as long as, in milliseconds, unless it hangs: waits for tiers are bounded by seconds, and a machine
 * that does other things, too, takes its time.
 */
export const HANG = 20_000;

/** A bound for members whose test is about it, and what a follower's round adds to it. Milliseconds. */
export const MAX_SILENCE = 3000;
const ROUND = 1000;

/** How long members without faults wait for the place and believe what they hold: a busy machine makes nobody silent. */
const PATIENT = { timeout: 10_000, maxSilence: 60_000 };

/** How long one operation on the place may take where it may be out of reach. Milliseconds. */
export const TIMEOUT = 1000;

/** Between two looks at what a member knows. Milliseconds. */
const LOOK = 20;

/** What a member is made with beyond the world's own. */
export type Joining = Omit<MemberOptions, 'address'> & {
  /** The way to the server. Default: its own port. */
  readonly via?: TcpProxy;
};

/** A process with a cache. */
export class Member {
  readonly #program: Program;
  #gone = false;

  constructor(program: Program) {
    this.#program = program;
  }

  async get(key: Key): Promise<number | undefined> {
    return (await this.read(key)).value;
  }

  read(key: Key): Promise<Read> {
    return this.#program.ask<Read>('get', key);
  }

  readAll(keys: readonly Key[]): Promise<readonly Read[]> {
    return this.#program.ask<readonly Read[]>('getAll', keys);
  }

  /** The different values of so many reads at the same time. */
  getAtOnce(key: Key, times: number): Promise<readonly number[]> {
    return this.#program.ask('getAtOnce', { key, times });
  }

  /** What a read answers that waits for nothing outside the process. */
  getPromptly(key: Key): Promise<number | undefined> {
    return this.#program.ask('getPromptly', key);
  }

  /** What the tiers have. */
  find(key: Key): Promise<number | undefined> {
    return this.#program.ask('find', key);
  }

  /** Begin a read; the function gives its answer. */
  async begin(key: Key): Promise<() => Promise<Read>> {
    await this.#program.ask('begin', key);
    return () => this.#program.ask<Read>('finish', key);
  }

  invalidate(what: Selector): Promise<ChangeResult> {
    return this.#program.ask('invalidate', what);
  }

  delete(key: Key): Promise<ChangeResult> {
    return this.#program.ask('delete', key);
  }

  set(key: Key, value: number): Promise<ChangeResult> {
    return this.#program.ask('set', { key, value });
  }

  knowledge(): Promise<Knowledge> {
    return this.#program.ask('knowledge');
  }

  /** Resolves when what it knows is as it should be, to that. */
  async knows(what: string, isSo: (knowledge: Knowledge) => boolean): Promise<Knowledge> {
    let now!: Knowledge;
    await until(what, async () => {
      now = await this.knowledge();
      if (isSo(now)) return true;
      await pass(LOOK);
      return false;
    });
    return now;
  }

  /** Resolves when nothing waits to be said any more. */
  async saidAll(): Promise<void> {
    await this.knows('what waited has been said', ({ unsaid }) => unsaid === 0);
  }

  /** Resolves when it knows of everything that another one knows of. */
  async caughtUpWith(other: Member): Promise<void> {
    const there = await other.knowledge();
    await this.knows(
      'a member has caught up',
      ({ incarnation, applied }) => incarnation === there.incarnation && applied >= there.applied,
    );
  }

  /** Resolves when it has told of such a gap, to all gaps so far. */
  async gapsWith(reason: string): Promise<readonly string[]> {
    return (await this.knows(`a gap is noticed (${reason})`, ({ gaps }) => gaps.includes(reason))).gaps;
  }

  /** Let it stand still wherever it is, or go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#program.signal(signal);
  }

  async kill(): Promise<void> {
    this.#gone = true;
    await this.#program.kill();
  }

  /** Close the cache, and see the process end by itself; nothing happens if it has ended already. */
  async leave(): Promise<void> {
    if (this.#gone) return;
    this.#gone = true;
    await this.#program.leave();
  }
}

/** A server, a source, and those who stand between them. */
export class World {
  readonly source: Source = new Source();
  readonly #address: Address;
  readonly #members: Member[] = [];

  constructor(address: Address) {
    this.#address = address;
  }

  /** A way to the server that can be spoilt. */
  async way(): Promise<TcpProxy> {
    const proxy = await TcpProxy.to(this.#address.port);
    onTestFinished(() => proxy.close());
    return proxy;
  }

  /** Start a process. In {@link Source.loadersOf} it is called by its number, from 0. */
  async join({ via, ...rest }: Joining = {}): Promise<Member> {
    const address = via ? { ...this.#address, port: via.port } : this.#address;
    const options: MemberOptions = { address, ...PATIENT, ...rest };
    const member = new Member(start('member', options, this.source.answersTo(this.#members.length)));
    this.#members.push(member);
    await member.knows('a member has joined the log', ({ incarnation }) => incarnation !== '');
    return member;
  }

  /** See every process end well that lives. */
  async end(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.leave()));
  }
}

/** Of all tests of a file: making one takes longer than most of them. Each test has tables of its own. */
let postgres: Promise<PostgresServer> | undefined;
let worlds = 0;
afterAll(async () => (await postgres)?.close());

/** A world around a server. All is gone when the test is over. */
export async function begin(kind: Kind): Promise<World> {
  if (kind !== 'postgres') return (await beginRedis(kind)).world;
  const { port } = await (postgres ??= PostgresServer.start());
  return new World({ kind, port, tables: `world${++worlds}` });
}

/** The same around a Redis server, which can be spoilt, too. `options` are those of its command line. */
export async function beginRedis(
  kind: Kind,
  ...options: readonly string[]
): Promise<{ readonly world: World; readonly server: RedisServer }> {
  const server = await RedisServer.start(...options);
  onTestFinished(() => server.close());
  return { world: new World({ kind, port: server.port }), server };
}

/**
 * Read until what is read is at least `version`, as a member that was told {@link MAX_SILENCE}. A change of that version was said before this is called: a read that
 * begins later than the bound allows must not miss it.
 *
 * @throws if one did.
 */
export async function becomesRight(member: Member, key: Key, version: number): Promise<void> {
  const latest = Date.now() + MAX_SILENCE + ROUND;
  await until(`${JSON.stringify(key)} is right`, async () => {
    const asked = Date.now(); // the read begins no sooner
    const value = (await member.get(key)) ?? 0;
    if (value < version && asked > latest) throw new Error(`${value} was read ${asked - latest} ms past the bound`);
    return value >= version;
  });
}
