/** A connection that is opened when it is first needed, never holds more than it can answer, and is made anew when it is beyond hope. */
import type { Clock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';
import type { Call } from '../../engine/store.ts';
import type { Argument, Connector, Link, Reply, Send } from './link.ts';

/** Commands without an answer at one time; what is beyond fails at once. */
const MOST = 8192;

/**
 * When the oldest command has waited so many milliseconds, nobody will answer it: a link that was cut without a word looks
 * alive for a quarter of an hour otherwise. The same when every command has failed for so long: a client that was cut off in
 * the middle of opening the link again calls itself offline for as long.
 */
const LONGEST = 5000;

/** Milliseconds between two attempts to make the connection anew. */
const PAUSE = 1000;

interface Asked {
  readonly at: number;
  readonly reject: (error: unknown) => void;
}

/** Commands to the servers, by a connection of this backend's own. */
export class Connection {
  /** True if keys lie on several servers. */
  readonly cluster: boolean;
  /** How often it has been made anew. */
  renewals = 0;
  readonly #connector: Connector;
  readonly #clock: Clock;
  readonly #asked = new Set<Asked>(); // the oldest first
  #link: Link | undefined;
  #tried = false; // whether the link's first attempt is over
  #made = -Infinity;
  #failing = Infinity; // since when every command has failed
  #closed = false;

  constructor(connector: Connector, clock: Clock) {
    this.cluster = connector.cluster;
    this.#connector = connector;
    this.#clock = clock;
  }

  /** How many commands are without an answer. */
  get unanswered(): number {
    return this.#asked.size;
  }

  /**
   * Send a command to where `key` lies. While the connection is being opened for the first time it waits for that, and isn't
   * sent any more once the call has been given up; later a command that can't be sent fails at once.
   */
  command(args: readonly Argument[], key: string, call?: Call): Promise<Reply> {
    return this.#ask((link) => link.send(args, key), call);
  }

  /** One way to each server that has keys of its own. */
  servers(call: Call): Promise<readonly Send[]> {
    return this.#ask((link) => link.servers(), call);
  }

  #ask<T>(send: (link: Link) => Promise<T>, call: Call | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const at = this.#clock.now();
      const link = this.#linkAt(at);
      if (this.#asked.size >= MOST) throw new TidemarkError('store_failed', `${MOST} commands are without an answer`);
      const asked = { at, reject };
      this.#asked.add(asked);
      const work = this.#tried
        ? send(link)
        : link.opened.then(() => {
            call?.signal.throwIfAborted();
            return send(link);
          });
      work.then(
        (reply) => {
          this.#asked.delete(asked);
          this.#failing = Infinity;
          resolve(reply);
        },
        (error: unknown) => {
          this.#asked.delete(asked);
          this.#failing = Math.min(this.#failing, this.#clock.now());
          reject(error);
        },
      );
    });
  }

  #linkAt(now: number): Link {
    if (this.#closed) throw new TidemarkError('closed', 'the backend is closed');
    const hopeless = this.#link?.ended === true || now - Math.min(this.#oldest, this.#failing) > LONGEST;
    if (this.#link && hopeless && now - this.#made >= PAUSE) {
      this.#drop(new TidemarkError('store_failed', 'the connection was given up: it had ended, or answered no more'));
      this.renewals++;
    }
    return (this.#link ??= this.#open(now));
  }

  get #oldest(): number {
    for (const { at } of this.#asked) return at;
    return Infinity;
  }

  #open(now: number): Link {
    const link = this.#connector.open();
    this.#made = now;
    this.#failing = Infinity;
    this.#tried = false;
    const tried = () => {
      if (this.#link === link) this.#tried = true;
    };
    link.opened.then(tried, tried);
    return link;
  }

  #drop(why: TidemarkError): void {
    const link = this.#link;
    this.#link = undefined;
    for (const { reject } of this.#asked) reject(why);
    this.#asked.clear();
    try {
      link?.destroy();
    } catch {
      // It was gone already.
    }
  }

  /** Let go of the connection; what is under way fails. Never waits for a server. */
  close(): void {
    this.#closed = true;
    this.#drop(new TidemarkError('closed', 'the backend was closed'));
  }
}
