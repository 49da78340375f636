/** Dates as HTTP writes them (RFC 9110 §5.6.7): one form to write, three to read, and nothing else. */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH = MONTHS.join('|');
const TIME = '([0-9]{2}):([0-9]{2}):([0-9]{2})';

const IMF_FIXDATE = new RegExp(`^(?:mon|tue|wed|thu|fri|sat|sun), ([0-9]{2}) (${MONTH}) ([0-9]{4}) ${TIME} gmt$`, 'i');
const RFC_850 = new RegExp(
  `^(?:mon|tues|wednes|thurs|fri|satur|sun)day, ([0-9]{2})-(${MONTH})-([0-9]{2}) ${TIME} gmt$`,
  'i',
);
const ASCTIME = new RegExp(`^(?:mon|tue|wed|thu|fri|sat|sun) (${MONTH}) ([ 0-9][0-9]) ${TIME} ([0-9]{4})$`, 'i');

/**
 * Milliseconds since the epoch, or `undefined` for what isn't a date of HTTP. `now`, in milliseconds, decides the century
 * of a year of two digits: one that would be more than fifty years ahead is past.
 */
export function parseHttpDate(value: string | null | undefined, now: number): number | undefined {
  const text = (value ?? '').trim();
  let match = IMF_FIXDATE.exec(text);
  if (match) return instant(Number(match[3]), match[2], match[1], match.slice(4));
  match = RFC_850.exec(text);
  if (match) return instant(fullYear(Number(match[3]), now), match[2], match[1], match.slice(4));
  match = ASCTIME.exec(text);
  if (match) return instant(Number(match[6]), match[1], match[2], match.slice(3, 6));
  return undefined;
}

/** A time in milliseconds since the epoch as HTTP writes it; what is below a second is cut off. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

function fullYear(twoDigits: number, now: number): number {
  const present = new Date(now).getUTCFullYear();
  const year = present - (present % 100) + twoDigits;
  return year > present + 50 ? year - 100 : year;
}

function instant(year: number, month: string, day: string, time: readonly string[]): number | undefined {
  const [hours, minutes, seconds] = time.map(Number);
  const date = Number(day);
  const index = MONTHS.indexOf(month.toLowerCase());
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const ms = Date.UTC(year, index, date, hours, minutes, seconds);
  return date >= 1 && date <= new Date(Date.UTC(year, index + 1, 0)).getUTCDate() ? ms : undefined;
}
