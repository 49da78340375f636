/** One schedule: steps by chance, then rest; and what was found wrong with it. */
import { Chance } from './chance.ts';
import { step, weightsOf } from './commands.ts';
import { turn } from '../../engine/turn.ts';
import { nudge } from './gates.ts';
import { PLACES } from './truth.ts';
import { World, type WorldOptions } from './world.ts';

const STEPS = 60;
const PATIENCE = 200; // rounds in which everything must have come to rest

const LATEST = 60_000; // milliseconds: what nobody answers any more is given up sooner
const LONGEST = 15_000; // milliseconds: no load and no wait for a lease takes longer

/** How a schedule is played. */
export interface Playing extends WorldOptions {
  /** How many steps it has. Default 60. */
  readonly steps?: number | undefined;
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
  readonly steps: number;
}

/** Play the schedule of a seed. The same options always end the same way. */
export async function play(playing: Playing): Promise<Ending> {
  const { trace, seed, steps = STEPS } = playing;
  const world = new World(playing);
  if (trace) world.trace = (line) => trace(line());
  const weights = weightsOf(world);
  for (let i = 0; i < steps && !world.violation; i++) {
    if (playing.without?.has(i)) continue;
    world.chance = new Chance(seed, i);
    trace?.(`-- ${i}`);
    await step(world, weights);
    const turns = world.chance.below(24);
    if (turns < 12) await nudge(turns);
    else await turn();
    world.checkCapacity();
  }
  world.chance = new Chance(seed, -2);
  if (!world.violation) await settle(world);
  if (!world.violation) await readAll(world);
  if (!world.violation) await audit(world);
  await world.place?.close?.();
  return { violation: world.violation, reads: world.counts.reads, steps };
}

/** Let everything be delivered and time pass until nothing is under way any more. */
async function settle(world: World): Promise<void> {
  const { gates, place, network, seats, clock } = world;
  world.trace?.(() => '-- rest');
  gates.open = true;
  if (world.platform) world.platform.calm = true;
  network.turn('up');
  for (const { link } of seats) link?.mend();
  gates.releaseAll();
  for (let round = 0; round < PATIENCE; round++) {
    await turn();
    const there = await place?.position();
    const behind = seats.some(({ peer }) => {
      const { unsaid, applied, incarnation } = peer.cache.stats().log;
      return unsaid > 0 || (there && (applied < there.head || incarnation !== there.incarnation));
    });
    if (!behind && world.pending.size === 0 && round > 0) return;
    // What has ended with its requests goes on with the next ones.
    if (behind && world.platform) for (const seat of seats) void world.ask(seat, () => seat.peer.read(PLACES[0]));
    await clock.advanceAsync(Math.min(100 * (round + 1), 2000));
  }
  const logs = seats.map(({ peer }) => `${peer.name} ${JSON.stringify(peer.cache.stats().log)}`).join(', ');
  world.violated(
    `no rest: ${world.pending.size} hang; ${logs}; the log is at ${JSON.stringify(await place?.position())}`,
  );
}

/** At rest every process is owed everything that the log has acknowledged, and what the living had still to say. */
async function readAll(world: World): Promise<void> {
  const { seats } = world;
  world.trace?.(() => '-- everything is read');
  world.rest = true;
  for (const { peer } of seats) {
    const lacking = peer.unheard();
    if (lacking) return world.violated(`${peer.name} had a change of ${lacking} to say, and the log was never told`);
    for (const said of peer.unsaid) world.acknowledge(said);
  }
  for (const pause of [0, 0, 1300]) {
    world.clock.advance(pause);
    for (const seat of seats)
      for (const place of PLACES) {
        void world.ask(seat, async () => seat.peer.peek(place));
        void world.ask(seat, () => seat.peer.read(place));
      }
    for (let round = 0; round < PATIENCE && world.pending.size > 0; round++) {
      await turn();
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
  if (world.platform) for (const seat of world.seats) void world.ask(seat, () => seat.peer.cache.close());
  else for (const peer of peers) world.track(peer.cache.close());
  for (let round = 0; round < PATIENCE && world.pending.size > 0; round++) {
    await turn();
    if (world.pending.size > 0) await world.clock.advanceAsync(200);
  }
  if (world.pending.size > 0) world.violated('a cache does not close');
  world.clock.advance(LATEST);
  await turn();
  if (world.clock.pending > 0) world.violated(`${world.clock.pending} timers are left`);
}
