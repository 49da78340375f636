/** Where the log in a database stands, as one row. */
import type { Mark } from '../../engine/entry.ts';
import { newIncarnation } from '../../logs/local.ts';

/** Where the log stands and what its stamps reach back to. */
export interface Standing {
  readonly incarnation: string;
  head: Mark;
  floor: Mark;
  /** Which of the two tables of stamps is the young one, how many it has, and the newest mark in each. */
  young: 0 | 1;
  youngCount: number;
  youngNewest: Mark;
  oldNewest: Mark;
  newestRule: Mark;
}

/** A log that begins. */
export function newStanding(): Standing {
  return {
    incarnation: newIncarnation(),
    head: 0,
    floor: 0,
    young: 0,
    youngCount: 0,
    youngNewest: 0,
    oldNewest: 0,
    newestRule: 0,
  };
}
