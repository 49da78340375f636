/**
 * How hot each reading is: how often it was read, where what was read earlier counts less. Each count halves with every
 * half-life. Nothing is gone through for that: what comes now is given more weight than what came before ("forward decay",
 * Cormode, Shkapenyuk, Srivastava, Xu, "Forward Decay", ICDE 2009), and an answer is divided by the weight of its moment.
 */
import { SpaceSaving } from './space-saving.ts';

/** Heat by the call of a reader (`findById post`), and there by the text of what it is called with. */
export type HeatByCall = ReadonlyMap<string, ReadonlyMap<string, number>>;

const FARTHEST = 64; // half-lives after which weights begin at 1 again

/** Heat as it comes, in a bounded number of counters for each call. */
export class HeatCounters {
  readonly #capacity: number;
  readonly #halfLife: number;
  #counters = new Map<string, SpaceSaving>();
  #since: number;

  constructor(capacity: number, halfLife: number, now: number) {
    this.#capacity = capacity;
    this.#halfLife = halfLife;
    this.#since = now;
  }

  get size(): number {
    let size = 0;
    for (const counters of this.#counters.values()) size += counters.size;
    return size;
  }

  add(call: string, text: string, reads: number, now: number): void {
    let counters = this.#counters.get(call);
    if (!counters) this.#counters.set(call, (counters = new SpaceSaving(this.#capacity)));
    counters.add(text, reads * this.#weight(now));
  }

  /** How hot each is at a moment, at least: what a counter took over from another name is left out. */
  at(now: number): HeatByCall {
    const weight = this.#weight(now);
    return new Map(
      [...this.#counters].map(([call, counters]) => [
        call,
        new Map([...counters].map(({ name, count, error }) => [name, (count - error) / weight])),
      ]),
    );
  }

  #weight(now: number): number {
    const halfLives = (now - this.#since) / this.#halfLife;
    if (halfLives < FARTHEST) return 2 ** halfLives;
    for (const counters of this.#counters.values()) counters.scale(2 ** -halfLives);
    this.#since = now;
    return 1;
  }
}

/** What is left of some heat after a time. */
export function cooled(heat: HeatByCall, halfLives: number): HeatByCall {
  const factor = 2 ** -Math.max(0, halfLives); // another machine's clock may be ahead
  return new Map(
    [...heat].map(([call, texts]) => [call, new Map([...texts].map(([text, one]) => [text, one * factor]))]),
  );
}

/** The sum: each of them has counted other reads. */
export function sumOf(all: readonly HeatByCall[]): HeatByCall {
  const sum = new Map<string, Map<string, number>>();
  for (const heat of all)
    for (const [call, texts] of heat) {
      let to = sum.get(call);
      if (!to) sum.set(call, (to = new Map<string, number>()));
      for (const [text, one] of texts) to.set(text, (to.get(text) ?? 0) + one);
    }
  return sum;
}

/** The hottest of each call. */
export function hottestOf(heat: HeatByCall, most: number): HeatByCall {
  return new Map(
    [...heat].map(([call, texts]) => [call, new Map([...texts].toSorted(([, a], [, b]) => b - a).slice(0, most))]),
  );
}
