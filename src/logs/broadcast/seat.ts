/** The contract of a seat: of all who share a log at most one sits, and whoever sits can make sure of it. */

/** One participant's view of the seat. */
export interface Seat {
  /** True from being seated until it is known here that another has taken the seat. */
  readonly sitting: boolean;
  /**
   * Was this participant still the one who sits at some moment after the call? Once another has been seated it never is.
   */
  confirm(): Promise<boolean>;
  /** Take the seat from whoever has it: it doesn't answer. */
  seize(): void;
  /** Hear what another participant says on the channel. */
  hear(message: unknown): void;
  /** Get up, and want the seat no more. */
  leave(): void;
}

/** What a seat tells its participant. */
export interface SeatEvents {
  /** The seat was free, or seized: this participant sits. */
  readonly seated: () => void;
  /** Another has taken it. */
  readonly lost: () => void;
}
