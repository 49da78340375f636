/** A disk tier remembers up to which mark of the log it is true: a restart over it is warm, right, and asks the log little. */
import { describe, expect, test } from 'vitest';
import { createCache, memory, type Mirror, type Page, type Store } from 'tidemark';
import {
  Disk,
  diskStore,
  type DiskStoreOptions,
  hostileBackend,
  manualClock,
  sharedBackend,
  SharedSpace,
} from 'tidemark/testing';
import { deferred, failure, idle } from '../support/deferred.ts';

const SOON = 200; // milliseconds after which what was applied has been recorded
const KEYS = ['a', 'b', 'c', 'd'];

interface Start extends Omit<DiskStoreOptions, 'disk'> {
  /** Another disk than the one of all. */
  readonly disk?: Disk;
  /** How the connection to the log is changed. */
  readonly spoil?: (log: ReturnType<typeof hostileBackend>['log']) => void;
}

/** A source, a place elsewhere that holds the log, a disk, and processes that start over them and end. */
function stage() {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const disk = new Disk();
  const truth = new Map(KEYS.map((key) => [key, 1]));
  const start = (options: Start = {}) => {
    const store = diskStore({ disk, ...options });
    const link = sharedBackend({ space, pollEvery: 400 });
    const remote = hostileBackend({ backend: link, clock });
    options.spoil?.(remote.log);
    const cache = createCache({ clock, tiers: [memory(), store, { store: remote, timeout: 100 }] });
    const loads: string[] = [];
    const things = cache.define<number>('thing', { load: (key) => (loads.push(key), truth.get(key)!), tags: tagOf });
    const kill = () => (store.cut(), link.cut());
    return { cache, things, loads, remote, store, link, kill, read: () => things.getMany(KEYS) };
  };
  const other = createCache({ clock, tiers: [sharedBackend({ space })] });
  /** Write the truth, and say so from another process. */
  const change = async (key: string, value: number) => {
    truth.set(key, value);
    await other.invalidate({ key: ['thing', key] });
  };
  /** Nothing that matters changes, a few times: what was stored is older than the head. */
  const bustle = async (times = 5) => {
    for (let i = 0; i < times; i++) await other.invalidate({ tags: [`unrelated ${i}`] });
  };
  return { clock, space, disk, truth, start, other, change, bustle };
}

const tagOf = (_: number, key: string) => [`tag ${key}`];

type Process = ReturnType<ReturnType<typeof stage>['start']>;

/** What a process had to ask for: loads, and questions to the place elsewhere. */
function asked({ loads, remote }: Process) {
  return { loads: loads.length, stamps: remote.log.calls.stamps, entries: remote.calls.getMany };
}

const NOTHING = { loads: 0, stamps: 0, entries: 0 };

/** A process has filled the disk, much has changed since that doesn't matter, and the process has ended. */
async function before({ clock, start, bustle }: ReturnType<typeof stage>, options: Start = {}): Promise<void> {
  const first = start(options);
  expect(await first.read()).toEqual([1, 1, 1, 1]);
  await bustle();
  await clock.advanceAsync(SOON);
  await first.cache.close();
}

describe.each([true, false])('a disk whose reads answer at once: %s', (sync) => {
  test('a restart is warm, and asks the log for no stamp and the place elsewhere for no entry', async () => {
    const world = stage();
    await before(world, { sync });
    await world.bustle(); // while the process is down
    const second = world.start({ sync });
    expect(await second.read()).toEqual([1, 1, 1, 1]);
    expect(asked(second)).toEqual(NOTHING);
    expect(second.remote.log.calls.read).toBeGreaterThan(0); // it has read what came since
  });

  test('what changed while the process was down is seen, and nothing else is cold', async () => {
    const world = stage();
    await before(world, { sync });
    await world.change('a', 2);
    world.truth.set('b', 3);
    await world.other.invalidate({ tags: ['tag b'] });
    world.truth.set('c', 4);
    await world.other.invalidate({ pattern: ['thing', 'c'] });
    await world.bustle();
    const second = world.start({ sync });
    expect(await second.read()).toEqual([2, 3, 4, 1]);
    expect(asked(second)).toMatchObject({ loads: 3, stamps: 0 });
  });

  test('what changed while the process ran is remembered', async () => {
    const world = stage();
    const first = world.start({ sync });
    await first.read();
    await world.change('a', 2);
    world.truth.set('b', 3);
    await first.things.invalidate('b');
    world.truth.set('c', 4);
    await world.other.invalidate({ prefix: ['thing', 'c'] }, { soft: true });
    await world.bustle();
    await world.clock.advanceAsync(1000);
    first.kill();
    const second = world.start({ sync });
    expect(await second.read()).toEqual([2, 3, 4, 1]);
    expect(asked(second)).toMatchObject({ loads: 3, stamps: 0 });
  });
});

test('a process that is killed before the mirror was told leaves it behind, and the log is read from there', async () => {
  const world = stage();
  const first = world.start();
  await first.read();
  await world.bustle();
  await world.change('a', 2);
  await idle();
  expect(first.cache.stats().log.applied).toBe(6);
  first.kill();
  expect(world.disk.position).toEqual({ ...world.space.position, head: 0 });
  const second = world.start();
  expect(await second.read()).toEqual([2, 1, 1, 1]);
  expect(asked(second)).toMatchObject({ loads: 1, stamps: 0 });
});

test('nothing is served before all is known that was said before the start', async () => {
  const world = stage();
  await before(world);
  await world.bustle();
  await world.change('a', 2);
  const gates = [deferred(), deferred()];
  let pages = 0;
  const second = world.start({
    spoil: (log) => {
      const read = log.read.bind(log);
      log.read = async (after, call) => {
        const page: Page = await read(after, call);
        await gates[pages++]?.promise;
        return { ...page, changes: page.changes.slice(0, 2) };
      };
    },
  });
  const reads: Promise<unknown>[] = [];
  const got: unknown[] = [];
  for (const gate of gates) {
    reads.push(second.read().then((values) => got.push(values))); // one begins between two pages
    await idle();
    expect([got, second.things.peek('a'), second.loads]).toEqual([[], undefined, []]);
    gate.resolve();
    await idle();
  }
  await Promise.all(reads);
  expect(got).toEqual([
    [2, 1, 1, 1],
    [2, 1, 1, 1],
  ]);
  expect(pages).toBeGreaterThan(2);
  expect(asked(second)).toMatchObject({ loads: 1, stamps: 0 });
});

describe('a restart is right, if colder, when', () => {
  test('the log no longer has what came since: the mirror begins anew', async () => {
    const world = stage();
    await before(world);
    const gaps: unknown[] = [];
    await world.change('a', 2);
    world.space.trim(0);
    const second = world.start();
    second.cache.on('gap', (gap) => gaps.push(gap));
    expect(await second.read()).toEqual([2, 1, 1, 1]);
    expect(second.loads).toEqual(['a']);
    expect(second.remote.log.calls.stamps).toBeGreaterThan(0);
    expect(gaps).toEqual([]); // nothing was held that could have been missed
    expect(world.disk.position).toEqual(world.space.position);
    await world.bustle();
    await world.clock.advanceAsync(1000);
    await second.cache.close();
    const third = world.start();
    expect(await third.read()).toEqual([2, 1, 1, 1]);
    expect(third.loads).toEqual([]);
  });

  test('the log is another one', async () => {
    const world = stage();
    await before(world);
    for (const key of KEYS) world.truth.set(key, 5);
    world.space.flush();
    await world.bustle(20); // its head is beyond that of the log that was lost
    const second = world.start();
    expect(await second.read()).toEqual([5, 5, 5, 5]);
    expect(second.loads).toHaveLength(4);
    expect(world.disk.position).toEqual(world.space.position);
  });

  test('the mirror is still that of a log that is gone', async () => {
    const world = stage();
    await before(world);
    const lost = world.disk.position;
    world.space.flush();
    const gate = async (operation: string) => {
      if (operation === 'mirror record') throw new Error('the mirror is not told');
    };
    const second = world.start({ gate });
    expect(await second.read()).toEqual([1, 1, 1, 1]);
    await idle();
    second.kill();
    await world.change('a', 2);
    expect(world.disk.position).toEqual(lost);
    expect(await world.start({ gate }).read()).toEqual([2, 1, 1, 1]);
  });

  test('the mirror lacks what the log no longer has, and cannot be told', async () => {
    const world = stage();
    await before(world);
    await world.change('a', 2);
    world.space.trim(0);
    const gate = async (operation: string) => {
      if (operation === 'mirror record') throw new Error('the mirror is not told');
    };
    const second = world.start({ gate });
    expect(await second.read()).toEqual([2, 1, 1, 1]);
    expect(world.disk.position!.head).toBeLessThan(world.space.position.head);
  });

  test('the mirror has forgotten everything', async () => {
    const world = stage();
    await before(world);
    await world.change('a', 2);
    world.disk.forget();
    world.space.trim(0);
    const second = world.start();
    expect(await second.read()).toEqual([2, 1, 1, 1]);
    expect(asked(second)).toMatchObject({ loads: 1 });
    expect(second.remote.log.calls.stamps).toBeGreaterThan(0);
  });

  test('the mirror remembers little', async () => {
    const world = stage();
    const disk = new Disk({ stamps: 2, rules: 1 });
    await before(world, { disk });
    await world.change('a', 2);
    const second = world.start({ disk });
    expect(await second.read()).toEqual([2, 1, 1, 1]);
    expect(second.loads).toEqual(['a']);
  });

  test.each(['mirror position', 'mirror record', 'mirror stamps'])('the mirror fails: %s', async (operation) => {
    const world = stage();
    const gate = async (asking: string) => {
      if (asking === operation) throw new Error('the mirror fails');
    };
    await before(world, { gate });
    await world.change('a', 2);
    const second = world.start({ gate, sync: operation === 'mirror record' });
    expect(await second.read()).toEqual([2, 1, 1, 1]);
    await world.change('b', 3);
    await world.clock.advanceAsync(1000);
    expect(await second.read()).toEqual([2, 3, 1, 1]);
  });

  test('the log is silent at first: nothing is vouched for, and all is warm when it is back', async () => {
    const world = stage();
    await before(world);
    await world.change('a', 2);
    world.space.down();
    const second = world.start();
    world.truth.set('d', 9); // said to nobody, so a warm read wouldn't see it
    const loaded = second.things.get('d');
    await world.clock.advanceAsync(200);
    expect(await loaded).toBe(9);
    world.truth.set('d', 1);
    world.space.up();
    await world.clock.advanceAsync(2000);
    second.loads.length = 0;
    expect(await second.read()).toEqual([2, 1, 1, 1]);
    expect(second.loads).toEqual(['a']);
    expect(second.remote.log.calls.stamps).toBe(0);
  });
});

describe('a change of its own, said before anything was heard of the log,', () => {
  test('does not cost the mirror what it knows, and what it brings is kept', async () => {
    const world = stage();
    await before(world);
    await world.change('b', 3);
    const head = world.disk.position!.head;
    const second = world.start();
    world.truth.set('a', 2);
    expect(await second.things.set('a', 2)).toEqual({ mark: head + 2, reach: 'everywhere' });
    expect(second.things.peek('a')).toBe(2);
    expect(await second.read()).toEqual([2, 3, 1, 1]);
    expect(asked(second)).toMatchObject({ loads: 1, stamps: 0 });
  });

  test('is followed by nothing that was stored before it', async () => {
    const world = stage();
    await before(world);
    await world.bustle();
    const held = deferred();
    const second = world.start({
      spoil: (log) => {
        const read = log.read.bind(log);
        log.read = async (after, call) => {
          await held.promise;
          return read(after, call);
        };
      },
    });
    world.truth.set('a', 2);
    const said = second.things.set('a', 2);
    await idle();
    const reading = second.read();
    await idle();
    expect(second.things.peek('a')).toBeUndefined();
    held.resolve();
    expect([(await said).reach, second.things.peek('a')]).toEqual(['everywhere', 2]);
    expect([await reading, second.loads]).toEqual([[2, 1, 1, 1], []]);
  });
});

test('two processes over one disk share what it remembers, whoever tells it', async () => {
  const world = stage();
  const [first, second] = [world.start(), world.start()];
  await first.read();
  await second.read();
  await world.bustle();
  await world.change('a', 2);
  await world.clock.advanceAsync(1000);
  expect([await first.read(), await second.read()]).toEqual([
    [2, 1, 1, 1],
    [2, 1, 1, 1],
  ]);
  await first.things.invalidate('b');
  await world.clock.advanceAsync(1000);
  expect(world.disk.position).toEqual(world.space.position);
  first.kill();
  await second.cache.close();
  await world.bustle();
  const third = world.start();
  expect(await third.read()).toEqual([2, 1, 1, 1]);
  expect(asked(third)).toMatchObject({ loads: 1, stamps: 0 }); // 'b'
});

describe('the mirror is told', () => {
  /** A process whose mirror counts what it is told. */
  function counting(world: ReturnType<typeof stage>, gate?: DiskStoreOptions['gate']) {
    const told: number[] = [];
    const disk = new Disk();
    const record = disk.record.bind(disk);
    disk.record = (incarnation, from, to, changes) => {
      told.push(changes.length);
      record(incarnation, from, to, changes);
    };
    return { told, disk, process: world.start(gate ? { disk, gate } : { disk }) };
  }

  test('in batches', async () => {
    const world = stage();
    const { told, disk, process } = counting(world);
    await process.read();
    await world.bustle(6000); // more than may wait
    await world.clock.advanceAsync(1000);
    expect(disk.position).toEqual(world.space.position);
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(6000);
    expect(told.length).toBeLessThanOrEqual(20);
  });

  test('nothing while nothing changes', async () => {
    const world = stage();
    const { told, process } = counting(world);
    await process.read();
    await world.clock.advanceAsync(60_000);
    expect(told).toEqual([0]); // where it begins
  });

  test('what waits, when the cache is closed', async () => {
    const world = stage();
    const { disk, process } = counting(world);
    await process.read();
    await world.bustle();
    await idle();
    expect(disk.position?.head).toBe(0);
    await process.cache.close();
    expect(disk.position).toEqual(world.space.position);
    expect(world.clock.pending).toBeLessThanOrEqual(2); // the other process's poll, and its time of hot paths
  });

  test('without anybody waiting for it, and without end only for as long as an operation may take', async () => {
    const world = stage();
    const held = deferred();
    const { told, disk, process } = counting(world, (operation) =>
      operation === 'mirror record' ? held.promise : Promise.resolve(),
    );
    expect(await process.read()).toEqual([1, 1, 1, 1]);
    await world.change('a', 2);
    await idle();
    expect(await process.read()).toEqual([2, 1, 1, 1]);
    const closing = process.cache.close();
    await world.clock.advanceAsync(5000);
    await closing;
    held.resolve();
    await idle();
    expect([told, disk.position]).toEqual([[], undefined]);
  });

  test('what came while it was slow, when it is done', async () => {
    const world = stage();
    const held = deferred();
    const { disk, process } = counting(world, (operation) =>
      operation === 'mirror record' ? held.promise : Promise.resolve(),
    );
    await process.read();
    await world.change('a', 2);
    await world.clock.advanceAsync(500); // it is told later, since it isn't done
    held.resolve();
    await world.clock.advanceAsync(1000);
    expect(disk.position).toEqual(world.space.position);
  });

  test('no more than it can take: too much is dropped, and it begins anew', async () => {
    const world = stage();
    let held = deferred();
    const { told, disk, process } = counting(world, (operation) =>
      operation === 'mirror record' ? held.promise : Promise.resolve(),
    );
    await process.read();
    await world.change('a', 2);
    await world.bustle(5200);
    await idle();
    expect(process.cache.stats().log.applied).toBe(5201);
    held.resolve();
    held = deferred();
    held.resolve();
    await world.clock.advanceAsync(1000);
    expect(Math.max(...told)).toBeLessThanOrEqual(5000);
    expect(told.reduce((sum, count) => sum + count, 0)).toBeLessThan(5200);
    await process.cache.close();
    expect(disk.position).toEqual(world.space.position);
    const second = world.start({ disk });
    expect(await second.read()).toEqual([2, 1, 1, 1]);
    expect(second.loads).toEqual(['a']);
  });
});

test('the mirror of the authority itself, and of no store at all, is not asked', async () => {
  const world = stage();
  const asking: string[] = [];
  const tell = (what: string) => async () => {
    asking.push(what);
    throw new Error('nobody asks');
  };
  const mirror: Mirror = { position: tell('position'), record: tell('record'), stamps: tell('stamps') };
  const backend = Object.assign(sharedBackend({ space: world.space }), { mirror });
  const cache = createCache({ clock: world.clock, tiers: [memory(), backend] });
  expect(await cache.define<number>('thing', { load: () => 1 }).get('a')).toBe(1);
  await world.clock.advanceAsync(1000);
  await cache.close();
  expect(asking).toEqual([]);
});

test('of several mirrors that of the slowest tier is used', async () => {
  const world = stage();
  const [near, far] = [new Disk(), new Disk()];
  const tiers: Store[] = [diskStore({ disk: near }), diskStore({ disk: far }), sharedBackend({ space: world.space })];
  const cache = createCache({ clock: world.clock, tiers });
  await cache.invalidate({ all: true });
  await cache.close();
  expect([near.position, far.position]).toEqual([undefined, world.space.position]);
  expect(await failure(cache.invalidate({ all: true }))).toMatchObject({ code: 'closed' });
});
