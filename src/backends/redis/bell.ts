/** Rings when something is new: one connection that waits for the log and for leases that end. Always a hint, never the truth. */
import type { Clock } from '../../engine/clock.ts';
import type { Position } from '../../engine/log.ts';
import { within } from '../../engine/wait.ts';
import type { Connection } from './connection.ts';
import type { Keyspace } from './keys.ts';
import { listOf, pairsOf, textOf } from './reply.ts';

const BLOCK = 1000; // milliseconds that the server holds a question back
const SILENCE = 5000; // and that it may take to answer all in all
const SOONEST = 100; // milliseconds before asking again after a failure
const LATEST = 2000;

/** Someone who waits for the lease of a key. */
export interface Waiter {
  /** Resolves to true when the lease may have ended. */
  readonly rung: Promise<true>;
  /** Wait no longer. */
  leave(): void;
}

/** What rings. It asks only while somebody listens. */
export class Bell {
  readonly #connection: Connection;
  readonly #keyspace: Keyspace;
  readonly #clock: Clock;
  readonly #watchers = new Set<() => void>();
  readonly #waiters = new Set<{ readonly key: string; readonly ring: () => void }>();
  #incarnation = '';
  #head = 0; // up to where the log's readers know it, or have been told; of no log as long as nobody has read
  #wakes: string | undefined; // where the stream of ended leases has been read up to
  #ready: (() => void)[] = [];
  #listening = false;
  #failures = 0;
  #closed = false;
  #close = () => {};
  readonly #closing = new Promise<void>((resolve) => (this.#close = resolve));

  constructor(connection: Connection, keyspace: Keyspace, clock: Clock) {
    this.#connection = connection;
    this.#keyspace = keyspace;
    this.#clock = clock;
  }

  /** The log has told where it stands: what comes after that is new. */
  saw({ incarnation, head }: Position): void {
    if (incarnation === this.#incarnation && head < this.#head) return; // an answer that was overtaken
    this.#incarnation = incarnation;
    this.#head = head;
  }

  /** Call `wake` whenever the log may have something new; the result ends that. */
  watch(wake: () => void): () => void {
    const watcher = () => wake(); // of its own, so that each is let go of by itself
    this.#watchers.add(watcher);
    void this.#listen();
    return () => void this.#watchers.delete(watcher);
  }

  /** Wait for the end of a lease. Resolves to a waiter once an end that comes from now on would be heard. */
  async expect(key: string): Promise<Waiter> {
    let ring = () => {};
    const rung = new Promise<true>((resolve) => (ring = () => resolve(true)));
    const waiter = { key, ring };
    this.#waiters.add(waiter);
    void this.#listen();
    if (this.#wakes === undefined && !this.#closed) await new Promise<void>((resolve) => this.#ready.push(resolve));
    return { rung, leave: () => void this.#waiters.delete(waiter) };
  }

  async #listen(): Promise<void> {
    if (this.#listening) return;
    this.#listening = true;
    while (!this.#closed && this.#watchers.size + this.#waiters.size > 0) {
      try {
        if (this.#wakes === undefined) {
          this.#wakes = await this.#lastWake();
          if (this.#failures > 0) this.#ringAll(); // much may have happened while nothing could be heard
        }
        this.#beReady();
        await this.#hear();
        this.#failures = 0;
      } catch {
        this.#wakes = undefined;
        this.#beReady(); // not ready at all, but whoever waits looks from time to time, too
        const pause = Math.min(SOONEST * 2 ** this.#failures++, LATEST);
        await within(this.#closing, pause, this.#clock, () => {});
      }
    }
    this.#listening = false;
  }

  #beReady(): void {
    const ready = this.#ready;
    this.#ready = [];
    for (const resolve of ready) resolve();
  }

  async #lastWake(): Promise<string> {
    const reply = listOf(await this.#ask(['XREVRANGE', this.#keyspace.wakes, '+', '-', 'COUNT', '1']));
    return reply.length === 0 ? '0-0' : textOf(listOf(reply[0])[0]);
  }

  /** Ask what is new, and wait until something is, or for a while. */
  async #hear(): Promise<void> {
    const { stream, wakes } = this.#keyspace;
    const of = this.#incarnation;
    const since = [of === '' ? '$' : `${this.#head}-0`, this.#wakes!];
    const reply = await this.#ask([
      'XREAD',
      'COUNT',
      '100',
      'BLOCK',
      String(BLOCK),
      'STREAMS',
      stream,
      wakes,
      ...since,
    ]);
    for (const [name, entries] of pairsOf(reply)) {
      const list = listOf(entries).map(listOf);
      if (list.length === 0) continue;
      const last = textOf(list[list.length - 1][0]);
      if (name === wakes) {
        this.#wakes = last;
        for (const [, fields] of list) this.#ring(textOf(listOf(fields)[1]));
      } else {
        if (of === this.#incarnation) this.#head = Math.max(this.#head, Number.parseInt(last, 10));
        this.#ringWatchers();
      }
    }
  }

  #ask(args: readonly string[]) {
    const late = () => Promise.reject(new Error('no answer'));
    return within(this.#connection.command(args, this.#keyspace.stream), BLOCK + SILENCE, this.#clock, late);
  }

  #ringWatchers(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #ring(key: string): void {
    for (const waiter of this.#waiters) if (waiter.key === key) waiter.ring();
  }

  #ringAll(): void {
    this.#ringWatchers();
    for (const waiter of this.#waiters) waiter.ring();
  }

  /** Wake who waits, and ask no more. */
  close(): void {
    this.#closed = true;
    this.#close();
    this.#watchers.clear();
    this.#beReady();
    this.#ringAll();
  }
}
