/**
 * What is likely in one schedule. If every schedule did a little of everything, none would do much of anything: each has
 * moods of its own, and together they reach what no fixed likelihood would (Groce et al., "Swarm Testing", ISSTA 2012).
 */
import { Chance } from './chance.ts';
import type { Way } from './network.ts';

/** What may be slow together, by how its names begin. */
const KINDS = [
  ['read'],
  ['read'], // twice as often as others: most rests on when the log is heard, and when it is told
  ['append', 'commit', 'fence'],
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

  /** How likely a message comes twice. */
  get doubles(): number {
    return this.#of('doubles').pick([0, 0, 0.1, 0.5]);
  }

  /** Whether who is cut off is told at once, or waits in vain. */
  get cuts(): 'openly' | 'silently' {
    return this.#of('cuts').pick(['openly', 'silently']);
  }

  /** What is cut off: all, or one way only. */
  get ways(): readonly Way[] {
    return this.#of('ways').pick<readonly Way[]>([['there', 'back'], ['there', 'back'], ['there'], ['back']]);
  }

  /** Whether all clocks agree, are set apart once and for all, or are set again and again and go at rates of their own. */
  get clocks(): 'right' | 'apart' | 'wild' {
    return this.#of('clocks').pick(['right', 'right', 'apart', 'wild']);
  }

  /** Whether all goes on while time passes, or a time is passed in one leap, as if the process had stood still. */
  get time(): 'flows' | 'leaps' {
    return this.#of('time').pick(['flows', 'leaps']);
  }

  /** How long the log may be silent, in milliseconds. */
  get maxSilence(): number {
    return this.#of('silence').pick([700, 2000, 10_000]);
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
