/** Loads that are under way, of all processes: how many there may be of one place at a time. */
import type { Position } from '../../engine/log.ts';
import { isPromise } from '../../engine/maybe.ts';
import type { CacheStats } from '../../engine/stats.ts';
import type { Peer } from './peer.ts';
import { type Place, PLACES, shown } from './truth.ts';
import type { World } from './world.ts';

const LEASE = 10_000; // milliseconds that a lease lasts
const PATIENCE = 3000; // milliseconds: nobody waits less for a lease than this

/** What a process knows, and what has gone wrong for it, at one time. */
export interface Standing {
  /** What is known of the log, if it is heard and nothing waits to be said to it. */
  readonly known: string | undefined;
  readonly position: Position | undefined;
  /** How many operations on the place have failed or been left out; undefined if none may have worked since the last. */
  readonly troubles: number | undefined;
  readonly time: number;
}

/** One load under way. */
interface Loading {
  readonly peer: Peer;
  readonly signal: AbortSignal;
  /** How its process stood when it was last idle about the place, if it stands no worse now. */
  readonly began: Standing | undefined;
}

/** All loads. */
export class Loads {
  readonly #world: World;
  readonly #running = PLACES.map(() => new Set<Loading>());
  readonly #troubles = new WeakMap<Peer, { readonly troubles: number; readonly time: number }>();
  readonly #lastEnd = PLACES.map(() => -Infinity);

  constructor(world: World) {
    this.#world = world;
  }

  /** How a process stands, by its figures. */
  standing(peer: Peer, { log, tiers }: CacheStats = peer.cache.stats()): Standing {
    const { known, applied, unsaid, incarnation, silent } = log;
    const { failures = 0, skipped = 0 } = tiers.at(-1) ?? {};
    return {
      known: unsaid === 0 && incarnation !== '' && !silent ? JSON.stringify([known, applied, incarnation]) : undefined,
      position: silent ? undefined : { incarnation, head: applied },
      troubles: this.#isOver(peer, failures + skipped, log.silentFor) ? failures + skipped : undefined,
      time: this.#world.clock.now(),
    };
  }

  /** Who has just had trouble with the place may load without asking for a lease, until something works again. */
  #isOver(peer: Peer, troubles: number, silentFor: number): boolean {
    const { clock, mood } = this.#world;
    const last = this.#troubles.get(peer);
    if (last?.troubles !== troubles) this.#troubles.set(peer, { troubles, time: clock.now() });
    if (troubles === 0) return true;
    return mood.clocks !== 'wild' && clock.now() - silentFor > this.#troubles.get(peer)!.time;
  }

  /** A process has a load of this place under way, given up or not. */
  isLoading(peer: Peer, { index }: Place): boolean {
    return [...this.#running[index]].some((one) => one.peer === peer);
  }

  /** Someone has loaded this place at a time after `since`, or does. */
  anySince({ index }: Place, since: number): boolean {
    return this.#running[index].size > 0 || this.#lastEnd[index] >= since;
  }

  /**
   * A load begins; the result ends it. `since` is how its process stood when it was last idle about the place.
   *
   * In one process there is one load of a key at a time, unless the log has moved or a read was given up meanwhile. In all
   * processes together there is one, if nothing has changed or failed for any of them. Refreshes in the background, as of
   * `aged`, aren't seen by the reads, so they aren't judged.
   */
  begin(peer: Peer, place: Place, signal: AbortSignal, since: Standing | undefined): () => void {
    const world = this.#world;
    const now = this.standing(peer);
    const judged = place.shelf !== 'aged' && peer.alive && !signal.aborted;
    const still = since?.known !== undefined && since.known === now.known;
    const joins = since !== undefined && this.#isJoined(now.time - since.time);
    const twice = joins && [...this.#running[place.index]].some((one) => one.peer === peer && !one.signal.aborted);
    if (judged && still && twice && !peer.strong)
      world.violated(`${peer.name} loads ${shown(place.index)} twice at a time`);
    const calm = since?.troubles !== undefined && since.troubles === now.troubles;
    const clean = still && calm && this.#isCurrent(since.position);
    const one: Loading = { peer, signal, began: clean ? since : undefined };
    if (judged && clean && peer.leases) this.#checkOthers(place, one, since);
    this.#running[place.index].add(one);
    const end = () => {
      if (this.#running[place.index].delete(one)) this.#lastEnd[place.index] = world.clock.now();
    };
    world.platform?.onEnd(end);
    return end;
  }

  /** Where who loads may have ended, nobody waits for a load for longer than so many milliseconds, by a clock of his own. */
  #isJoined(ms: number): boolean {
    const { platform, mood } = this.#world;
    return !platform || (mood.clocks !== 'wild' && ms < platform.joinTimeout);
  }

  #checkOthers(place: Place, { peer }: Loading, { time }: Standing): void {
    const world = this.#world;
    const now = world.clock.now();
    for (const { peer: other, signal, began } of this.#running[place.index]) {
      if (other === peer || !other.alive || signal.aborted || !began || !this.#isCurrent(began.position)) continue;
      if (now - began.time < LEASE && now - time < PATIENCE)
        world.violated(`${peer.name} loads ${shown(place.index)} while ${other.name} does, and has the lease`);
    }
  }

  /** Is this where the log of the place stands now? */
  #isCurrent(position: Position | undefined): boolean {
    const there = this.#world.place?.position();
    if (!there || isPromise(there)) return false;
    return position?.head === there.head && position.incarnation === there.incarnation;
  }
}
