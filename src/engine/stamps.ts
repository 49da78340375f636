/**
 * What this process knows of the change log, and the one rule that everything rests on: an entry is valid if and only if
 * no dependency of it has a stamp newer than the entry's mark.
 *
 * Dependencies that entries in memory rest on are interned to small integers, so that checking such an entry is a walk
 * over an array; they keep exact stamps for as long as they are held. All others are in a bounded table with a floor.
 * A dependency whose change couldn't be said to the log yet is *unsaid*: nothing that rests on it is valid until it is.
 */
import type { Clock } from './clock.ts';
import { type Dependency, implicitDependencies, keyPathOf, prefixDependency, softly } from './dependency.ts';
import type { Mark } from './entry.ts';
import type { Path } from './key.ts';
import { ChangeTimes } from './lag.ts';
import type { Change, Position } from './log.ts';
import { decodePattern, literalPrefix } from './pattern.ts';
import { StampTable, type StampLimits } from './stamp-table.ts';
import type { Truth, Verdict } from './store.ts';

const SOFT = 63; // ?
const STAR = 42;

/** Told of each change that names a key or a path, by its text, so that live shelves can drop or expire the key's own entry at once. */
export type KeyListener = (path: string, mark: Mark, soft: boolean) => void;

/** What a mirror of the log knows of some dependencies: the marks of their last changes, or any larger ones. */
export interface Recalled extends Position {
  readonly stamps: ReadonlyMap<Dependency, Mark>;
}

/** This process's knowledge of one log. */
export class Stamps implements Truth {
  /** Grows with every event that may change a verdict. A load and its joiners compare it. */
  seq = 0;
  horizon: Mark = Infinity;
  applied: Mark = 0;
  incarnation = '';
  #doubted = false; // whether there may be news that haven't been asked for in time
  #upTo: Mark = Infinity; // what must have been applied before anything is vouched for
  #known: Mark = 0;
  #newestSoft: Mark = 0;
  #table: StampTable;
  readonly #limits: StampLimits | undefined;
  readonly #unsaid = new Map<Dependency, number>();
  readonly #onKey: KeyListener;

  // Interned dependencies, by id.
  readonly #ids = new Map<Dependency, number>();
  readonly #names: Dependency[] = [];
  readonly #hard: Mark[] = [];
  readonly #soft: Mark[] = [];
  readonly #vague: number[] = []; // whose stamp is no more than a floor: 1 the hard one, 2 the soft one
  readonly #refs: number[] = [];
  readonly #free: number[] = [];
  readonly #alone: (readonly number[])[] = []; // the set of one dependency alone, shared by all that rest on it

  readonly #times: ChangeTimes;
  #fromTheFirst = false; // whether every change that this log ever had is known

  constructor(clock: Clock, onKey: KeyListener, limits?: StampLimits) {
    this.#times = new ChangeTimes(clock);
    this.#onKey = onKey;
    this.#limits = limits;
    this.#table = this.#newTable(0);
  }

  #newTable(floor: Mark): StampTable {
    return new StampTable(floor, this.#limits, (dependency, mark) => this.#touch(dependency, mark));
  }

  /** The largest mark known; a load that begins now sees every change up to it. */
  get known(): Mark {
    return this.#known;
  }

  /** True once a position in the log is known, from which on changes can be applied. */
  get following(): boolean {
    return this.#upTo < Infinity;
  }

  /** True once all is applied that the log had when it was joined. Before that nothing can be kept or vouched for. */
  get joined(): boolean {
    return this.applied >= this.#upTo;
  }

  /** Dependencies whose change waits to be said. */
  get unsaid(): number {
    return this.#unsaid.size;
  }

  /** How many dependencies have exact stamps, how many more are in the table, and its floor. */
  get size(): { readonly held: number; readonly table: number; readonly floor: Mark } {
    return { held: this.#ids.size, table: this.#table.size, floor: this.#table.floor };
  }

  /**
   * Begin, or begin anew, at a position: of all that changed before it nothing is known. Nothing is vouched for before every
   * change up to `upTo` has been applied, the log's head if that isn't where it begins.
   */
  join(position: Position, upTo: Mark = position.head): void {
    const anew = this.following;
    this.#upTo = upTo;
    this.incarnation = position.incarnation;
    this.applied = this.#known = this.#newestSoft = position.head;
    this.#table = this.#newTable(position.head);
    this.#hard.fill(position.head);
    this.#soft.fill(position.head);
    this.#vague.fill(3);
    this.#fromTheFirst = !anew && position.head === 0;
    this.#times.forget(this.#unchanged);
    this.#moved();
  }

  /** A change of this mark is known. Harmless when told twice. */
  apply(mark: Mark, change: Change): void {
    this.#times.remember(this.#known);
    for (const dependency of change) this.#touch(dependency, mark);
    if (mark > this.#known) this.#known = mark;
    this.#moved();
  }

  /** Every change up to this mark has been applied. */
  advance(mark: Mark): void {
    if (mark > this.applied) this.applied = mark;
    if (mark > this.#known) this.#known = mark;
    this.#moved();
  }

  /** The log says that a dependency changed last at this mark or before. */
  learn(dependency: Dependency, mark: Mark): void {
    const soft = dependency.startsWith('?');
    const id = this.#ids.get(soft ? dependency.slice(1) : dependency);
    if (id === undefined) this.#table.learn(dependency, mark);
    else if (this.#vague[id] & (soft ? 2 : 1)) {
      (soft ? this.#soft : this.#hard)[id] = mark;
      this.#vague[id] &= soft ? 1 : 2;
    }
    this.seq++;
  }

  /** The log hasn't been heard for too long: nothing is vouched for before {@link Stamps.trust}, nor is anything given up. */
  doubt(): void {
    this.#doubted = true;
    this.#moved();
  }

  /** All is known that there was to know, or what was doubted has been given up. */
  trust(): void {
    if (!this.#doubted) return;
    this.#doubted = false;
    this.#moved();
  }

  get doubted(): boolean {
    return this.#doubted;
  }

  /** A change couldn't be said: distrust what it names until {@link said}. */
  distrust(change: Change): void {
    for (const dependency of change.map(asName)) this.#unsaid.set(dependency, (this.#unsaid.get(dependency) ?? 0) + 1);
    for (const dependency of change.map(asName)) this.#tell(dependency, Infinity);
    this.#moved();
  }

  /** A change that waited has been said; it was given a mark (tell it with {@link apply} first) or taken over by a larger one. */
  said(change: Change): void {
    for (const dependency of change.map(asName)) {
      const count = this.#unsaid.get(dependency)! - 1;
      if (count > 0) this.#unsaid.set(dependency, count);
      else this.#unsaid.delete(dependency);
    }
    this.#moved();
  }

  #moved(): void {
    this.seq++;
    this.horizon = this.joined && this.#unsaid.size === 0 && !this.#doubted ? this.#known : Infinity;
  }

  #touch(dependency: Dependency, mark: Mark): void {
    const soft = dependency.charCodeAt(0) === 63;
    if (soft && mark > this.#newestSoft) this.#newestSoft = mark;
    const id = this.#ids.get(soft ? dependency.slice(1) : dependency);
    if (id === undefined) this.#table.record(dependency, mark);
    else {
      const exact = soft ? this.#soft : this.#hard;
      if (mark > exact[id]) {
        exact[id] = mark;
        this.#vague[id] &= soft ? 1 : 2;
      }
    }
    this.#tell(dependency, mark);
  }

  #tell(dependency: Dependency, mark: Mark): void {
    const soft = dependency.charCodeAt(0) === 63;
    const kind = dependency.charCodeAt(soft ? 1 : 0);
    if (kind === 61 || (kind === 94 && dependency.length > (soft ? 2 : 1)))
      this.#onKey(dependency.slice(soft ? 2 : 1), mark, soft);
  }

  hold(dependencies: readonly Dependency[]): readonly number[] {
    const held = this.#intern(dependencies);
    return held.length === 1 ? (this.#alone[held[0]] ??= held) : held;
  }

  #intern(dependencies: readonly Dependency[]): number[] {
    return dependencies.map((name) => {
      let id = this.#ids.get(name);
      if (id === undefined) {
        id = this.#free.pop() ?? this.#names.length;
        this.#ids.set(name, id);
        this.#names[id] = name;
        const hard = this.#table.find(name);
        const soft = this.#table.find(softly(name));
        this.#hard[id] = hard ?? this.#table.floor;
        this.#soft[id] = soft ?? this.#table.floor;
        this.#vague[id] = (hard === undefined ? 1 : 0) + (soft === undefined ? 2 : 0);
        this.#refs[id] = 0;
      }
      this.#refs[id]++;
      return id;
    });
  }

  release(held: readonly number[]): void {
    for (const id of held) {
      if (--this.#refs[id] > 0) continue;
      const name = this.#names[id];
      if (this.#hard[id] > this.#table.floor) this.#table.record(name, this.#hard[id]);
      if (this.#soft[id] > this.#table.floor) this.#table.record(softly(name), this.#soft[id]);
      this.#ids.delete(name);
      this.#names[id] = '';
      this.#free.push(id);
    }
  }

  names(held: readonly number[]): Dependency[] {
    return held.map((id) => this.#names[id]);
  }

  check(mark: Mark, base: readonly number[], held: readonly number[] | undefined, path: () => Path): Verdict {
    if (mark >= this.horizon) return 'valid';
    if (!this.joined) return 'invalid';
    if (this.#doubted) return 'unknown';
    let soft = false;
    for (let ids: readonly number[] | undefined = base; ids; ids = ids === base ? held : undefined)
      for (const id of ids) {
        if (this.#hard[id] > mark) return 'invalid';
        if (this.#soft[id] > mark) soft = true;
      }
    if (this.#unsaid.size > 0) {
      for (const id of held ? [...base, ...held] : base) {
        if (this.#unsaid.has(this.#names[id])) return 'invalid';
        if (this.#unsaid.has(softly(this.#names[id]))) soft = true;
      }
    }
    if (this.#table.newestRule > mark) {
      const paths = [path()];
      if (held) for (const id of held) addKeyPath(paths, this.#names[id]);
      for (const one of paths) {
        if (this.#table.ruledAfter(mark, one, false) > 0) return 'invalid';
        if (this.#table.ruledAfter(mark, one, true) > 0) soft = true;
      }
    }
    return soft ? 'soft' : 'valid';
  }

  /**
   * What has become of an entry at `path` with this mark and these dependencies, from whatever tier it comes. `unknown`
   * means that nothing speaks against it but that the table no longer knows some of {@link toAsk}.
   *
   * What a mirror has `recalled` of them counts if it leaves out nothing: a dependency that the table doesn't know hasn't
   * changed since the floor, so a mirror that knows of every change up to the floor, or later, knows of its last one. One
   * that is behind may lack what has been applied and forgotten here. It isn't remembered: where a mirror says no more than
   * that something hasn't changed since the entry's mark, that would speak against older entries.
   */
  verdict(
    path: Path,
    dependencies: readonly Dependency[],
    mark: Mark,
    incarnation: string,
    recalled?: Recalled,
  ): Verdict {
    if (!this.joined || incarnation !== this.incarnation) return 'invalid';
    if (mark >= this.horizon) return 'valid';
    if (this.#doubted) return 'unknown';
    const names = [...implicitDependencies(path), ...dependencies];
    const complete = recalled?.incarnation === this.incarnation && recalled.head >= this.#table.floor;
    const more = complete ? recalled.stamps : undefined;
    let verdict: Verdict = 'valid';
    for (const name of names) {
      const hard = this.#since(name, mark, false, more);
      if (hard === 'changed') return 'invalid';
      if (hard === 'unknown') verdict = 'unknown';
    }
    if (this.#newestSoft <= mark && this.#table.floor <= mark && this.#unsaid.size === 0) return verdict;
    for (const name of names) {
      const soft = this.#since(name, mark, true, more);
      if (soft === 'changed' && verdict === 'valid') verdict = 'soft';
      if (soft === 'unknown') verdict = 'unknown';
    }
    return verdict;
  }

  #since(
    name: Dependency,
    mark: Mark,
    soft: boolean,
    more: ReadonlyMap<Dependency, Mark> | undefined,
  ): 'unchanged' | 'changed' | 'unknown' {
    const full = soft ? softly(name) : name;
    if (this.#unsaid.has(full)) return 'changed';
    const stamp = this.#stampOf(name, soft) ?? more?.get(full);
    if (stamp !== undefined && stamp > mark) return 'changed';
    if (this.#table.newestRule > mark) {
      const path = keyPathOf(name);
      if (path && this.#table.ruledAfter(mark, path, soft) > 0) return 'changed';
    }
    return stamp === undefined && this.#floorOf(name, soft) > mark ? 'unknown' : 'unchanged';
  }

  /** The mark of a dependency's last change, unless no more is known of it than a floor. */
  #stampOf(name: Dependency, soft: boolean): Mark | undefined {
    const id = this.#ids.get(name);
    if (id === undefined) return this.#table.find(soft ? softly(name) : name);
    return this.#vague[id] & (soft ? 2 : 1) ? undefined : (soft ? this.#soft : this.#hard)[id];
  }

  #floorOf(name: Dependency, soft: boolean): Mark {
    const id = this.#ids.get(name);
    return id === undefined ? this.#table.floor : (soft ? this.#soft : this.#hard)[id];
  }

  /** The mark of a dependency's last change, rules included, or any larger one. */
  stampOf(dependency: Dependency): Mark {
    const stamp = this.#table.stampOf(dependency);
    const soft = dependency.startsWith('?');
    const id = this.#ids.get(soft ? dependency.slice(1) : dependency);
    return id === undefined ? stamp : Math.max(stamp, (soft ? this.#soft : this.#hard)[id]);
  }

  /** The mark of a dependency's last hard change, rules included, as far as it is known here. */
  lastChange(name: Dependency): Mark | undefined {
    const stamp = this.#stampOf(name, false);
    const path = keyPathOf(name);
    const ruled = path ? this.#table.ruledAfter(stamp ?? 0, path, false) : 0;
    return ruled > 0 ? ruled : stamp;
  }

  /** Is it known that a name in a change, of whatever kind, has changed since a mark? */
  hasChangedSince(mark: Mark, name: Dependency): boolean {
    const soft = name.charCodeAt(0) === SOFT;
    const plain = soft ? name.slice(1) : name;
    if (plain.charCodeAt(0) === STAR) return this.#table.hasRule(mark, name);
    const stamp = this.#stampOf(plain, soft);
    return stamp !== undefined && stamp > mark;
  }

  /** The names to ask the log for when the verdict is `unknown`. */
  toAsk(path: Path, dependencies: readonly Dependency[]): Dependency[] {
    const names = [...implicitDependencies(path), ...dependencies];
    return [...names, ...names.map(softly)];
  }

  /**
   * The mark for a load that begins now from a source that lags by up to `lag` milliseconds: what became known within that
   * time may not be seen by the load. Nor may what isn't known here yet, if the loader reads through the cache: a change
   * of our own may have overtaken it, so the mark is never beyond what has been applied without a gap.
   */
  markFor(lag: number): Mark {
    if (lag <= 0) return this.applied;
    this.rememberFor(lag);
    return this.#times.markBefore(lag, this.applied);
  }

  /** Remember when changes become known, for lags up to this many milliseconds. */
  rememberFor(lag: number): void {
    this.#times.rememberFor(lag, this.#unchanged);
  }

  get #unchanged(): boolean {
    return this.#fromTheFirst && this.#known === 0;
  }
}

/** What is distrusted while a change waits: a rule isn't a name, so all that lies below its beginning stands for it. */
function asName(dependency: Dependency): Dependency {
  const soft = dependency.startsWith('?');
  const hard = soft ? dependency.slice(1) : dependency;
  const name = hard.startsWith('*') ? prefixDependency(literalPrefix(decodePattern(hard.slice(1)))) : hard;
  return soft ? softly(name) : name;
}

function addKeyPath(paths: Path[], name: Dependency): void {
  const path = keyPathOf(name);
  if (path) paths.push(path);
}
