/** However late and out of order KV is, a cache over it never serves what a change has made wrong. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cache, type Collection, createCache, memory, type Store } from 'tidemark';
import { workersKv } from 'tidemark/stores/workers-kv';
import {
  laggingKv,
  type LaggingKv,
  type ManualClock,
  manualClock,
  seededRandom,
  sharedBackend,
  SharedSpace,
} from 'tidemark/testing';

const LOCATIONS = ['fra', 'syd'] as const;
const KEYS = ['a', 'b', 'c'] as const;
const POLL = 1000;

/** What is in the database, and in a cache: the version of the key, and of the whole that a tag stands for. */
interface Row {
  readonly key: string;
  readonly version: number;
}

interface Read {
  readonly kind: 'read';
  readonly node: number;
  readonly key: string;
  readonly waits: boolean;
}

type Command =
  | Read
  | {
      readonly kind: 'change';
      readonly node: number;
      readonly key: string;
      readonly how: 'key' | 'tag' | 'set' | 'delete';
    }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'restart'; readonly node: number };

const anyNode = fc.nat(LOCATIONS.length - 1);
const anyKey = fc.constantFrom(...KEYS);
const anyHow = fc.constantFrom('key' as const, 'tag' as const, 'set' as const, 'delete' as const);
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('read' as const), node: anyNode, key: anyKey, waits: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('change' as const), node: anyNode, key: anyKey, how: anyHow }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 500, 1500, 9000, 40_000) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const), node: anyNode }) },
);
const schedules = fc.record({
  seed: fc.integer({ min: 1 }),
  commands: fc.array(anyCommand, { minLength: 10, maxLength: 60 }),
});

interface Options {
  readonly consistency: 'bounded' | 'strong';
  /** What stands in the place of the store: to see that the test would notice. */
  readonly around?: (store: Store) => Store;
}

/** Two nodes at two locations of one KV, with one log. */
class World {
  readonly clock: ManualClock = manualClock();
  readonly kv: LaggingKv;
  readonly #space = new SharedSpace({ clock: this.clock });
  readonly #options: Options;
  readonly #versions = new Map<string, number>();
  readonly #nodes: { cache: Cache; rows: Collection<Row> }[] = [];
  /** When each key was changed last, and by which node. */
  readonly #changed = new Map<string, { readonly at: number; readonly by: number; readonly before: number }>();
  readonly #reading = new Set<Promise<void>>();
  #loads = 0;
  /** Reads that KV answered. */
  fromKv = 0;
  wrong: string[] = [];

  constructor(seed: number, options: Options) {
    this.kv = laggingKv({ clock: this.clock, random: seededRandom(seed) });
    this.#options = options;
    LOCATIONS.forEach((_, i) => this.#start(i));
  }

  async play(command: Command): Promise<void> {
    switch (command.kind) {
      case 'read':
        return command.waits ? this.#let(this.#read(command)) : this.#begin(command);
      case 'change':
        return this.#change(command.node, command.key, command.how);
      case 'wait':
        return this.clock.advanceAsync(command.ms);
      case 'restart':
        await this.#let(this.#nodes[command.node].cache.close());
        return this.#start(command.node);
    }
  }

  async close(): Promise<void> {
    await this.#let(Promise.all(this.#reading));
    for (const { cache } of this.#nodes) await this.#let(cache.close());
  }

  #start(i: number): void {
    const { clock } = this;
    const { consistency, around = (store) => store } = this.#options;
    const store = workersKv({ namespace: this.kv.invocation(LOCATIONS[i]), clock });
    const { log } = sharedBackend({ space: this.#space, pollEvery: POLL });
    const cache = createCache({
      tiers: [memory({ maxEntries: 1, clock }), around(store)],
      log,
      consistency,
      clock,
      random: seededRandom(i + 1),
    });
    const rows = cache.define<Row>('row', {
      load: async (id) => {
        const version = this.#versionOf(id);
        this.#loads++;
        await new Promise<void>((resolve) => void clock.after(50, resolve)); // a load takes its time
        return { key: id, version };
      },
      tags: ({ key: id }) => [`tag ${id}`],
      ttl: '1h',
    });
    this.#nodes[i] = { cache, rows };
  }

  #versionOf(id: string): number {
    return this.#versions.get(id) ?? 0;
  }

  /** Begin a read that goes on while other things happen. */
  async #begin(command: Read): Promise<void> {
    const read = this.#read(command).finally(() => this.#reading.delete(read));
    this.#reading.add(read);
    await this.clock.advanceAsync(0);
  }

  async #read({ node: i, key: id }: Read): Promise<void> {
    const wanted = this.#wanted(i, id);
    const { rows } = this.#nodes[i];
    const before = this.#reading.size === 0 && rows.peek(id) === undefined ? this.#loads : -1;
    const row = await rows.get(id);
    if (before === this.#loads) this.fromKv++;
    if (row?.key !== id || row.version < wanted)
      this.wrong.push(`${LOCATIONS[i]} read version ${row?.version} of ${id} and not ${wanted}`);
  }

  /** The oldest version that is right: another node may be behind a change for as long as it is on its way. */
  #wanted(i: number, id: string): number {
    const last = this.#changed.get(id);
    if (!last) return 0;
    const known = this.#options.consistency === 'strong' || last.by === i || this.clock.now() > last.at + POLL;
    return known ? this.#versionOf(id) : last.before;
  }

  async #change(i: number, id: string, how: 'key' | 'tag' | 'set' | 'delete'): Promise<void> {
    const before = this.#wanted(i, id);
    const version = this.#versionOf(id) + 1;
    this.#versions.set(id, version);
    const { cache, rows } = this.#nodes[i];
    const said = {
      key: () => rows.invalidate(id),
      tag: () => cache.invalidate({ tags: [`tag ${id}`] }),
      set: () => rows.set(id, { key: id, version }),
      delete: () => rows.delete(id),
    };
    const { reach } = await this.#let(said[how]());
    expect(reach).toBe('everywhere');
    this.#changed.set(id, { at: this.clock.now(), by: i, before });
  }

  /** What is under way ends only while time passes. */
  async #let<T>(work: Promise<T>): Promise<T> {
    const state = { done: false };
    const end = () => void (state.done = true);
    work.then(end, end);
    for (let left = 100; !state.done && left > 0; left--) await this.clock.advanceAsync(10);
    return work;
  }
}

async function wrongIn(seed: number, commands: readonly Command[], options: Options): Promise<World> {
  const world = new World(seed, options);
  for (const command of commands) await world.play(command);
  await world.close();
  return world;
}

test.each(['bounded', 'strong'] as const)('%s reads', { timeout: 60_000 }, async (consistency) => {
  let fromKv = 0;
  await fc.assert(
    fc.asyncProperty(schedules, async ({ seed, commands }) => {
      const world = await wrongIn(seed, commands, { consistency });
      fromKv += world.fromKv;

      expect(world.wrong).toEqual([]);
    }),
    { numRuns: 250 },
  );
  if (consistency === 'bounded') expect(fromKv).toBeGreaterThan(100); // KV did serve; strong reads never peek
});

test('a store that takes KV at its word is caught', { timeout: 60_000 }, async () => {
  /** Entries look as if they had been true a moment ago. */
  const believing = (store: Store): Store => ({
    name: 'believing',
    sync: false,
    getMany: async (keys, call) =>
      (await store.getMany(keys, call)).map((entry) => entry && { ...entry, mark: 1_000_000, dependencies: [] }),
    setMany: (records, call) => store.setMany(records, call),
    deleteMany: (keys, call) => store.deleteMany(keys, call),
    clear: (call) => store.clear(call),
  });
  let caught = 0;
  for (const { seed, commands } of fc.sample(schedules, { numRuns: 100, seed: 1 })) {
    const world = await wrongIn(seed, commands, { consistency: 'strong', around: believing });
    if (world.wrong.length > 0) caught++;
  }
  expect(caught).toBeGreaterThan(10);
});
