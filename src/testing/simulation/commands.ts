/** What a schedule may do next. */
import type { ChangeResult } from '../../engine/authority.ts';
import type { Selector } from '../../engine/invalidate.ts';
import { turn } from '../../engine/turn.ts';
import { nudge } from './gates.ts';
import { saidShown } from './peer.ts';
import { type Place, PLACES, type Said, TAGS } from './truth.ts';
import { DISRUPTED, disrupt, isDisruption } from './disruptions.ts';
import type { Seat } from './seat.ts';
import type { World } from './world.ts';

type Command = (world: World, seat: Seat) => void | Promise<void>;

const TIMES = [1, 20, 60, 110, 250, 400, 700, 1500, 3000];

const everyPlace = PLACES.map(({ index }) => index);

const COMMANDS = {
  release(world) {
    const { gates, chance } = world;
    if (gates.size === 0) return;
    const at = chance.below(gates.size);
    const how = world.place && chance.once(20) ? chance.pick(['lose', 'drop'] as const) : 'release';
    world.trace?.(() => `${how} ${gates.label(at)}`);
    gates[how](at);
  },

  /** Let several go in one moment: what they bring about happens turn by turn, side by side. */
  burst({ gates, chance, trace }) {
    for (let left = 2 + chance.below(3); left > 0 && gates.size > 0; left--) {
      const at = chance.below(gates.size);
      const label = gates.label(at);
      trace?.(() => `release ${label} at once`);
      gates.release(at);
    }
  },

  /** Let something of a process go, and read in the middle of what follows: windows of one turn are found only so. */
  async pounce(world) {
    const { gates, chance } = world;
    if (gates.size === 0) return;
    const at = chance.below(gates.size);
    const seat = world.seats.find(({ peer }) => peer.name === gates.owner(at));
    world.trace?.(() => `release ${gates.label(at)} and read`);
    gates.release(at);
    await nudge(chance.below(14));
    const place = chance.pick(world.places);
    if (seat) void world.ask(seat, () => seat.peer.read(place));
  },

  read(world, seat) {
    const { chance, platform } = world;
    const { peer } = seat;
    const place = chance.pick(world.places);
    if (chance.once(6)) void world.ask(seat, () => peer.read(place, { load: false }));
    else if (!chance.once(8)) void world.ask(seat, () => peer.read(place));
    else
      void world.ask(seat, () => {
        const abort = new AbortController();
        const giveUp = () => abort.abort(new Error('given up'));
        world.aborts.push(platform?.bound(giveUp) ?? giveUp);
        return peer.read(place, { signal: abort.signal });
      });
  },

  readMany(world, seat) {
    const { peer } = seat;
    const { shelf } = world.chance.pick(world.places);
    const places = PLACES.filter((place) => place.shelf === shelf && shelf !== 'free');
    if (places.length === 0) return;
    world.trace?.(() => `${peer.name} reads all of ${shelf}`);
    void world.ask(seat, () => peer.readMany(places));
  },

  peek(world, seat) {
    const place = world.chance.pick(world.places);
    void world.ask(seat, async () => seat.peer.peek(place));
  },

  abort(world) {
    const giveUp = world.aborts.pop();
    if (!giveUp) return;
    world.trace?.(() => 'a read is given up');
    giveUp();
  },

  /** Write to the truth, then say what changed: all the ways to say it are right. */
  write(world, seat) {
    const { chance, truth } = world;
    const place = chance.pick(world.places);
    if (world.setting.has(place.index)) return;
    const before = truth.versions[place.index];
    const how = chance.weighted({
      key: 5,
      set: 5,
      tags: 2,
      prefix: 2,
      pattern: 2,
      all: 0.5,
      delete: 1,
      collection: 0.5,
    });
    truth.write(place);
    if (how === 'set' && place.shelf !== 'free' && place.shelf !== 'sum') return set(world, seat, place);
    if (how === 'delete') return void say(world, seat, [place.index], [], () => seat.peer.delete(place));
    if (how === 'tags' && place.shelf !== 'free' && !truth.absent(place, before))
      return invalidate(world, seat, { tags: truth.tags(place, before) });
    return invalidate(world, seat, selectorOf(world, place, how));
  },

  /** Say that something changed though nothing did, softly at times. */
  invalidate(world, seat) {
    const { chance } = world;
    const place = chance.pick(world.places);
    const soft = chance.once(2);
    const how = chance.weighted({ key: 3, tags: 3, prefix: 2, pattern: 2, all: 0.3, keys: 1 });
    const selector: Selector =
      how === 'tags'
        ? { tags: [chance.pick(TAGS), chance.pick(TAGS)] }
        : how === 'keys'
          ? { keys: [place.path, chance.pick(world.places).path, place.path] }
          : selectorOf(world, place, how);
    invalidate(world, seat, selector, soft);
  },

  async pass(world) {
    const ms = world.chance.pick(TIMES);
    const { time } = world.mood;
    await turn(); // what has been answered has been answered at this time, not later
    world.trace?.(() => `${ms} ms pass`);
    if (time === 'flows') await world.clock.advanceAsync(ms);
    else world.clock.advance(ms);
  },

  restart(world, seat) {
    world.trace?.(() => `${seat.peer.name} dies`);
    world.kill(seat);
  },

  /** Where nodes do all in requests: one of them ends, and takes along what it has under way. */
  end({ platform, chance, trace }, { peer }) {
    if (platform?.end(peer.name, chance)) trace?.(() => `a request of ${peer.name} ends`);
  },
} satisfies Record<string, Command>;

/** Steps by name, and how likely each is. */
export type Weights = Readonly<Record<string, number>>;

const QUIET = {
  release: 30,
  pounce: 4,
  burst: 5,
  read: 26,
  readMany: 3,
  peek: 4,
  abort: 2,
  write: 13,
  invalidate: 4,
  pass: 6,
  restart: 0.5,
  end: 0,
} satisfies Record<keyof typeof COMMANDS, number>;
/** How likely each step of a schedule is. */
export function weightsOf(world: World): Weights {
  const usual: Weights = { ...QUIET, ...(world.place && DISRUPTED), ...(world.platform && { end: 6 }) };
  return world.mood.weights(world.traits.disks ? { ...usual, restart: 3 } : usual);
}

/** One step of a schedule. */
export async function step(world: World, weights: Weights): Promise<void> {
  const { chance } = world;
  const seat = chance.pick(world.seats);
  const command = chance.weighted(weights);
  if (isDisruption(command)) disrupt(world, seat, command);
  else await COMMANDS[command as keyof typeof COMMANDS](world, seat);
}

function set(world: World, seat: Seat, place: Place): void {
  const version = world.truth.versions[place.index];
  const ttl = world.chance.once(4) ? 400 : undefined;
  const how = () => world.beginSet(place, () => seat.peer.set(place, version, ttl));
  void say(world, seat, [place.index], [], how, `set @${version}`);
}

function invalidate(world: World, seat: Seat, selector: Selector, soft = false): void {
  const places = everyPlace.filter((index) => selects(selector, PLACES[index]));
  const how = () => seat.peer.cache.invalidate(selector, soft ? { soft } : {});
  void say(world, seat, places, selector.tags ?? [], how, JSON.stringify(selector), soft);
}

function say(
  world: World,
  seat: Seat,
  places: readonly number[],
  tags: readonly string[],
  how: () => Promise<ChangeResult>,
  words = '',
  soft = false,
): Promise<void> {
  const said: Said = { places, tags, soft, truth: [...world.truth.versions], count: world.ledger.count };
  const { peer } = seat;
  world.trace?.(() => `${peer.name} says ${saidShown(said)} ${words}`);
  return world.ask(seat, () => peer.change(said, how));
}

type Way = 'key' | 'set' | 'tags' | 'prefix' | 'pattern' | 'all' | 'delete' | 'collection' | 'keys';

/** One of the ways to name a place in a change. */
function selectorOf({ chance }: World, { path }: Place, how: Way): Selector {
  switch (how) {
    case 'prefix':
      return { prefix: path.slice(0, 1 + chance.below(path.length)) };
    case 'pattern': {
      const start = chance.below(path.length + 1);
      const starred = path.map((segment, i) => (i >= start && chance.once(2) ? '*' : segment));
      return { pattern: chance.once(3) ? [...path.slice(0, start), '**'] : starred };
    }
    case 'all':
      return { all: true };
    case 'collection':
      return { prefix: path.slice(0, 1) };
    default:
      return { key: path };
  }
}

/** Which places a selector names, told without the engine's own words. */
function selects({ key, keys, prefix, pattern, all }: Selector, { path }: Place): boolean {
  const is = (other: unknown) => JSON.stringify(other) === JSON.stringify(path);
  if (all === true || is(key) || keys?.some(is)) return true;
  if (Array.isArray(prefix) && prefix.every((segment, i) => segment === path[i])) return true;
  if (!Array.isArray(pattern)) return false;
  const deep = pattern.at(-1) === '**';
  const parts = deep ? pattern.slice(0, -1) : pattern;
  return (
    (deep ? path.length >= parts.length : path.length === parts.length) &&
    parts.every((part, i) => part === '*' || part === path[i])
  );
}
