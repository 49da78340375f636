/** The one log that a cache believes: saying changes to it, following it, and asking it. */
import type { Backend } from './backend.ts';
import { Batch } from './batch.ts';
import type { Clock } from './clock.ts';
import { Delays } from './delays.ts';
import type { Dependency, Names } from './dependency.ts';
import type { Mark } from './entry.ts';
import type { Emitter, Reach } from './events.ts';
import { TidemarkError } from './errors.ts';
import { FAILED, type Guard } from './guard.ts';
import { describe } from './key.ts';
import type { Change, ChangeLog, Page, Position } from './log.ts';
import { isPromise, type MaybePromise, andThen } from './maybe.ts';
import { Outbox } from './outbox.ts';
import type { Recorder } from './recorder.ts';
import { Silence } from './silence.ts';
import type { Recalled, Stamps } from './stamps.ts';
import type { Stored } from './store.ts';
import { leftOf, within } from './wait.ts';

/** How a change ended: its mark, and whether the log knows of it. Without a mark it waits in the outbox. */
export interface ChangeResult {
  readonly mark: Mark | undefined;
  readonly reach: Reach;
}

/** How a change ended, and the incarnation of the log that its mark belongs to, if it has one. */
export interface Saying {
  readonly result: ChangeResult;
  readonly incarnation: string | undefined;
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
  /** Milliseconds that the log may be silent before what is held is dropped. */
  readonly maxSilence: number;
  /** Milliseconds that one who asks for news waits for another's asking. */
  readonly joinTimeout: number;
  /** `with reads`: no timer, and nothing before the first read. */
  readonly follows: 'always' | 'with reads';
  /** Forget everything that live shelves hold. */
  readonly drop: () => void;
  /** Something that closing has to wait for. */
  readonly track: (work: Promise<unknown>) => void;
}

/** How the log is asked: `insist` means also while the breaker is open. */
type Asking = 'attempt' | 'insist';

const POLL = 1000;
const BACK = 5000; // changes read again by a process that starts
const MOST_ASKED = 100; // entries whose dependencies are asked for at once

/** A cache's connection to its change log. */
export class Authority {
  readonly #o: AuthorityOptions;
  readonly #outbox: Outbox;
  readonly #stopWatching: (() => void) | undefined;
  #stopPolling: (() => void) | undefined;
  #pulling: Promise<boolean> | undefined;
  #pullsBegun = 0;
  #lastPull = { number: 0, answered: false };
  #pullingSince = -Infinity;
  #saying = 0;
  readonly delays: Delays = new Delays();
  // What the reads of a tick have to ask for is asked at once.
  readonly #asked = new Batch<readonly Dependency[], boolean>(MOST_ASKED, (lists) =>
    andThen(this.#learn([...new Set(lists.flat())]), (answered) => lists.map(() => answered)),
  );
  readonly #silence: Silence;
  // How often a log has been joined: an answer asked for before the latest time may be of a log that has been left.
  #joins = 0;
  #remembered: Position | undefined; // where the mirror ended when it was asked last
  #closed = false;

  constructor(options: AuthorityOptions) {
    this.#o = options;
    this.#silence = new Silence(options.clock, options.maxSilence, options.log.pollEvery ?? POLL);
    const say = (change: Change) => andThen(this.#say(change, []), (position) => position?.head);
    const { stamps, clock, names, joinTimeout, track, follows } = options;
    const keepAlive = follows === 'with reads' ? track : undefined;
    this.#outbox = new Outbox(stamps, clock, names.prefix([]), say, joinTimeout, keepAlive);
    const { log } = options;
    if (follows === 'always') void this.pull();
    // Of a synchronous log a cache hears in no other way; and it wakes in the request of whoever appends.
    if (follows === 'always' || log.sync)
      this.#stopWatching = log.watch?.(() => {
        if (this.#saying === 0 || !log.sync) void this.pull();
      });
    if (follows === 'always' && this.#canBeSilent) this.#poll();
  }

  /** Nobody else can say anything to a log that answers at once and needs no asking. */
  get #canBeSilent(): boolean {
    const { log } = this.#o;
    return !log.sync || log.pollEvery !== undefined;
  }

  /** Milliseconds since the moment up to which everything in the log is known; `Infinity` if it was never heard. */
  get silentFor(): number {
    return this.#silence.length;
  }

  /** True while the log has been silent for longer than the bound: nothing that was held before is vouched for. */
  get silent(): boolean {
    return this.#silence.tooLong;
  }

  /** Say a change to the log, together with the records that it brings, and apply it here. */
  change(change: Change, records: readonly Stored[]): MaybePromise<ChangeResult> {
    return andThen(this.say(change, records), ({ result }) => result);
  }

  /** The same, and which log gave the mark: by the time that one hears of it this cache may follow another. */
  say(change: Change, records: readonly Stored[]): MaybePromise<Saying> {
    const said = this.#say(change, records);
    if (!isPromise(said)) return this.#said(change, said);
    const done = said.then((position) => this.#said(change, position));
    this.#o.track(done);
    return done;
  }

  #said(change: Change, position: Position | undefined): Saying {
    const mark = position?.head;
    const result: ChangeResult = { mark, reach: mark === undefined ? 'local' : 'everywhere' };
    if (mark === undefined) this.#outbox.add(change);
    if (this.#o.events.has('change')) this.#o.events.emit('change', { dependencies: change, ...result });
    return { result, incarnation: position?.incarnation };
  }

  /**
   * A transaction has ended in which a change was said: learn of it, or distrust what it names until the log answers again.
   * Of one that has been committed the log must know by now something newer than `since`, the mark applied when it was first
   * said: if it doesn't, the transaction was of another database than the log's, and the change is said by itself.
   */
  async ended(change: Change, how: 'committed' | 'somehow', since: Mark): Promise<ChangeResult> {
    const { stamps } = this.#o;
    if (!(await this.pull()) || !stamps.joined) {
      if (change.length > 0) this.#outbox.add(change); // said once more is said without harm
      return { mark: undefined, reach: 'local' };
    }
    const missing = how === 'committed' ? change.filter((name) => !stamps.hasChangedSince(since, name)) : [];
    return missing.length > 0 ? this.change(missing, []) : { mark: stamps.applied, reach: 'everywhere' };
  }

  #say(change: Change, records: readonly Stored[]): MaybePromise<Position | undefined> {
    const { sync } = this.#o.log;
    const asked = this.#o.clock.now();
    if (sync) this.#saying++; // a wake-up by what answers at once would come in the middle of this
    const appended = this.#append(change, records);
    if (sync) this.#saying--;
    const joins = this.#joins;
    return isPromise(appended)
      ? appended.then((position) => this.#appended(change, position, asked, joins))
      : this.#appended(change, appended, asked, joins);
  }

  #append(change: Change, records: readonly Stored[]): MaybePromise<Position | typeof FAILED> {
    const { log, backend, guard } = this.#o;
    return guard.attempt('append', (call) =>
      records.length > 0 && backend?.commit ? backend.commit(change, records, call) : log.append(change, call),
    );
  }

  /** `asked` and `joins`: the time when the change was said, and how often a log had been joined by then. */
  #appended(
    change: Change,
    position: Position | typeof FAILED,
    asked: number,
    joins: number,
  ): MaybePromise<Position | undefined> {
    const { stamps } = this.#o;
    if (position === FAILED) return undefined;
    if (!stamps.following || position.incarnation !== stamps.incarnation) {
      if (joins !== this.#joins) return undefined; // said to a log that has been left meanwhile: not said
      this.#join(position);
    }
    stamps.apply(position.head, change);
    if (position.head === stamps.applied + 1) this.#advance(position.head, change);
    const behind = position.head > stamps.applied;
    if (!behind) this.#heard(asked);
    const caughtUp = behind ? this.pull() : true;
    if (stamps.joined) return position;
    // What it brings is kept only once all is known that came before; and not if the log has been left meanwhile.
    return andThen(caughtUp, () => (stamps.incarnation === position.incarnation ? position : undefined));
  }

  /**
   * Learn what is new in the log; false if it doesn't answer. One pull at a time: all who ask during one share the next,
   * which begins when it has ended, so that everything appended before the asking is known afterwards. To `insist` is to ask
   * also while the breaker is open.
   */
  pull(how: Asking = 'attempt'): MaybePromise<boolean> {
    if (this.#closed) return false;
    if (this.#pulling) return this.#pullNext(how);
    const number = ++this.#pullsBegun;
    const done = this.#o.stamps.following ? this.#pullUpTo(how) : this.#pullFirst(how);
    if (isPromise(done)) {
      this.#pulling = done;
      this.#pullingSince = this.#o.clock.now();
      void done.then((answered) => (this.#lastPull = { number, answered }));
    }
    return done;
  }

  /** Wait until a pull has ended that begins from now on: whoever of those who wait goes on first begins it. */
  async #pullNext(how: Asking): Promise<boolean> {
    const { clock, joinTimeout } = this.#o;
    const wanted = this.#pullsBegun + 1;
    for (;;) {
      const running = this.#pulling ?? this.pull(how);
      if (!isPromise(running)) return running;
      const gone = () => {
        if (this.#pulling === running) this.#pulling = undefined; // it ended with the request that began it
        return false;
      };
      await within(running, leftOf(joinTimeout, this.#pullingSince, clock), clock, gone);
      if (this.#lastPull.number >= wanted) return this.#lastPull.answered;
    }
  }

  /**
   * Learn at once what others have said, if the log can be asked at once and others can say something to it. Called about
   * once a millisecond by whoever reads, so that nobody there has to wait for the next poll.
   */
  glance(): void {
    if (!this.#canBeSilent) return;
    if (this.#o.log.sync) void this.pull();
    else if (this.#o.follows === 'with reads') this.#followInBackground();
    this.#checkSilence();
  }

  /** Ask for news if it is time to, without waiting for them. */
  #followInBackground(): void {
    const { log, clock, track, joinTimeout } = this.#o;
    const since = Math.abs(clock.now() - this.#pullingSince); // a clock may be set back
    if (since < (this.#pulling ? joinTimeout : (log.pollEvery ?? POLL))) return;
    track(Promise.resolve(this.pull('insist')));
  }

  /** Too long a silence: nothing is vouched for until the log has been asked once more. */
  #checkSilence(): void {
    if (!this.#closed && this.#silence.notice()) this.#o.stamps.doubt();
  }

  /** It has been asked, and didn't answer: what is doubted is given up. */
  #giveUp(): void {
    const { stamps, drop, events } = this.#o;
    if (!stamps.doubted) return;
    drop();
    stamps.trust();
    if (stamps.joined) events.emit('gap', { reason: 'silence' });
  }

  #heard(at: number): void {
    this.#silence.heard(at);
    this.#o.stamps.trust();
  }

  /** How much of the log is known here, for another process to {@link Authority.catchUp} with. */
  get bookmark(): string {
    const { known, incarnation } = this.#o.stamps;
    return `${known}.${incarnation}`;
  }

  /**
   * Know at least what a bookmark's maker knew. False if that would have to be asked of the log and it doesn't answer: then
   * nothing is vouched for any more. Throws `bad_option` for what is no bookmark.
   */
  async catchUp(bookmark: string): Promise<boolean> {
    const { stamps } = this.#o;
    const [, mark, incarnation] = /^(\d{1,15})\.(.{0,200})$/s.exec(bookmark) ?? [];
    if (mark === undefined)
      throw new TidemarkError(
        'bad_option',
        `catchUp: a bookmark is what cache.bookmark() gave, not ${describe(bookmark)}`,
      );
    if (!this.silent && stamps.joined && incarnation === stamps.incarnation && stamps.applied >= Number(mark))
      return true;
    if ((await this.pull()) && stamps.joined) return true;
    this.#silence.lapse();
    stamps.doubt();
    this.#giveUp();
    return false;
  }

  /**
   * As long as no log has been joined: begin where the mirror ends, if there is one; otherwise some way back in a log that
   * has to be waited for, so that what it changed lately needn't be asked for entry by entry.
   */
  #pullFirst(how: Asking): MaybePromise<boolean> {
    const { log, guard, recorder } = this.#o;
    return andThen(recorder?.position(), (remembered) => {
      this.#remembered = remembered;
      if (remembered || log.sync) return this.#pullUpTo(how);
      return andThen(
        guard[how]('position', (call) => log.position(call)),
        (now) => {
          if (now === FAILED) return ((this.#pulling = undefined), false);
          this.#remembered = { ...now, head: Math.max(0, now.head - BACK) };
          return this.#pullUpTo(how);
        },
      );
    });
  }

  /** Read page by page up to the head that the first page tells. */
  #pullUpTo(how: Asking, target: Mark = 0, since: number = this.#o.clock.now()): MaybePromise<boolean> {
    const { log, guard, stamps, clock } = this.#o;
    const joins = this.#joins;
    const asked = { at: clock.now(), applied: stamps.applied };
    const after = stamps.following ? stamps.applied : this.#remembered?.head;
    const page = guard[how]<Page | Position>('read', (call) =>
      after === undefined ? log.position(call) : log.read(after, call),
    );
    return andThen(page, (answer) => {
      if (answer !== FAILED) {
        const late = joins !== this.#joins && answer.incarnation !== stamps.incarnation; // of a log that has been left
        if (!late) this.#take(answer, asked);
        void this.#outbox.flush();
        // The first page's head, unless that was told by a log that has been left.
        const until = late ? 0 : (joins === this.#joins && target) || answer.head;
        if ((late || stamps.applied < until) && !this.#closed)
          return this.#pullUpTo(how, until, late ? undefined : since);
        this.#heard(since);
      } else this.#giveUp();
      this.#pulling = undefined; // in the same moment: who asks from now on isn't answered by this pull
      return answer !== FAILED;
    });
  }

  #take(answer: Page | Position, asked: { readonly at: number; readonly applied: Mark }): void {
    const { stamps } = this.#o;
    if (!stamps.following || answer.incarnation !== stamps.incarnation) {
      this.#join(answer);
      if (stamps.joined) return;
    } else if (answer.head < asked.applied) return this.#join(answer, 'missed'); // an older copy of the log answers
    if (!('complete' in answer)) return;
    // Asked by a mark of another incarnation a log may answer beyond its own head.
    const complete = Math.min(answer.complete, answer.head);
    if (complete > stamps.applied) {
      // From here on all is there; but nothing is vouched for before what has been said here meanwhile.
      this.#join({ ...answer, head: complete }, 'missed', Math.max(answer.head, stamps.known));
    }
    const back = Math.max(0, this.#o.clock.now() - asked.at); // a clock may be set back
    for (const { mark, change, at } of answer.changes) {
      if (mark <= stamps.applied) continue;
      if (at !== undefined && answer.at !== undefined && stamps.joined)
        this.delays.add(Math.max(0, answer.at - at) + back);
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
  #join(position: Position, reason: 'missed' | 'incarnation' = 'incarnation', upTo: Mark = position.head): void {
    const { stamps, recorder, drop, events } = this.#o;
    const anew = stamps.joined;
    const { incarnation, head } = this.#remembered ?? position;
    const resumes = !stamps.following && incarnation === position.incarnation && head <= position.head;
    const start = resumes ? { incarnation, head } : position;
    this.#joins++;
    drop();
    stamps.join(start, upTo);
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
    return this.#o.log.sync ? this.#learn(dependencies) : this.#asked.ask(dependencies);
  }

  #learn(dependencies: readonly Dependency[]): MaybePromise<boolean> {
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
      this.#silence.endRound();
      this.#checkSilence();
      void this.pull('insist'); // nobody waits for it, so this is what finds out that the log is back
    });
  }

  /** Say what waits, once more, and stop following. */
  async close(): Promise<void> {
    await this.#outbox.close();
    this.#closed = true;
    this.#stopWatching?.();
    this.#stopPolling?.();
    if (this.#pulling) await within(this.#pulling, this.#o.joinTimeout, this.#o.clock, () => false);
    await this.#o.recorder?.close();
  }
}
