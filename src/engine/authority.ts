/** The one log that a cache believes: saying changes to it, following it, and asking it. */
import type { Backend } from './backend.ts';
import type { Clock } from './clock.ts';
import type { Dependency, Names } from './dependency.ts';
import type { Mark } from './entry.ts';
import type { Emitter, Reach } from './events.ts';
import { FAILED, type Guard } from './guard.ts';
import type { Change, ChangeLog, Page, Position } from './log.ts';
import { isPromise, type MaybePromise, andThen } from './maybe.ts';
import { Outbox } from './outbox.ts';
import type { Recorder } from './recorder.ts';
import type { Recalled, Stamps } from './stamps.ts';
import type { Stored } from './store.ts';

/** How a change ended: its mark, and whether the log knows of it. Without a mark it waits in the outbox. */
export interface ChangeResult {
  readonly mark: Mark | undefined;
  readonly reach: Reach;
}

/** What an authority works with. */
export interface AuthorityOptions {
  readonly log: ChangeLog;
  /** Where the log lives together with a store, if it does. */
  readonly backend: Backend | undefined;
  /** Between the cache and the log. */
  readonly guard: Guard;
  readonly stamps: Stamps;
  /** Between the cache and the mirror of the log in one of its tiers, if one has any. */
  readonly recorder: Recorder | undefined;
  readonly names: Names;
  readonly clock: Clock;
  readonly events: Emitter;
  /** Forget everything that live shelves hold. */
  readonly drop: () => void;
  /** Something that closing has to wait for. */
  readonly track: (work: Promise<unknown>) => void;
}

const POLL = 1000;

/** A cache's connection to its change log. */
export class Authority {
  readonly #o: AuthorityOptions;
  readonly #outbox: Outbox;
  readonly #stopWatching: (() => void) | undefined;
  #stopPolling: (() => void) | undefined;
  #pulling: Promise<boolean> | undefined;
  #next: Promise<boolean> | undefined;
  #saying = 0;
  #heard = -Infinity;
  // How often a log has been joined: an answer asked for before the latest time may be of a log that has been left.
  #joins = 0;
  #remembered: Position | undefined; // where the mirror ended when it was asked last
  #closed = false;

  constructor(options: AuthorityOptions) {
    this.#o = options;
    this.#outbox = new Outbox(options.stamps, options.clock, options.names.prefix([]), (change) =>
      this.#say(change, []),
    );
    void this.pull();
    this.#stopWatching = options.log.watch?.(() => {
      if (this.#saying === 0 || !options.log.sync) void this.pull();
    });
    if (!options.log.sync || options.log.pollEvery !== undefined) this.#poll();
  }

  /** Milliseconds since the epoch at which the log last answered; -Infinity if it never did. */
  get heard(): number {
    return this.#heard;
  }

  /** Say a change to the log, together with the records that it brings, and apply it here. */
  change(change: Change, records: readonly Stored[]): MaybePromise<ChangeResult> {
    const said = this.#say(change, records);
    if (isPromise(said)) this.#o.track(said);
    return andThen(said, (mark) => {
      const result: ChangeResult = { mark, reach: mark === undefined ? 'local' : 'everywhere' };
      if (mark === undefined) this.#outbox.add(change);
      if (this.#o.events.has('change')) this.#o.events.emit('change', { dependencies: change, ...result });
      return result;
    });
  }

  #say(change: Change, records: readonly Stored[]): MaybePromise<Mark | undefined> {
    const { log, backend, guard, stamps } = this.#o;
    if (log.sync) this.#saying++; // a wake-up by what answers at once would come in the middle of this
    const said = guard.attempt('append', (call) =>
      backend && records.length > 0 ? backend.commit(change, records, call) : log.append(change, call),
    );
    if (log.sync) this.#saying--;
    const joins = this.#joins;
    return andThen(said, (position) => {
      if (position === FAILED) return undefined;
      this.#heard = this.#o.clock.now();
      if (!stamps.following || position.incarnation !== stamps.incarnation) {
        if (joins !== this.#joins) return undefined; // said to a log that has been left meanwhile: not said
        this.#join(position);
      }
      stamps.apply(position.head, change);
      if (position.head === stamps.applied + 1) this.#advance(position.head, change);
      const caughtUp = position.head > stamps.applied ? this.pull() : true;
      if (stamps.joined) return position.head;
      // What it brings is kept only once all is known that came before; and not if the log has been left meanwhile.
      return andThen(caughtUp, () => (stamps.incarnation === position.incarnation ? position.head : undefined));
    });
  }

  /**
   * Learn what is new in the log; false if it doesn't answer. One pull at a time: all who ask during one share the next,
   * which begins when it has ended, so that everything appended before the asking is known afterwards.
   */
  pull(): MaybePromise<boolean> {
    if (this.#closed) return false;
    if (this.#pulling) {
      this.#next ??= this.#pulling.then(() => {
        this.#next = undefined;
        return this.pull();
      });
      return this.#next;
    }
    const done = this.#o.stamps.following ? this.#pullUpTo(0) : this.#pullFirst();
    if (isPromise(done)) this.#pulling = done;
    return done;
  }

  /**
   * Learn at once what others have said, if the log can be asked at once and others can say something to it. Called about
   * once a millisecond by whoever reads, so that nobody there has to wait for the next poll.
   */
  glance(): void {
    const { log } = this.#o;
    if (log.sync && log.pollEvery !== undefined) void this.pull();
  }

  /** As long as no log has been joined: begin where the mirror ends, if there is one. */
  #pullFirst(): MaybePromise<boolean> {
    return andThen(this.#o.recorder?.position(), (position) => {
      this.#remembered = position;
      return this.#pullUpTo(0);
    });
  }

  /** Read page by page up to the head that the first page tells. */
  #pullUpTo(target: Mark): MaybePromise<boolean> {
    const { log, guard, stamps } = this.#o;
    const joins = this.#joins;
    const after = stamps.following ? stamps.applied : this.#remembered?.head;
    const page = guard.attempt<Page | Position>('read', (call) =>
      after === undefined ? log.position(call) : log.read(after, call),
    );
    return andThen(page, (answer) => {
      if (answer !== FAILED) {
        this.#heard = this.#o.clock.now();
        const late = joins !== this.#joins && answer.incarnation !== stamps.incarnation; // of a log that has been left
        if (!late) this.#take(answer);
        void this.#outbox.flush();
        // The first page's head, unless that was told by a log that has been left.
        const until = late ? 0 : (joins === this.#joins && target) || answer.head;
        if ((late || stamps.applied < until) && !this.#closed) return this.#pullUpTo(until);
      }
      this.#pulling = undefined; // in the same moment: who asks from now on isn't answered by this pull
      return answer !== FAILED;
    });
  }

  #take(answer: Page | Position): void {
    const { stamps } = this.#o;
    if (!stamps.following || answer.incarnation !== stamps.incarnation) {
      this.#join(answer);
      if (stamps.joined) return;
    }
    if (!('complete' in answer)) return;
    if (answer.complete > stamps.applied) {
      const head = Math.max(answer.head, stamps.known); // never back behind what has been said here meanwhile
      return this.#join({ ...answer, head }, 'missed');
    }
    for (const { mark, change } of answer.changes) {
      if (mark <= stamps.applied) continue;
      stamps.apply(mark, change);
      this.#advance(mark, change);
    }
  }

  /** A change has been applied, and all before it have been, too. */
  #advance(mark: Mark, change: Change): void {
    this.#o.stamps.advance(mark);
    this.#o.recorder?.add(mark, change);
  }

  /**
   * Begin at the log's present position, or, for the first time, where a mirror of this very log ends; then all that came
   * since is read before anything is vouched for. What was held from before is dropped: nobody can vouch for it.
   */
  #join(position: Position, reason: 'missed' | 'incarnation' = 'incarnation'): void {
    const { stamps, recorder, drop, events } = this.#o;
    const anew = stamps.joined;
    const { incarnation, head } = this.#remembered ?? position;
    const resumes = !stamps.following && incarnation === position.incarnation && head <= position.head;
    const start = resumes ? { incarnation, head } : position;
    this.#joins++;
    drop();
    stamps.join(start, position.head);
    recorder?.begin(start);
    if (anew) events.emit('gap', { reason });
  }

  /**
   * What a mirror knows of dependencies whose stamps this process no longer knows, for an entry of the mark `after`;
   * undefined if there is no mirror that reaches back so far and answers.
   */
  recall(dependencies: readonly Dependency[], after: Mark): MaybePromise<Recalled | undefined> {
    return this.#o.recorder?.recall(dependencies, after);
  }

  /** Ask for the stamps of dependencies that this process no longer knows; false if the log doesn't answer. */
  learn(dependencies: readonly Dependency[]): MaybePromise<boolean> {
    const { log, guard, stamps } = this.#o;
    const incarnation = stamps.incarnation;
    return andThen(
      guard.attempt('stamps', (call) => log.stamps(dependencies, call)),
      (answer) => {
        if (answer === FAILED || answer.incarnation !== incarnation || incarnation !== stamps.incarnation) return false;
        if (answer.head < stamps.size.floor) return false; // older than what has been applied and forgotten meanwhile
        dependencies.forEach((dependency, i) => stamps.learn(dependency, answer.stamps[i]));
        return true;
      },
    );
  }

  #poll(): void {
    if (this.#closed) return;
    this.#stopPolling = this.#o.clock.after(this.#o.log.pollEvery ?? POLL, () => {
      this.#poll();
      void this.pull();
    });
  }

  /** Say what waits, once more, and stop following. */
  async close(): Promise<void> {
    await this.#outbox.close();
    this.#closed = true;
    this.#stopWatching?.();
    this.#stopPolling?.();
    await this.#pulling;
    await this.#o.recorder?.close();
  }
}
