/** How long the tests with real processes go on: a moment, or, with `SOAK=1`, ten times as long. */

const soaking = process.env['SOAK'] === '1';

/** So many, or ten times as many. */
export const often = (times: number): number => (soaking ? 10 * times : times);

/** A test's time limit in milliseconds: far beyond what it takes, so that only a hang reaches it. */
export const LIMIT: number = soaking ? 3_600_000 : 180_000;
