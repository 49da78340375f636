/** The marks of what changed last, bounded: what is forgotten is known to lie at or below a floor. */
import { type Dependency, prefixDependency } from './dependency.ts';
import type { Mark } from './entry.ts';
import { decodePath, type Path } from './key.ts';
import { decodePattern, literalPrefix, matches, type Pattern } from './pattern.ts';

const STAR = 42;
const SOFT = 63;
const KEY = 61;

interface Rule {
  readonly name: Dependency;
  readonly pattern: Pattern;
  readonly soft: boolean;
  readonly mark: Mark;
}

/** How much a table remembers. */
export interface StampLimits {
  /** Stamps in a generation; at most two generations are held. */
  readonly stamps: number;
  /** Pattern rules; an older one becomes a stamp of all that lies below its literal beginning. */
  readonly rules: number;
}

export const STAMP_LIMITS: StampLimits = { stamps: 16_384, rules: 256 };

/**
 * Stamps by dependency. They are compacted by generation: when the young generation is full it becomes the old one, and
 * the old one is forgotten as a whole, in constant time. The floor is the largest mark that was ever forgotten.
 */
export class StampTable {
  readonly #limits: StampLimits;
  #floor: Mark;
  #young = new Map<Dependency, Mark>();
  #youngNewest: Mark = 0;
  #old = new Map<Dependency, Mark>();
  #oldNewest: Mark = 0;
  readonly #rules: Rule[] = []; // ascending by mark

  readonly #fold: (dependency: Dependency, mark: Mark) => void;

  /** `fold` is told the stamp that takes the place of a forgotten rule; by default the table records it itself. */
  constructor(
    floor: Mark = 0,
    limits: StampLimits = STAMP_LIMITS,
    fold?: (dependency: Dependency, mark: Mark) => void,
  ) {
    this.#floor = floor;
    this.#limits = limits;
    this.#fold = fold ?? ((dependency, mark) => this.record(dependency, mark));
  }

  /** A dependency that isn't in the table is known to be unchanged since this mark. */
  get floor(): Mark {
    return this.#floor;
  }

  /** The mark of the newest rule; 0 if there is none. */
  get newestRule(): Mark {
    return this.#rules.at(-1)?.mark ?? 0;
  }

  /** How many stamps and rules are held. */
  get size(): number {
    return this.#young.size + this.#old.size + this.#rules.length;
  }

  /** A dependency changed at a mark. A mark that isn't newer than what is known, or than the floor, changes nothing. */
  record(dependency: Dependency, mark: Mark): void {
    const soft = dependency.charCodeAt(0) === SOFT;
    if (dependency.charCodeAt(soft ? 1 : 0) === STAR) return this.#addRule(dependency, soft, mark);
    if (mark > this.#newest || mark > (this.find(dependency) ?? this.#floor)) this.#keep(dependency, mark);
  }

  /** No mark that is known is larger. */
  get #newest(): Mark {
    return Math.max(this.#youngNewest, this.#oldNewest, this.#floor);
  }

  /**
   * A log that knows better says that a dependency changed last at this mark or before: a stamp that may lie below the
   * floor, where {@link StampTable.record} would take it for forgotten. What is known already stands.
   */
  learn(dependency: Dependency, mark: Mark): void {
    if (this.find(dependency) === undefined) this.#keep(dependency, mark);
  }

  #keep(dependency: Dependency, mark: Mark): void {
    this.#young.set(dependency, mark);
    if (mark > this.#youngNewest) this.#youngNewest = mark;
    if (this.#young.size >= this.#limits.stamps) this.#turn();
  }

  #turn(): void {
    if (this.#oldNewest > this.#floor) this.#floor = this.#oldNewest;
    this.#old = this.#young;
    this.#oldNewest = this.#youngNewest;
    this.#young = new Map();
    this.#youngNewest = 0;
  }

  #addRule(dependency: Dependency, soft: boolean, mark: Mark): void {
    const pattern = decodePattern(dependency.slice(soft ? 2 : 1));
    let at = this.#rules.length; // marks come nearly in order
    while (at > 0 && this.#rules[at - 1].mark > mark) at--;
    this.#rules.splice(at, 0, { name: dependency, pattern, soft, mark });
    if (this.#rules.length <= this.#limits.rules) return;
    const oldest = this.#rules.shift()!;
    this.#fold((oldest.soft ? '?' : '') + prefixDependency(literalPrefix(oldest.pattern)), oldest.mark);
  }

  /**
   * The mark of a dependency's last change, or `undefined` if that is known only to be at or below the floor. Rules
   * aren't looked at: ask {@link ruledAfter}.
   */
  find(dependency: Dependency): Mark | undefined {
    return this.#young.get(dependency) ?? this.#old.get(dependency);
  }

  /** The mark of the newest rule after `mark` that matches the path, or 0. */
  ruledAfter(mark: Mark, path: Path, soft: boolean): Mark {
    for (let i = this.#rules.length - 1; i >= 0 && this.#rules[i].mark > mark; i--)
      if (this.#rules[i].soft === soft && matches(this.#rules[i].pattern, path)) return this.#rules[i].mark;
    return 0;
  }

  /** Is this very rule among those after `mark` that are remembered? */
  hasRule(mark: Mark, name: Dependency): boolean {
    return this.#rules.some((rule) => rule.mark > mark && rule.name === name);
  }

  /** The mark of a dependency's last change, rules included, or the floor if that isn't known more exactly. */
  stampOf(dependency: Dependency): Mark {
    const mark = this.find(dependency) ?? this.#floor;
    const soft = dependency.charCodeAt(0) === SOFT;
    if (dependency.charCodeAt(soft ? 1 : 0) !== KEY || this.newestRule <= mark) return mark;
    return Math.max(mark, this.ruledAfter(mark, decodePath(dependency.slice(soft ? 2 : 1)), soft));
  }
}
