/** What one process is owed: nothing that it answers may be older. */
import { Owed, type Said } from './truth.ts';
import type { World } from './world.ts';

/** What a process is owed, by what has been said and by how long it may take to hear of it. */
export class Owing {
  /** Soft changes included, which make old; and hard ones alone, which make wrong. */
  readonly strict: Owed = new Owed();
  readonly lenient: Owed = new Owed();
  readonly #world: World;
  #next = 0;

  /** A process that begins has nothing: all that was ever acknowledged is owed. */
  constructor(world: World) {
    this.#world = world;
    this.heardUpTo(Infinity);
  }

  acknowledge(said: Said): void {
    // What a soft change makes old is old by the clock of who sees it first, and by no other if they disagree.
    if (!said.soft || this.#world.mood.clocks === 'right') this.strict.acknowledge(said);
    if (!said.soft) this.lenient.acknowledge(said);
  }

  /** From now on all is owed that the log had acknowledged before a time, by whoever it was said. */
  heardUpTo(time: number): void {
    const { told } = this.#world;
    while (this.#next < told.length && told[this.#next].time < time) this.acknowledge(told[this.#next++].said);
  }
}
