/** What is known of a stream of writes to whoever reads beside it. */

/** The name that the rows are written under. */
export const STREAMER = 'streamer';
/** How many rows are written at once; those of the first batch are there from the beginning. */
export const BATCH = 400;
/** How many rows there are before the first ones are written again. */
export const ROUND = 4000;
