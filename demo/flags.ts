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
}

/** The port of `--serve`, so that its address is the same each time. */
const SERVE_PORT = 4600;
const REQUESTS = 4_000;
const MOST_REQUESTS = 1_000_000;

export const HELP = `Usage: npm run demo -- [flags]

  --serve           keep the service up afterwards and print its address
  --port <number>   the port on 127.0.0.1; 0 takes any that is free
                    (default: ${SERVE_PORT} with --serve, otherwise 0)
  --requests <n>    how many requests the load sends each way, 0 for no load
                    (default: ${REQUESTS.toLocaleString('en')})
  --help            print this`;

/** Read the command line. Throws {@link Trouble} for anything that isn't in {@link HELP}. */
export function readFlags(args: readonly string[]): Flags {
  const { serve = false, help = false, port, requests } = parsed(args);
  return {
    help,
    serve,
    port: wholeNumber('--port', port, serve ? SERVE_PORT : 0, 65_535),
    requests: wholeNumber('--requests', requests, REQUESTS, MOST_REQUESTS),
  };
}

function parsed(args: readonly string[]): {
  readonly serve?: boolean;
  readonly help?: boolean;
  readonly port?: string;
  readonly requests?: string;
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        serve: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        port: { type: 'string' },
        requests: { type: 'string' },
      },
    }).values;
  } catch (error) {
    const [first] = (error as Error).message.split(/\. |\n/);
    throw new Trouble(`${first}. See --help for the flags that there are.`, error);
  }
}

function wholeNumber(flag: string, given: string | undefined, otherwise: number, most: number): number {
  if (given === undefined) return otherwise;
  if (!/^\d{1,7}$/.test(given) || Number(given) > most)
    throw new Trouble(`${flag} takes a whole number from 0 to ${most}, not '${given}'.`);
  return Number(given);
}
