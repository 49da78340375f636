/**
 * What is likely in one schedule. If every schedule did a little of everything, none would do much of anything: each has
 * moods of its own, and together they reach what no fixed likelihood would (Groce et al., "Swarm Testing", ISSTA 2012).
 */
import { Chance } from './chance.ts';

/** What may be slow together, by how its names begin. */
const KINDS = [
  ['read'],
  ['read'], // twice as often as others: most rests on when the log is heard, and when it is told
  ['append', 'commit'],
  ['append', 'commit'],
  ['getMany'],
  ['setMany'],
  ['stamps', 'mirror'],
  ['acquire'],
  ['load', 'part'],
  ['answer'],
];

/** A schedule's likelihoods, made from its seed. */
export class Mood {
  readonly #seed: number;
  readonly #holds = new Map<string, number>();
  /** In some schedules one kind of message is slow, and all others are quick. */
  readonly #slow: readonly string[] | undefined;

  constructor(seed: number) {
    this.#seed = seed;
    const chance = this.#of('slow');
    this.#slow = chance.once(2) ? chance.pick(KINDS) : undefined;
  }

  /** How likely a message or a moment of this kind is held: never, at times, or nearly always. */
  holds(kind: string): number {
    if (this.#slow) return kind === 'wake' || this.#slow.some((slow) => kind.startsWith(slow)) ? 0.9 : 0;
    let share = this.#holds.get(kind);
    if (share === undefined) this.#holds.set(kind, (share = this.#of(kind).pick([0, 0.3, 0.6, 0.95])));
    return share;
  }

  /** How likely a loader reads what it needs through the cache. */
  get through(): number {
    return this.#of('through').pick([0, 0.95]);
  }

  /** The usual weights, some of them changed. */
  weights<K extends string>(usual: Readonly<Record<K, number>>): Readonly<Record<K, number>> {
    const changed = Object.entries<number>(usual).map(([name, weight]) => {
      const least =
        name === 'release' || name === 'read' || name === 'write' || name === 'up' || name === 'mend' ? 0.5 : 0;
      return [name, weight * this.#of(name).pick([least, 1, 1, 4])];
    });
    return Object.fromEntries(changed) as Record<K, number>;
  }

  #of(what: string): Chance {
    return new Chance(this.#seed, -3, ...Array.from(what, (letter) => letter.charCodeAt(0)));
  }
}
