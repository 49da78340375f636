/**
 * A seat by word of mouth, where there is no lock manager: who finds nobody sitting sits down and says so, and who sits
 * and hears another say so gets up. Of two who say it at the same time both get up, and ask anew who sits; of all who ask
 * at the same time the one whose name comes first goes first.
 *
 * Sure of the seat is who has sent itself a message and then finds that it has heard of nobody else: the channel hands
 * messages to a listener in the order in which they were posted, so what others said before is heard before.
 */
import type { Clock } from '../../engine/clock.ts';
import type { Channel } from './channel.ts';
import { type Message, messageOf } from './messages.ts';
import type { Seat, SeatEvents } from './seat.ts';

/** Milliseconds that whoever asks who sits waits for an answer; longer if another has just said that it does. */
const ELECTION = 50;
const GIVEN_WAY = 300;

/** What a seat by word of mouth works with. */
export interface ChannelSeatOptions extends SeatEvents {
  /** The participant's name. */
  readonly me: string;
  readonly post: (message: Message) => void;
  /** A second channel of the same name, by which the participant sends messages to itself. */
  readonly echo: Channel;
  readonly clock: Clock;
}

/** A seat by word of mouth. */
export class ChannelSeat implements Seat {
  readonly #o: ChannelSeatOptions;
  readonly #echoes = new Map<number, () => void>();
  #sent = 0;
  #term = 0; // how often it has sat down; 0 while it doesn't sit
  #terms = 0;
  #stopWaiting: (() => void) | undefined;
  #left = false;

  constructor(options: ChannelSeatOptions) {
    this.#o = options;
    this.#elect();
  }

  get sitting(): boolean {
    return this.#term > 0;
  }

  async confirm(): Promise<boolean> {
    const term = this.#term;
    if (term === 0) return false;
    await this.#heardAll();
    return this.#term === term;
  }

  seize(): void {
    if (!this.#left && !this.sitting) this.#sit();
  }

  hear(heard: unknown): void {
    const message = messageOf(heard);
    if (message?.kind === 'echo') return this.#echoed(message);
    if (message?.kind === 'hello') this.#asked(message.from);
    else if (message?.kind === 'here' && message.to === this.#o.me) this.#stopWaiting?.();
    else if (message?.kind === 'left') this.#elect();
    else if (message?.kind === 'seated') this.#giveWay();
  }

  leave(): void {
    const sat = this.sitting;
    this.#left = true;
    this.#stopWaiting?.();
    this.#term = 0;
    if (sat) this.#o.post({ kind: 'left' });
  }

  #echoed({ to, id }: { readonly to: string; readonly id: number }): void {
    if (to !== this.#o.me) return;
    for (const [sent, heard] of this.#echoes) {
      if (sent > id) return;
      heard();
      this.#echoes.delete(sent);
    }
  }

  /** Resolves when all has been heard that was said by now. */
  #heardAll(): Promise<void> {
    const id = ++this.#sent;
    const heard = new Promise<void>((resolve) => this.#echoes.set(id, resolve));
    this.#o.echo.postMessage({ kind: 'echo', to: this.#o.me, id } satisfies Message);
    return heard;
  }

  /** Ask who sits, and sit down if nobody says so. */
  #elect(wait: number = ELECTION): void {
    if (this.#left || this.sitting) return;
    this.#o.post({ kind: 'hello', from: this.#o.me });
    this.#waitFor(wait);
  }

  #waitFor(ms: number): void {
    this.#stopWaiting?.();
    let waiting = true;
    const sit = () => {
      if (waiting) this.seize();
    };
    const stop = this.#o.clock.after(ms, () => void this.#heardAll().then(sit)); // an answer may wait behind the timer
    this.#stopWaiting = () => {
      stop();
      waiting = false;
      this.#stopWaiting = undefined;
    };
  }

  /** Another asks who sits. Of two who wait for an answer the one whose name comes later lets the other go first. */
  #asked(from: string): void {
    if (this.sitting || (this.#stopWaiting && this.#o.me < from)) this.#o.post({ kind: 'here', to: from });
    else if (this.#stopWaiting) this.#waitFor(2 * GIVEN_WAY);
  }

  #sit(): void {
    this.#stopWaiting?.();
    this.#term = ++this.#terms;
    this.#o.seated(); // says so on the channel, before it answers anyone
  }

  /** Another says that it sits. Perhaps it has to get up itself, so whoever sat, or was about to, asks anew. */
  #giveWay(): void {
    const sat = this.sitting;
    this.#term = 0;
    if (sat || this.#stopWaiting) this.#elect(GIVEN_WAY);
    if (sat) this.#o.lost();
  }
}
