/**
 * A change log for the tabs of an origin, or the threads of a process: they talk over a `BroadcastChannel`, and no server
 * is needed.
 *
 * One participant, the *keeper*, holds the log in its memory; all operations are questions to it. It answers only after it
 * has made sure, later than the question was asked and the answer made, that it still was the keeper (`confirm` in
 * `broadcast/seat.ts`). So every answer is that of the one keeper there was at some moment between question and answer:
 * an acknowledged change is seen by every later read, by anyone, or that read is answered by a later keeper. A new keeper
 * begins a new log, of another incarnation, and all who follow drop what they hold: nothing is ever carried over, so
 * nothing can be lost on the way.
 *
 * - A keeper that is gone, or hasn't answered for `patience` (frozen, stopped, busy), is replaced. One that wakes up again
 *   answers nobody, itself included: it can't confirm.
 * - A lost, late, doubled or overtaken message costs time, or a change that is in the log twice.
 * - Which participant is the keeper is decided by a Web Lock, and then nothing rests on the channel but progress. Where
 *   there are no locks (Node before 24) it is decided on the channel itself; then that must hand each message to everyone,
 *   in the order in which they were posted, as Node's does.
 * - When the last participant is gone, the log is gone.
 */
import { type Clock, systemClock } from '../engine/clock.ts';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, duration, type Duration, nonEmptyText, positiveInteger } from '../engine/options.ts';
import { type OpenChannel, platformChannel } from './broadcast/channel.ts';
import { ChannelSeat } from './broadcast/channel-seat.ts';
import { type Locks, LockSeat, platformLocks } from './broadcast/lock-seat.ts';
import type { Message } from './broadcast/messages.ts';
import { type BroadcastLog, Participant } from './broadcast/participant.ts';
import { localLog, newIncarnation } from './local.ts';

export type { BroadcastLog } from './broadcast/participant.ts';
export type { Channel, OpenChannel } from './broadcast/channel.ts';
export type { Locks } from './broadcast/lock-seat.ts';

/** Options of {@link broadcastLog}. */
export interface BroadcastLogOptions {
  /** Who uses the same name shares the log. */
  readonly name: string;
  /** After how long a keeper that doesn't answer is replaced. Default 600 ms; keep it below the log's time limit, 1 second. */
  readonly patience?: Duration;
  /** How many changes are kept for followers to replay. Default 1,024. */
  readonly keep?: number;
  /** How many stamps are kept in a generation (two are held). Default 16,384. */
  readonly stamps?: number;
  /** Where messages go, who decides about the seat (`false`: the channel), and time; for tests. */
  readonly channel?: OpenChannel;
  readonly locks?: Locks | false;
  readonly clock?: Clock;
}

const NAMES: readonly (keyof BroadcastLogOptions)[] = [
  'name',
  'patience',
  'keep',
  'stamps',
  'channel',
  'locks',
  'clock',
];

/**
 * A change log that the tabs of an origin, or the threads of a process, share.
 *
 * @throws `bad_option` naming the option, or if there is no `BroadcastChannel` here.
 * @example
 * const cache = createCache({ log: broadcastLog({ name: 'shop' }) });
 */
export function broadcastLog(options: BroadcastLogOptions): BroadcastLog {
  const what = 'broadcastLog';
  checkOptions(what, options, NAMES);
  const { clock = systemClock, locks = platformLocks() } = options;
  const name = 'tidemark:log:1:' + nonEmptyText(`${what}: name`, options.name);
  const patience = duration(`${what}: patience`, options.patience ?? 600);
  if (!(patience >= 1 && patience < Infinity))
    throw new TidemarkError('bad_option', `${what}: patience must be at least 1 ms, and end`);
  const keep = positiveInteger(`${what}: keep`, options.keep ?? 1024);
  const stamps = positiveInteger(`${what}: stamps`, options.stamps ?? 16_384);

  const open = options.channel ?? platformChannel;
  const [channel, echo] = [open(name), locks ? undefined : open(name)];
  if (!channel) throw new TidemarkError('bad_option', 'broadcastLog: there is no BroadcastChannel here');
  const me = newIncarnation();
  const post = (message: Message) => channel.postMessage(message);
  const participant = new Participant({
    me,
    post,
    closeChannel: () => {
      channel.close();
      echo?.close();
    },
    seat: (events) =>
      locks ? new LockSeat(locks, name, events) : new ChannelSeat({ ...events, me, post, echo: echo!, clock }),
    newLog: () => localLog({ keep, stamps }),
    clock,
    patience,
  });
  channel.addEventListener('message', ({ data }) => participant.hear(data));
  return participant;
}
