/**
 * The read path, the one way that every read goes: the tiers from the fastest on; at the first that has to be waited for
 * a flight, which others join; in it the other tiers; and when nothing was found, the load.
 *
 * An entry is judged when it is read, from whatever tier it comes. What is found is put into the faster tiers with the
 * time that it has left. What is loaded is stored unless something that it rests on has moved since the load began; then
 * it answers those who asked before the move, and all others read anew.
 */
import type { Core } from './core.ts';
import { isAskedByLoader, waitFor } from './cycle.ts';
import { implicitDependencies } from './dependency.ts';
import type { Entry, Mark } from './entry.ts';
import { Flight, type Outcome } from './flight.ts';
import type { Key, Path } from './key.ts';
import { pathOfLocalId } from './key.ts';
import { takeTurn } from './lease.ts';
import { Loader } from './load.ts';
import { isPromise, type MaybePromise, andThen } from './maybe.ts';
import { checkOptions, signalOrNothing } from './options.ts';
import { accepts } from './schema.ts';
import type { Shelves } from './shelves.ts';
import type { Recalled } from './stamps.ts';
import type { Counts } from './stats.ts';
import type { Verdict } from './store.ts';
import type { Terms } from './terms.ts';
import { copy } from './values.ts';
import { abortable, leftOf, within } from './wait.ts';

/** Options of a single read. */
export interface ReadOptions {
  /** `false`: ask the tiers only; `undefined` if none has a value. */
  readonly load?: false;
  /** Ends this wait; the load itself is aborted when nobody waits for it any more. */
  readonly signal?: AbortSignal;
}

/** How a read was answered. */
export interface Answer<V = unknown> {
  readonly value: V | undefined;
  /** Found fresh in a tier, loaded, old by time but allowed, or nothing: no tier had it, and no load was wanted. */
  readonly from: Outcome['from'] | 'nothing';
  /** The tier that had it, where one did. */
  readonly tier: string | undefined;
  /**
   * Milliseconds that it stays fresh if nothing changes: what is left of its TTL, `Infinity` without one. 0 for what is old
   * by time, for what a change has overtaken while it was loaded, and for nothing.
   */
  readonly freshFor: number;
}

/** A read on its way: what it asks for and what it has met. */
interface Quest {
  readonly id: string;
  readonly key: Key;
  readonly path: Path;
  readonly terms: Terms;
  readonly told?: Told | undefined;
  /** True in a background refresh: what is old by time has been served already. */
  readonly refreshing?: boolean;
  /** True if the log doesn't answer a read that asked it: nothing that others stored may be used. */
  readonly alone?: boolean;
  /** The best entry met that is right but old by time. */
  old?: Entry;
  /** An entry met that is wrong: good only for a conditional reload. */
  wrong?: Entry;
}

/** Is told of an answer where it came from. */
type Told = (how: Omit<Answer, 'value'>) => void;

/** An entry that may be served, and the level of the tier that had it. */
interface Found {
  readonly entry: Entry;
  readonly level: number;
  readonly from: 'tier' | 'staleFor';
}

/** What comes of waiting for a flight for too long: the request that began it may have taken it along. */
const NOT_WAITED: unique symbol = Symbol('not waited');

const MOST_LOST = 1000; // flights that may have ended with their requests, before the oldest are forgotten
const ROUNDS = 3; // a read that has been overtaken so often loads for itself alone

/** One collection's reads. */
export class Reader {
  readonly #core: Core;
  readonly #terms: Terms;
  readonly #shelves: Shelves;
  readonly #counts: Counts;
  readonly #loader: Loader;
  readonly #flights = new Map<string, Flight>();

  constructor(core: Core, terms: Terms, shelves: Shelves, counts: Counts) {
    this.#core = core;
    this.#terms = terms;
    this.#shelves = shelves;
    this.#counts = counts;
    this.#loader = new Loader(core, terms);
  }

  /** Is a load, or a look into slower tiers, under way for this key? */
  inFlight(id: string): boolean {
    return this.#flights.has(id);
  }

  /** Read one key: `terms` are the collection's own unless the read brings others. */
  async read(id: string, key: Key, options: ReadOptions, terms: Terms = this.#terms, told?: Told): Promise<unknown> {
    try {
      return await this.#read({ id, key, path: [...this.#shelves.path, ...pathOfLocalId(id)], terms, told }, options);
    } catch (error) {
      this.#counts[options.signal?.aborted && error === options.signal.reason ? 'aborted' : 'failed']++;
      throw error;
    }
  }

  async #read(quest: Quest, options: ReadOptions): Promise<unknown> {
    const { stamps, authority, coarse, consistency } = this.#core;
    const { signal } = options;
    if (!isAskedByLoader(this.#core)) this.#core.assertOpen(); // what was accepted may still read what it needs
    checkOptions('get', options, ['load', 'signal']);
    signalOrNothing('get: signal', signal);
    signal?.throwIfAborted();
    coarse.now(); // once in a while this brings news of the log: before anything is judged
    let current: boolean = stamps.joined && !authority.silent;
    if (consistency === 'strong' || !current) {
      const pulled = Promise.resolve(authority.pull());
      this.#core.track(pulled);
      current = await abortable(pulled, signal);
    }
    const loads = options.load !== false && (quest.terms.load ?? quest.terms.loadMany) !== undefined;
    const shallow = loads ? this.#shelves.firstAsync : this.#shelves.depth;
    const alone = !current && consistency === 'strong';
    for (let round = 1; ; round++) {
      // What was loaded since the log fell silent is kept in memory for as long as the bound; all else is past it.
      let found = alone ? undefined : this.#search(quest, 0, current ? shallow : this.#shelves.liveDepth);
      if (isPromise(found)) {
        this.#core.track(found);
        found = await abortable(found, signal);
      }
      if (found) return this.#answer(quest, found);
      if (!loads) return this.#absent(quest);
      const running = round <= ROUNDS && !alone ? this.#joinable(quest.id) : undefined;
      const flight =
        running ??
        (current ? this.#start(quest, shallow) : this.#start({ ...quest, alone: true }, this.#shelves.depth));
      const seq = running ? stamps.seq : flight.seq;
      const outcome = await this.#wait(flight, quest, signal, running ? this.#core.joinTimeout : Infinity);
      if (outcome === NOT_WAITED) continue;
      if (outcome.moved && seq !== flight.seq) continue;
      return this.#serve(quest, outcome, running !== undefined);
    }
  }

  /** A read has its answer: it is counted and told here, once. */
  #serve({ path, told }: Quest, outcome: Outcome, joined: boolean): unknown {
    const { from, tier = '', value, copied, freshUntil } = outcome;
    const { events, coarse } = this.#core;
    told?.({ from, tier: tier || undefined, freshFor: Math.max(0, freshUntil - coarse.quietly()) });
    if (from === 'load') this.#counts[joined ? 'joined' : 'loaded']++;
    else if (from === 'tier') {
      this.#counts.hits++;
      if (events.has('hit')) events.emit('hit', { key: shown(path), tier });
    } else {
      this.#counts.stale++;
      if (events.has('stale')) events.emit('stale', { key: shown(path), why: from });
    }
    return copied ? copy(value) : value;
  }

  #absent({ path, told }: Quest): undefined {
    this.#counts.absent++;
    told?.({ from: 'nothing', tier: undefined, freshFor: 0 });
    if (this.#core.events.has('miss')) this.#core.events.emit('miss', { key: shown(path) });
  }

  /** Go through the levels from `level` up to `end`, waiting only where a tier has to be waited for. */
  #search(quest: Quest, level: number, end: number): MaybePromise<Found | undefined> {
    if (level === end) return undefined;
    return andThen(this.#shelves.get(level, quest.id), (entry) =>
      andThen(entry && this.#judge(quest, entry, level), (found) => found ?? this.#search(quest, level + 1, end)),
    );
  }

  /** May this entry be served? It must rest on nothing that changed since its mark, and then be young enough. */
  #judge(quest: Quest, entry: Entry, level: number): MaybePromise<Found | undefined> {
    const { stamps, authority } = this.#core;
    const { dependencies, mark, incarnation } = entry;
    const verdict = (recalled?: Recalled) => stamps.verdict(quest.path, dependencies, mark, incarnation, recalled);
    const first = verdict();
    if (first !== 'unknown') return this.#weigh(quest, entry, level, first);
    const names = stamps.toAsk(quest.path, dependencies);
    // Whatever has been waited for, the verdict is found in the very moment in which it is used.
    return andThen(authority.recall(names, mark), (recalled) => {
      const second = verdict(recalled);
      if (second !== 'unknown') return this.#weigh(quest, entry, level, second);
      return andThen(authority.learn(names), (answered) =>
        this.#weigh(quest, entry, level, answered ? verdict() : 'unknown'),
      );
    });
  }

  #weigh(quest: Quest, entry: Entry, level: number, verdict: Verdict): MaybePromise<Found | undefined> {
    const { stamps, coarse } = this.#core;
    if (verdict === 'invalid' || verdict === 'unknown') {
      quest.wrong ??= entry;
      return undefined;
    }
    const now = coarse.quietly();
    const mark = Math.max(entry.mark, stamps.applied); // taken with the verdict: a schema may let time pass
    const freshUntil = verdict === 'soft' ? Math.min(now, entry.freshUntil) : entry.freshUntil;
    const { schema, staleFor } = quest.terms;
    const acceptable = this.#shelves.live(level) || !schema ? true : accepts(schema, entry.value);
    return andThen(acceptable, (ok) => {
      if (!ok || now >= entry.keptUntil) return undefined;
      const seen = this.#shelves.isolated({ ...entry, freshUntil, mark }, level, quest.terms);
      if (!seen) return undefined;
      if (verdict === 'soft' && !this.#shelves.live(level)) this.#put(quest, seen, level + 1); // aged once, not at each read
      if (now < freshUntil) return { entry: seen, level, from: 'tier' };
      if (!quest.old || quest.old.freshUntil < freshUntil) quest.old = seen;
      const servable = now < freshUntil + staleFor && !quest.refreshing;
      return servable ? { entry: seen, level, from: 'staleFor' } : undefined;
    });
  }

  /** Serve what was found without a flight. */
  #answer(quest: Quest, found: Found): unknown {
    const { entry, level, from } = found;
    this.#put(quest, entry, level); // into the faster tiers, with the time that it has left
    if (from === 'staleFor') this.#refresh(quest, level + 1);
    else if (this.#dueEarly(entry)) this.#refresh(quest, this.#shelves.depth);
    return this.#serve(quest, this.#outcomeOf(found, false), false);
  }

  #outcomeOf({ entry, level, from }: Found, moved: boolean): Outcome {
    const { value, copied = false } = entry;
    const freshUntil = moved ? -Infinity : entry.freshUntil;
    return { value, copied, moved, from, tier: this.#shelves.name(level), freshUntil };
  }

  /** XFetch: the longer a load takes and the nearer the end, the likelier a refresh before it. */
  #dueEarly(entry: Entry): boolean {
    const { random, coarse } = this.#core;
    return entry.cost !== undefined && coarse.quietly() - entry.cost * Math.log(1 - random()) >= entry.freshUntil;
  }

  #refresh(quest: Quest, level: number): void {
    const { terms, id } = quest;
    if (!(terms.load ?? terms.loadMany) || this.#joinable(id)) return;
    this.#counts.refreshes++;
    this.#start({ ...quest, refreshing: true }, level).keepGoing();
  }

  /** The flight under way for a key, unless something that it is known to rest on has changed since it began. */
  #joinable(id: string): Flight | undefined {
    const flight = this.#flights.get(id);
    const { stamps, authority, clock, maxSilence, joinTimeout } = this.#core;
    if (!flight || flight.aborted || leftOf(joinTimeout, flight.startedAt, clock) === 0) return undefined;
    // What changed since it began isn't heard of: it answers for as long as what was loaded then may be served.
    if (authority.silent && clock.now() - flight.startedAt > maxSilence) return undefined;
    if (flight.checkedAt !== stamps.seq) {
      if (stamps.verdict(flight.key, flight.likelyDependencies, flight.since, flight.incarnation) !== 'valid')
        return undefined;
      flight.checkedAt = stamps.seq;
    }
    return flight;
  }

  #start(quest: Quest, level: number): Flight {
    const { stamps, clock } = this.#core;
    this.#forgetLost();
    const flight = new Flight(this.#core, quest.path, stamps, clock.now());
    this.#flights.get(quest.id)?.giveWay();
    this.#flights.delete(quest.id); // to be the last in the order of their beginning
    this.#flights.set(quest.id, flight); // before the load begins: a loader that asks for its own key must meet it
    flight.done = this.#fly(flight, quest, level);
    this.#core.track(flight.done);
    return flight;
  }

  /** Where a flight may end with a request without a word, those that nobody joins any more are forgotten, the oldest first. */
  #forgetLost(): void {
    const { clock, joinTimeout } = this.#core;
    for (const [id, { startedAt }] of this.#flights) {
      if (this.#flights.size <= MOST_LOST || leftOf(joinTimeout, startedAt, clock) > 0) return;
      this.#flights.delete(id);
    }
  }

  async #fly(flight: Flight, quest: Quest, level: number): Promise<Outcome> {
    try {
      let found = this.#search(quest, level, this.#shelves.depth);
      if (isPromise(found)) found = await found;
      return found ? this.#arrive(flight, quest, found) : await this.#load(flight, quest);
    } finally {
      this.#land(flight, quest); // before anyone hears of a failure: the next read starts anew
    }
  }

  /** The flight ends with what a slower tier had. */
  #arrive(flight: Flight, quest: Quest, found: Found): Outcome {
    const { entry, level, from } = found;
    this.#land(flight, quest);
    this.#put(quest, entry, level);
    if (from === 'staleFor') this.#refresh(quest, level + 1); // a flight of its own
    return this.#outcomeOf(found, this.#moved(quest, entry, entry.mark));
  }

  /**
   * Nobody joins any more. Done in the same moment in which the outcome is judged: who comes later reads anew. False if
   * another flight has taken the place of this one, and with it the right to store.
   */
  #land(flight: Flight, { id }: Quest): boolean {
    return this.#flights.get(id) === flight && this.#flights.delete(id);
  }

  /** Has something that the entry rests on changed since a mark? */
  #moved(quest: Quest, entry: Entry, since: Mark): boolean {
    return this.#core.stamps.verdict(quest.path, entry.dependencies, since, entry.incarnation) !== 'valid';
  }

  /** The flight ends with a load, or with what another process loaded while this one waited for its turn. */
  async #load(flight: Flight, quest: Quest): Promise<Outcome> {
    const { backend, stamps } = this.#core;
    flight.throwIfAborted(); // given up while slower tiers were asked
    const level = backend ? this.#core.tiers.indexOf(backend) : -1;
    if (!backend || !this.#shelves.keeps(level) || !stamps.joined || quest.alone) return this.#loadNow(flight, quest);
    const look = () => this.#search({ ...quest, refreshing: true }, level, level + 1);
    const restedOn = (quest.old ?? quest.wrong)?.dependencies ?? [];
    const restsOn = () => [...implicitDependencies(quest.path), ...restedOn];
    const key = this.#shelves.storageKey(quest.id);
    const turn = await takeTurn(this.#core, key, flight, quest.terms.hardTimeout, look, restsOn);
    if (turn.found) return this.#arrive(flight, quest, turn.found);
    flight.onGiveWay(() => turn.release());
    if (flight.aborted) turn.release();
    flight.throwIfAborted();
    return this.#loadNow(flight, quest, () => turn.release());
  }

  async #loadNow(flight: Flight, quest: Quest, release?: () => void): Promise<Outcome> {
    const { stamps, events, clock } = this.#core;
    if (events.has('miss') && !quest.refreshing) events.emit('miss', { key: shown(quest.path) });
    flight.begin(stamps, stamps.markFor(quest.terms.sourceLag), quest.old ?? quest.wrong);
    const began = clock.now();
    let entry: Entry;
    try {
      entry = await this.#loader.load(quest.key, flight, quest.terms);
    } catch (error) {
      release?.();
      return this.#failed(flight, quest, error);
    }
    const current = this.#land(flight, quest);
    this.#counts.loads++;
    const overtaken = this.#moved(quest, entry, entry.mark);
    if (overtaken) this.#counts.overtaken++;
    const bound = this.#core.authority.silent ? began + this.#core.maxSilence : Infinity;
    const kept = bound < entry.keptUntil ? endingBy(entry, bound) : entry;
    const keep = current && !overtaken && clock.now() < kept.keptUntil;
    const writes = keep && this.#put(quest, kept, this.#shelves.depth);
    if (release) void Promise.resolve(writes).then(release); // once the others can find what was loaded
    if (events.has('load')) events.emit('load', { key: shown(quest.path), ms: clock.now() - began, kept: keep });
    const moved = overtaken && this.#moved(quest, entry, flight.since);
    const freshUntil = overtaken ? -Infinity : kept.freshUntil;
    return { value: entry.value, copied: entry.copied === true, moved, from: 'load', freshUntil };
  }

  /** Store at the levels before `end`; at the slower ones in the background. */
  #put(quest: Quest, entry: Entry, end: number): MaybePromise<unknown> {
    if (end === 0) return undefined;
    const writes = this.#shelves.put(quest.id, entry, end);
    if (isPromise(writes)) this.#core.track(writes);
    return writes;
  }

  #failed(flight: Flight, quest: Quest, error: unknown): Outcome {
    if (flight.abandoned && error === flight.aborted?.reason) throw error;
    this.#counts.loads++;
    this.#counts.loadFailures++;
    this.#core.events.emit('loadFailed', { key: shown(quest.path), error });
    const graced = this.#graced(quest, 'graceFor');
    if (graced) return graced;
    throw error;
  }

  /** The old value, if grace allows it and nothing has made it wrong meanwhile. */
  #graced({ old, path, terms }: Quest, from: 'graceFor' | 'softTimeout'): Outcome | undefined {
    const { stamps, clock } = this.#core;
    if (!old || clock.now() >= old.freshUntil + terms.keepFor) return undefined;
    const verdict = stamps.verdict(path, old.dependencies, old.mark, old.incarnation);
    if (verdict === 'invalid' || verdict === 'unknown') return undefined;
    const { value, copied = false, freshUntil } = old;
    return { value, copied, moved: false, from, freshUntil };
  }

  /** Wait for a flight as long as the caller's signal and the soft time limit allow. */
  async #wait(
    flight: Flight,
    quest: Quest,
    signal: AbortSignal | undefined,
    longest: number,
  ): Promise<Outcome | typeof NOT_WAITED> {
    const { clock } = this.#core;
    const forget = waitFor(flight);
    flight.join();
    try {
      const done = within(flight.done, quest.terms.softTimeout, clock, () => {
        const graced = this.#graced(quest, 'softTimeout');
        if (graced) flight.keepGoing();
        return graced ?? flight.done;
      });
      const left = leftOf(longest, flight.startedAt, clock);
      return await abortable(
        within<Outcome | typeof NOT_WAITED>(done, left, clock, () => NOT_WAITED),
        signal,
      );
    } finally {
      forget();
      if (signal?.aborted) flight.leave(signal.reason);
    }
  }
}

/** The same entry, fresh and kept no longer than up to a time. */
const endingBy = (entry: Entry, end: number): Entry => ({
  ...entry,
  freshUntil: Math.min(entry.freshUntil, end),
  keptUntil: Math.min(entry.keptUntil, end),
});

/** A path as callers know it: without the cache's name. */
const shown = (path: Path): Path => path.slice(1);
