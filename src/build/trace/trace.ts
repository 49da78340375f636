/** Watching a command: what the rest of the build cache needs of it. */
export { type Observed, readTrace, type TracePlace } from './read-trace.ts';
export { TRACED_ENVIRONMENT, tracedCommand, whyNoTrace } from './strace.ts';
