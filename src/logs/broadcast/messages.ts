/** What the participants of a broadcast log say to each other. */
import type { Dependency } from '../../engine/dependency.ts';
import type { Mark } from '../../engine/entry.ts';
import type { Page, Position, StampsAnswer } from '../../engine/log.ts';

/** An operation of the log, as it is asked of the keeper. */
export type Question =
  | { readonly operation: 'append' | 'stamps'; readonly names: readonly Dependency[] }
  | { readonly operation: 'position' }
  | { readonly operation: 'read'; readonly after: Mark };

/** What the keeper says to it. */
export type Answer = Position | Page | StampsAnswer;

/** A message. `from`, `to` are participants, `id` is a question's or an echo's number at its sender. */
export type Message =
  /** To the keeper, whoever that is. */
  | { readonly kind: 'ask'; readonly from: string; readonly id: number; readonly question: Question }
  | { readonly kind: 'answer'; readonly to: string; readonly id: number; readonly answer: Answer }
  /** There is a new change. */
  | { readonly kind: 'news' }
  /** There is a new keeper, with a new log. */
  | { readonly kind: 'seated' }
  /** Of the seat by word of mouth: does anyone sit? I do, or am about to. I did. A message to oneself. */
  | { readonly kind: 'hello'; readonly from: string }
  | { readonly kind: 'here'; readonly to: string }
  | { readonly kind: 'left' }
  | { readonly kind: 'echo'; readonly to: string; readonly id: number };

/** A message as it was heard; undefined for anything that isn't one. */
export function messageOf(heard: unknown): Message | undefined {
  return typeof heard === 'object' && heard !== null && 'kind' in heard ? (heard as Message) : undefined;
}
