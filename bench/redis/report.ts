/** What was measured over Redis, as tables for the terminal and as a page of the documentation. */
import { cpus } from 'node:os';
import { time } from '../rounds.ts';
import type { Table } from '../table.ts';
import type { Delay } from './delays.ts';
import type { Speed, Spread } from './in-turns.ts';
import type { Seen } from './run-scenarios.ts';

/** Everything that one run measured. */
export interface Measured {
  readonly redis: string;
  /** The packages of each cache, with their versions. */
  readonly versions: readonly (readonly string[])[];
  readonly speeds: readonly Speed[];
  readonly delays: readonly Delay[];
  readonly seen: Seen;
}

/** The least part of a bare client's speed that hits in Redis are to have, for ours. */
const BUDGET = 0.85;

/** The speeds for the terminal. */
export function tablesOf(speeds: readonly Speed[]): readonly Table[] {
  return [
    {
      title:
        'Hits in Redis: 10,000 values of 186 B, 64 readers, nothing in memory; as parts of the speed of GET and JSON.parse',
      rows: speeds.map((speed) => ({
        name: speed.name,
        figure: time(speed.hit),
        ratios: { 'bare client': speed.hitsOfBare.middle },
        ...(speed.name.startsWith('tidemark')
          ? { budget: { text: `≥ ${BUDGET}`, kept: speed.hitsOfBare.middle >= BUDGET } }
          : {}),
      })),
    },
    {
      title: 'Misses: load and store, 64 readers; as parts of the speed of GET and SET',
      rows: speeds.map((speed) => ({
        name: speed.name,
        figure: time(speed.miss),
        ratios: { 'bare client': speed.missesOfBare.middle },
      })),
    },
    {
      title: 'Hits in memory, awaited, 1,000 hot keys, Redis below',
      rows: speeds.flatMap((speed) =>
        speed.memory === undefined
          ? []
          : [
              {
                name: speed.name,
                figure: time(speed.memory),
                ratios: { 'async function around a Map': speed.memoryOfMap!.middle },
              },
            ],
      ),
    },
  ];
}

/** One cache's delay in words. */
export function delayInWords({ name, why, p50, p99, most, lost }: Delay): string {
  return `${name}: ${why ?? `p50 ${ms(p50)}, p99 ${ms(p99)}, longest ${ms(most)}, lost ${lost}`}`;
}

/** The page, in Markdown. */
export function page({ redis, versions, speeds, delays, seen }: Measured): string {
  return `# Beside other caches

What \`npm run bench -- redis --write\` measured, and wrote here; nothing on this page was written by hand. The other caches
aren't dependencies of Tidemark: \`npm ci --prefix bench/peers\` installs them for the bench. Each is set up as its own
documentation shows it for memory above Redis with a bus, as far as it has these, with room in memory for all keys; the
adapters are in \`bench/peers/\` and \`bench/redis/tidemark.ts\`, a page each. cacheable's get-or-load takes no tags, so there
the rows with a tag get, load and set by hand, as its README does; layered-loader's tags are groups, and it asks for Node 22.

Node ${process.versions.node}, redis-server ${redis}, ${cpus().length} cores. Measured: ${versions.map((packages) => [packages[0], packages.slice(1).join(', ')].join(' with ')).join('; ')}.

## What goes wrong

Every cell is a scenario with a redis-server, processes, and, where a link is cut, a TCP proxy of its own. The source of
truth counts its loads and knows the version that is right. **STALE** names the processes that still answer with an old
version five seconds after the fault is over; a read or a call that takes longer than five seconds **hangs**. A's link heals
as soon as A's call has answered, or hung; B's, half a second after A has loaded anew. _Hardened_: not as
the documentation's first example has it, but with each timeout, limit of retries and mode that it offers against a Redis
that doesn't answer (for ioredis, one retry and one second), and with listeners for errors also where it mentions none. A cache that
**ends the process** lets an error escape that no listener of its documentation catches. _Said_ is what the call that deleted answered.

${markdown(
  ['', ...seen.columns],
  seen.rows.map(({ name, cells }) => [name, ...cells]),
)}

## How fast

Values of 186 bytes of JSON. Hits and misses: 10,000 keys, 64 readers at a time, in a new instance with nothing in memory, as
parts of the speed of the same client by itself in the same process (GET and \`JSON.parse\`; GET, then SET); more is better.
Memory: an awaited read of 1,000 hot keys, as a multiple of the time that an awaited async function around a \`Map\` takes;
less is better. Each cache has a process and a server of its own, and they take turns; each figure is the middle of its
rounds, with the least and the most in brackets, which is the noise of the machine.

${markdown(
  ['', 'hit in Redis', 'of bare', 'miss', 'of bare', 'hit in memory', 'of a `Map`'],
  speeds.map((speed) => [
    speed.name,
    time(speed.hit),
    inBrackets(speed.hitsOfBare),
    time(speed.miss),
    inBrackets(speed.missesOfBare),
    speed.memory === undefined ? '-' : time(speed.memory),
    speed.memoryOfMap === undefined ? '-' : inBrackets(speed.memoryOfMap),
  ]),
)}

## How long a change is on its way

From the call in one process to the beginning of the first read in another that isn't answered with the old value; _lost_ are
changes that didn't arrive within two seconds.

${markdown(
  ['', 'p50', 'p99', 'longest', 'lost'],
  delays.map(({ name, why, p50, p99, most, lost }) => [name, why ?? ms(p50), ms(p99), ms(most), lost ?? '-']),
)}
`;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '-'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function inBrackets({ middle, least, most }: Spread): string {
  return `${middle.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
}

function ms(value: number | undefined): string {
  return value === undefined ? '-' : `${value.toFixed(2)} ms`;
}
