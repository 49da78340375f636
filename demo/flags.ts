/** The demo's command line. */
import { parseArgs } from 'node:util';
import { Trouble } from './trouble.ts';

/** What the command line asks for. */
export interface Flags {
  readonly help: boolean;
  /** Stay up afterwards. */
  readonly serve: boolean;
  /** The port to serve on; 0 for any that is free. */
  readonly port: number;
  /** How many requests the load sends each way; 0 for none. */
  readonly requests: number;
  /** How many processes to show on one file; undefined for the story of one that restarts. */
  readonly processes: number | undefined;
  /** Show two processes on a Redis server that is killed and returns. */
  readonly redis: boolean;
  /** Show documents: a repository's history, undone and redone. */
  readonly documents: boolean;
  /** Show content: a site that is read, edited and published. */
  readonly content: boolean;
  /** Show builds: this repository's own tasks and those of 30 packages, kept and brought back. */
  readonly build: boolean;
}

/** The port of `--serve`, so that its address is the same each time. */
const SERVE_PORT = 4600;
const REQUESTS = 4_000;
const MOST_REQUESTS = 1_000_000;
const MOST_PROCESSES = 16;

export const HELP = `Usage: npm run demo -- [flags]

  --serve           keep the service up afterwards and print its address
  --port <number>   the port on 127.0.0.1; 0 takes any that is free
                    (default: ${SERVE_PORT} with --serve, otherwise 0)
  --requests <n>    how many requests the load sends each way, 0 for no load
                    (default: ${REQUESTS.toLocaleString('en')})
  --processes <n>   instead of all that: n processes on one file, from 2 to ${MOST_PROCESSES},
                    with one load for all of them
  --redis           instead of all that: two processes on a Redis server,
                    which is killed, returns empty, and stalls
  --documents       instead of all that: this repository's history as a
                    document, scrubbed, undone, redone, and read again
                    by another process
  --content         instead of all that: a site of posts and pages that is
                    read, edited and published
  --build           instead of all that: this repository's own builds and
                    those of 30 packages, kept, brought back, damaged
                    and killed
  --help            print this`;

/** Read the command line. Throws {@link Trouble} for anything that isn't in {@link HELP}. */
export function readFlags(args: readonly string[]): Flags {
  const { serve = false, help = false, redis = false, ...given } = parsed(args);
  const { documents = false, content = false, build = false, port, requests, processes } = given;
  const stories = { documents, content, build };
  for (const [alone, asked] of Object.entries(stories))
    for (const [flag, value] of Object.entries({ serve, redis, port, requests, processes, ...stories }))
      if (asked && flag !== alone && value !== undefined && value !== false)
        throw new Trouble(`--${flag} doesn't go with --${alone}.`);
  for (const [flag, value] of Object.entries({ port, requests, processes })) {
    if (value === undefined) continue;
    if (redis) throw new Trouble(`--${flag} doesn't go with --redis.`);
    if (processes !== undefined && flag !== 'processes') throw new Trouble(`--${flag} doesn't go with --processes.`);
  }
  return {
    help,
    serve,
    port: port === undefined ? (serve ? SERVE_PORT : 0) : wholeNumber('--port', port, 0, 65_535),
    requests: requests === undefined ? REQUESTS : wholeNumber('--requests', requests, 0, MOST_REQUESTS),
    processes: processes === undefined ? undefined : wholeNumber('--processes', processes, 2, MOST_PROCESSES),
    redis,
    documents,
    content,
    build,
  };
}

function parsed(args: readonly string[]): {
  readonly serve?: boolean;
  readonly help?: boolean;
  readonly port?: string;
  readonly requests?: string;
  readonly processes?: string;
  readonly redis?: boolean;
  readonly documents?: boolean;
  readonly content?: boolean;
  readonly build?: boolean;
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        serve: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        port: { type: 'string' },
        requests: { type: 'string' },
        processes: { type: 'string' },
        redis: { type: 'boolean' },
        documents: { type: 'boolean' },
        content: { type: 'boolean' },
        build: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    const [first] = (error as Error).message.split(/\. |\n/);
    throw new Trouble(`${first}. See --help for the flags that there are.`, error);
  }
}

function wholeNumber(flag: string, given: string, least: number, most: number): number {
  if (!/^\d{1,7}$/.test(given) || Number(given) < least || Number(given) > most)
    throw new Trouble(`${flag} takes a whole number from ${least} to ${most}, not '${given}'.`);
  return Number(given);
}
