/** One of those who share a broadcast log: asks the keeper, or is it. */
import type { Clock } from '../../engine/clock.ts';
import type { Dependency } from '../../engine/dependency.ts';
import type { Mark } from '../../engine/entry.ts';
import { TidemarkError } from '../../engine/errors.ts';
import type { Change, ChangeLog, Page, Position, StampsAnswer } from '../../engine/log.ts';
import { LazyAbort } from '../../engine/lazy-abort.ts';
import type { Call } from '../../engine/store.ts';
import type { Answer, Message, Question } from './messages.ts';
import { messageOf } from './messages.ts';
import type { Seat, SeatEvents } from './seat.ts';

/** A change log over a channel. */
export interface BroadcastLog extends ChangeLog {
  readonly sync: false;
  append(change: Change, call: Call): Promise<Position>;
  position(call: Call): Promise<Position>;
  read(after: Mark, call: Call): Promise<Page>;
  stamps(dependencies: readonly Dependency[], call: Call): Promise<StampsAnswer>;
  watch(wake: () => void): () => void;
  /** Leave the channel. What is asked afterwards is refused with `closed`. Caches that use the log are closed before it. */
  close(): void;
}

/** What a participant works with. */
export interface ParticipantOptions {
  readonly me: string;
  readonly post: (message: Message) => void;
  readonly closeChannel: () => void;
  readonly seat: (events: SeatEvents) => Seat;
  /** A new log, in memory, of another incarnation than all before. */
  readonly newLog: () => ChangeLog;
  readonly clock: Clock;
  /** Milliseconds after which a keeper that hasn't answered loses its seat. */
  readonly patience: number;
}

interface Asked {
  readonly id: number;
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  stopWaiting: () => void;
}

/** A participant. */
export class Participant implements BroadcastLog {
  readonly sync = false;
  readonly #o: ParticipantOptions;
  readonly #seat: Seat;
  readonly #asked = new Map<number, Asked>();
  readonly #watchers = new Set<() => void>();
  #keeping: ChangeLog | undefined;
  #sure: Promise<boolean> | undefined;
  #ids = 0;
  #closed = false;

  constructor(options: ParticipantOptions) {
    this.#o = options;
    this.#seat = options.seat({ seated: () => this.#begin(), lost: () => this.#end() });
  }

  append(change: Change, call: Call): Promise<Position> {
    return this.#ask({ operation: 'append', names: change }, call);
  }

  position(call: Call): Promise<Position> {
    return this.#ask({ operation: 'position' }, call);
  }

  read(after: Mark, call: Call): Promise<Page> {
    return this.#ask({ operation: 'read', after }, call);
  }

  stamps(dependencies: readonly Dependency[], call: Call): Promise<StampsAnswer> {
    return this.#ask({ operation: 'stamps', names: dependencies }, call);
  }

  watch(wake: () => void): () => void {
    this.#watchers.add(wake);
    return () => this.#watchers.delete(wake);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#keeping = undefined;
    this.#seat.leave();
    this.#o.closeChannel();
    for (const { reject } of this.#asked.values()) reject(closed());
  }

  /** Hear what another participant says. */
  hear(heard: unknown): void {
    if (this.#closed) return;
    this.#seat.hear(heard);
    const message = messageOf(heard);
    if (message?.kind === 'ask') this.#answer(message.question, (answer) => this.#reply(message, answer));
    else if (message?.kind === 'answer' && message.to === this.#o.me)
      this.#asked.get(message.id)?.resolve(message.answer);
    else if (message?.kind === 'news') this.#wake();
    else if (message?.kind === 'seated') {
      this.#sayAll();
      this.#wake();
    }
  }

  /** This participant is the keeper: with a log that knows nothing of what was said to the keeper before it. */
  #begin(): void {
    this.#keeping = this.#o.newLog();
    this.#o.post({ kind: 'seated' });
    this.#sayAll();
    this.#wake();
  }

  #end(): void {
    this.#keeping = undefined;
    this.#sayAll();
  }

  #ask<A extends Answer>(question: Question, { signal }: Call): Promise<A> {
    if (this.#closed) return Promise.reject(closed());
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const id = ++this.#ids;
    const answered = new Promise<Answer>((resolve, reject) => {
      const asked: Asked = { id, question, resolve, reject, stopWaiting: () => {} };
      this.#asked.set(id, asked);
      this.#say(asked);
    });
    const abort = () => this.#asked.get(id)?.reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    return answered.finally(() => {
      signal.removeEventListener('abort', abort);
      this.#asked.get(id)!.stopWaiting();
      this.#asked.delete(id);
    }) as Promise<A>;
  }

  /** Say a question to the keeper, and wait no longer for the answer than patience allows. */
  #say(asked: Asked): void {
    this.#send(asked);
    this.#waitFor(asked);
  }

  #waitFor(asked: Asked): void {
    const half = this.#o.patience / 2;
    asked.stopWaiting();
    // Twice half the time: after a sleep of this participant itself the answer waits behind the first timer.
    asked.stopWaiting = this.#o.clock.after(half, () => {
      this.#send(asked);
      asked.stopWaiting = this.#o.clock.after(half, () => {
        this.#waitFor(asked);
        this.#seat.seize();
      });
    });
  }

  #send({ id, question, resolve }: Asked): void {
    if (this.#keeping) this.#answer(question, resolve);
    else this.#o.post({ kind: 'ask', from: this.#o.me, id, question });
  }

  #sayAll(): void {
    for (const asked of this.#asked.values()) this.#say(asked);
  }

  /** As the keeper, answer a question as soon as it is sure that this still was the keeper when it was asked. */
  #answer(question: Question, tell: (answer: Answer) => void): void {
    const log = this.#keeping;
    if (!log) return;
    const answer = answerOf(log, question);
    void this.#confirmed().then((sure) => {
      if (!sure || this.#keeping !== log) return; // whoever asks says it again to the next keeper
      tell(answer);
      if (question.operation !== 'append') return;
      this.#o.post({ kind: 'news' });
      this.#wake();
    });
  }

  /** One confirmation for all that is answered in one go. */
  #confirmed(): Promise<boolean> {
    return (this.#sure ??= Promise.resolve().then(() => {
      this.#sure = undefined;
      return this.#seat.confirm().catch(() => false);
    }));
  }

  #reply({ from, id }: { readonly from: string; readonly id: number }, answer: Answer): void {
    this.#o.post({ kind: 'answer', to: from, id, answer });
  }

  #wake(): void {
    for (const wake of this.#watchers) wake();
  }
}

/** A log in memory answers at once. */
function answerOf(log: ChangeLog, question: Question): Answer {
  const call: Call = new LazyAbort(); // nobody gives it up
  if (question.operation === 'append') return log.append(question.names, call) as Position;
  if (question.operation === 'read') return log.read(question.after, call) as Page;
  if (question.operation === 'stamps') return log.stamps(question.names, call) as StampsAnswer;
  return log.position(call) as Position;
}

function closed(): TidemarkError {
  return new TidemarkError('closed', 'the broadcast log is closed');
}
