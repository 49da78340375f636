/** How old a stored response is (RFC 9111 §4.2.3). */
import { MAX_SECONDS } from './cache-control.ts';
import { fieldList } from './field-list.ts';
import { parseHttpDate } from './http-date.ts';

/** When a response was asked for and when it came, in milliseconds since the epoch. */
export interface Times {
  readonly requestTime: number;
  readonly responseTime: number;
}

/** The seconds that an Age field states: its first member counts, and one that isn't a whole number says nothing. */
export function parseAge(value: string | null | undefined): number | undefined {
  const first = fieldList(value)[0] ?? '';
  return /^[0-9]+$/.test(first) ? Math.min(Number(first), MAX_SECONDS) : undefined;
}

/** The age of a response in seconds, with fractions, at `now`. */
export function currentAge(headers: Headers, { requestTime, responseTime }: Times, now: number): number {
  const date = parseHttpDate(headers.get('date'), responseTime) ?? responseTime;
  // Date has whole seconds: what is below one is no age.
  const apparent = Math.max(0, Math.floor((responseTime - date) / 1000));
  const corrected = (parseAge(headers.get('age')) ?? 0) + (responseTime - requestTime) / 1000;
  return Math.max(apparent, corrected) + Math.max(0, now - responseTime) / 1000;
}
