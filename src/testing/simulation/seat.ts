/** A node at its place: a process with its cache, its clock, its connection and its disk; a restart puts another one there. */
import type { TierOptions } from '../../engine/cache-options.ts';
import type { Clock } from '../../engine/clock.ts';
import type { LiveStore, Store } from '../../engine/store.ts';
import { memory } from '../../stores/memory.ts';
import { workersKv } from '../../stores/workers-kv.ts';
import { type Disk, diskStore, type DiskStore } from '../disk-store.ts';
import { NAME } from './ledger.ts';
import { Link } from './network.ts';
import { Peer } from './peer.ts';
import { witnessed } from './witness.ts';
import type { World } from './world.ts';

/** A node at its place. */
export interface Seat {
  peer: Peer;
  /** Its connection to the place that all share, if there is one. */
  link: Link | undefined;
  memory: LiveStore | undefined;
  /** What its process has on disk, and what is still there after a restart. */
  store: DiskStore | undefined;
  readonly disk: Disk | undefined;
}

/** A store on the namespace that all share. */
function kvStore({ kv, chance, platform }: World, name: string, clock: Clock): Store {
  const namespace = kv!.reached(name);
  return workersKv({
    namespace: platform?.asked(namespace) ?? namespace,
    clock,
    ...(platform && { defer: platform.background }),
    ...(chance.once(4) && { maxWaiting: 2 }),
    ...(chance.once(4) && { ttlCap: 60_000 }),
  });
}

/** A new process. */
export function seatOf(world: World, disk: Disk | undefined): Seat {
  const { chance, mood, place, traits, platform } = world;
  const name = world.newName();
  const clock = world.newClock();
  const link = place && new Link(world.network, name, clock);
  const outside = <T extends object>(thing: T): T => platform?.asked(thing) ?? thing;
  const backend = place && link && outside(witnessed(place.connect(link), world));
  const live = place && chance.once(8) ? undefined : memory({ ...world.limits });
  const store = disk && diskStore({ disk, gate: (operation) => world.hold(name, operation), sync: !chance.once(3) });
  const tiers: (Store | TierOptions)[] = [];
  if (live) tiers.push(chance.once(4) ? { store: live, maxTtl: 350 } : live);
  const time = platform?.clock(clock) ?? clock;
  const entries = world.kv ? kvStore(world, name, time) : backend;
  const log = world.kv ? backend?.log : !backend && world.log;
  for (const slower of [world.unreliable && outside(world.unreliable), store, entries])
    if (slower) tiers.push({ store: slower, timeout: 200, breaker: { failures: 3, pause: 300 } });
  const { consistency = 'bounded' } = traits;
  const peer = new Peer(name, world, {
    cache: {
      name: NAME,
      tiers,
      ...(log && { log }),
      consistency,
      maxSilence: mood.maxSilence,
      clock: time,
      ...(platform && { background: platform.background, joinTimeout: platform.joinTimeout }),
    },
    clock,
    link,
    glances: backend?.log.sync === true,
    leases: entries === backend && backend?.leases !== undefined,
  });
  return { peer, link, memory: live, store, disk };
}
