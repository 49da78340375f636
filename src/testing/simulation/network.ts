/** The network between nodes and the place that they share: what is sent may be late, lost, doubled, or never get through. */
import type { Change } from '../../engine/log.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import type { Clock } from '../../engine/clock.ts';

/** Which way a message goes: to the place, or back from it. */
export type Way = 'there' | 'back';

/** What befalls messages, and who is told of what is seen at the place. */
export interface Surroundings {
  /** Holds a message for as long as the schedule likes; rejects if it is lost, and never settles if it vanishes. */
  readonly hold: (node: string, message: string) => Promise<void>;
  /** Whether a message comes twice, the second time when the schedule likes. */
  readonly doubles: () => boolean;
  /** A change has just been appended to the log. */
  readonly appended: (change: Change) => void;
  /** Something is wrong that was seen at the place. */
  readonly violated: (what: string) => void;
}

/** All connections, and the state of what they lead to. */
export class Network {
  readonly surroundings: Surroundings;
  #state: 'up' | 'down' | 'stalled' = 'up';
  #resumed: (() => void)[] = [];

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings;
  }

  get state(): 'up' | 'down' | 'stalled' {
    return this.#state;
  }

  /** The place refuses every call (`down`), answers none until something else (`stalled`), or is there again. */
  turn(state: 'up' | 'down' | 'stalled'): void {
    this.#state = state;
    const resumed = this.#resumed;
    this.#resumed = [];
    for (const resume of resumed) resume();
  }

  /** Throws if the place can't be reached. What is read at once isn't held up by a stall, as a file isn't by who writes to it. */
  assertUp(): void {
    if (this.#state === 'down') throw new Error('the place is down');
  }

  /** Settles when a message may pass: at once, after a stall, or never well if the place is down. */
  async passage(): Promise<void> {
    while (this.#state === 'stalled') await new Promise<void>((resolve) => this.#resumed.push(resolve));
    this.assertUp();
  }
}

/** The connection of one node. */
export class Link {
  /** Whose connection it is. */
  readonly node: string;
  /** The node's own clock. */
  readonly clock: Clock;
  readonly #network: Network;
  readonly #cut = new Set<Way>();
  #silent = false;
  #dead = false;

  constructor(network: Network, node: string, clock: Clock) {
    this.#network = network;
    this.node = node;
    this.clock = clock;
  }

  /** True if nothing is cut off. */
  get whole(): boolean {
    return this.#cut.size === 0 && !this.#dead;
  }

  /**
   * Send a message. When it arrives, `effect` is done at the place, as one step; then the answer comes back. Each way may
   * fail on its own, and the effect may be done twice, unless it is said to arrive `once` at most.
   */
  async send<T>(
    message: string,
    effect: () => MaybePromise<T>,
    { arrives = 'at times twice' }: { readonly arrives?: 'once' | 'at times twice' } = {},
  ): Promise<T> {
    await this.hop(message, 'there');
    if (arrives !== 'once' && this.#network.surroundings.doubles()) void this.#again(message, effect);
    const answer = await effect();
    await this.hop(`${message} answer`, 'back');
    return answer;
  }

  async #again(message: string, effect: () => MaybePromise<unknown>): Promise<void> {
    try {
      await this.hop(`${message} again`, 'there');
      await effect();
    } catch {
      // nobody waits for the answer
    }
  }

  /** One way of a message. */
  async hop(message: string, way: Way): Promise<void> {
    await this.#network.surroundings.hold(this.node, message);
    await this.#network.passage();
    if (this.#cut.has(way) && this.#silent) await new Promise<never>(() => {});
    this.#assertOpen(way);
  }

  /** A change has just been appended to the log at the place. */
  appended(change: Change): void {
    this.#network.surroundings.appended(change);
  }

  /** Something was seen at the place that must never be: the schedule ends with it. */
  violated(what: string): void {
    this.#network.surroundings.violated(what);
  }

  /** Throws if the place can't be reached: for what is read at once. */
  assertReachable(): void {
    this.#network.assertUp();
    this.#assertOpen('there');
    this.#assertOpen('back');
  }

  #assertOpen(way: Way): void {
    if (this.#cut.has(way) || this.#dead) throw new Error(`${this.node} is cut off`);
  }

  /** From now on nothing gets through these ways. `silently`: whoever sends isn't told. */
  cut(ways: readonly Way[], how: 'openly' | 'silently'): void {
    for (const way of ways) this.#cut.add(way);
    this.#silent = how === 'silently';
  }

  /** Everything gets through again. */
  mend(): void {
    this.#cut.clear();
  }

  /** The node is dead: nothing of it arrives any more. */
  kill(): void {
    this.mend();
    this.#dead = true;
  }
}
