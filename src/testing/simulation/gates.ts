/** Everything that has to be waited for waits here, until the schedule lets it go: in any order, or never well. */

/** What waits: a message, which may vanish, or a moment of something that goes on or fails. */
export type Held = 'message' | 'moment';

interface Waiting {
  readonly label: string;
  readonly owner: string;
  readonly what: Held;
  readonly pass: () => void;
  readonly lose: (error: Error) => void;
}

/** Messages and moments on hold. */
export class Gates {
  #waiting: Waiting[] = [];
  /** True once the schedule is over: nothing is held any more. */
  open = false;

  get size(): number {
    return this.#waiting.length;
  }

  /** Wait until the schedule goes on with this. Rejects if what was waited for is lost. */
  hold(owner: string, label: string, what: Held = 'moment'): Promise<void> {
    if (this.open) return Promise.resolve();
    return new Promise((pass, lose) => this.#waiting.push({ owner, label, what, pass, lose }));
  }

  /** Whose one of them is. */
  owner(at: number): string {
    return this.#waiting[at].owner;
  }

  /** One of them in words. */
  label(at: number): string {
    const { owner, label } = this.#waiting[at];
    return `${owner} ${label}`;
  }

  /** Let one go. */
  release(at: number): void {
    this.#waiting.splice(at, 1)[0].pass();
  }

  /** Lose one. */
  lose(at: number): void {
    const [one] = this.#waiting.splice(at, 1);
    one.lose(new Error(`lost: ${one.label}`));
  }

  /** Lose one without a word, if it is a message: whoever waits, waits for ever. */
  drop(at: number): void {
    if (this.#waiting[at].what === 'message') this.#waiting.splice(at, 1);
    else this.lose(at);
  }

  /** Let everything of one owner go, or lose it. */
  leave(owner: string, passes: () => boolean): void {
    const leaving = this.#waiting.filter((one) => one.owner === owner);
    this.#waiting = this.#waiting.filter((one) => one.owner !== owner);
    for (const one of leaving) {
      if (passes()) one.pass();
      else one.lose(new Error(`lost: ${one.label}`));
    }
  }

  releaseAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one.pass();
  }
}

/** Let promises go on for a few turns only: what is under way stays in the middle of it. */
export async function nudge(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await Promise.resolve();
}
