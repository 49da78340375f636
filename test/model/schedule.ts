/** One schedule: steps by chance, then rest; and what was found wrong with it. */
import { Chance } from './chance.ts';
import { step, weightsOf } from './commands.ts';
import type { Engine } from './engine.ts';
import { drain, nudge } from './gates.ts';
import { PLACES } from './truth.ts';
import { type Setup, World } from './world.ts';

/** Steps of a schedule. */
export const STEPS = 60;
const PATIENCE = 200; // rounds in which everything must have come to rest

const LONGEST = 15_000; // milliseconds: no load and no wait for a lease takes longer

/** How a schedule is played. */
export interface Playing {
  /** Steps that are left out. */
  readonly without?: ReadonlySet<number>;
  /** Takes each line of what happens. */
  readonly trace?: (line: string) => void;
}

/** How a schedule ended. */
export interface Ending {
  readonly violation: string | undefined;
  /** Reads that were checked. */
  readonly reads: number;
}

/** Play the schedule of a seed. The same seed and setup always end the same way. */
export async function play(engine: Engine, setup: Setup, seed: number, playing: Playing = {}): Promise<Ending> {
  const { trace } = playing;
  const world = new World(engine, setup, seed);
  if (trace) world.trace = (line) => trace(line());
  const weights = weightsOf(world);
  for (let i = 0; i < STEPS && !world.violation; i++) {
    if (playing.without?.has(i)) continue;
    world.chance = new Chance(seed, i);
    trace?.(`-- ${i}`);
    await step(world, weights);
    const turns = world.chance.below(24);
    if (turns < 12) await nudge(turns);
    else await drain();
    world.checkCapacity();
  }
  world.chance = new Chance(seed, -2);
  if (!world.violation) await settle(world);
  if (!world.violation) await readAll(world);
  if (!world.violation) await audit(world);
  return { violation: world.violation, reads: world.counts.reads };
}

/** Let everything be delivered and time pass until nothing is under way any more. */
async function settle(world: World): Promise<void> {
  const { gates, space, seats, clock } = world;
  world.trace?.(() => '-- rest');
  gates.open = true;
  space?.up();
  for (const { link } of seats) link?.mend();
  gates.releaseAll();
  for (let round = 0; round < PATIENCE; round++) {
    await drain();
    const behind = seats.some(({ peer }) => {
      const { unsaid, applied, incarnation } = peer.cache.stats().log;
      return unsaid > 0 || (space && (applied < space.position.head || incarnation !== space.position.incarnation));
    });
    if (!behind && world.pending.size === 0 && round > 0) return;
    await clock.advanceAsync(Math.min(100 * (round + 1), 2000));
  }
  const logs = seats.map(({ peer }) => `${peer.name} ${JSON.stringify(peer.cache.stats().log)}`).join(', ');
  world.violated(`no rest: ${world.pending.size} hang; ${logs}; the log is at ${JSON.stringify(space?.position)}`);
}

/** At rest every process is owed everything that the log has acknowledged, and what the living had still to say. */
async function readAll(world: World): Promise<void> {
  const { seats } = world;
  world.trace?.(() => '-- everything is read');
  world.rest = true;
  for (const { peer } of seats) for (const said of peer.unsaid) world.acknowledge(said);
  for (const pause of [0, 0, 1300]) {
    world.clock.advance(pause);
    for (const { peer } of seats)
      for (const place of PLACES) {
        peer.peek(place);
        world.track(peer.read(place));
      }
    for (let round = 0; round < PATIENCE && world.pending.size > 0; round++) {
      await drain();
      if (world.pending.size > 0) await world.clock.advanceAsync(100);
    }
    if (world.pending.size > 0) world.violated(`${world.pending.size} reads hang`);
    world.checkCapacity();
  }
}

/** The figures are right, and nothing is left behind. */
async function audit(world: World): Promise<void> {
  const peers = [...world.seats.map(({ peer }) => peer), ...world.former];
  for (const peer of peers) {
    if (await peer.audit()) await world.clock.advanceAsync(LONGEST); // something may still go on in the background
    const wrong = await peer.audit();
    if (wrong) world.violated(`${peer.name}: ${wrong}`);
  }
  for (const peer of peers) world.track(peer.cache.close());
  for (let round = 0; round < PATIENCE && world.pending.size > 0; round++) {
    await drain();
    if (world.pending.size > 0) await world.clock.advanceAsync(200);
  }
  if (world.pending.size > 0) world.violated('a cache does not close');
  world.clock.advance(10_000);
  await drain();
  if (world.clock.pending > 0) world.violated(`${world.clock.pending} timers are left`);
}
