/** What the demo tells, from the first line to the last: of one process that restarts, of several on one file, or of an outage. */
import type { Cache } from 'tidemark';
import type { Check } from './checks.ts';
import { Client } from './client.ts';
import { explanationLines } from './explanation.ts';
import { type Flags, HELP, readFlags } from './flags.ts';
import { planRequests, runLoad } from './load.ts';
import { showOutage } from './outage.ts';
import { prove } from './proof.ts';
import { RedisServer } from './redis-server.ts';
import { ReplicaSet } from './replica-set.ts';
import { openCache, Repository } from './repository.ts';
import { exitCodeOf, reportOn, sumUp } from './report.ts';
import { restart } from './restart.ts';
import { comparisonRows, liveLine, time } from './results.ts';
import { listen } from './server.ts';
import { createService } from './service.ts';
import { closeAll, emptyFile, type Open, type Setting, setUp, type Stage } from './stage.ts';
import { type Screen, Terminal } from './terminal.ts';
import { showTogether } from './together.ts';
import { Trouble } from './trouble.ts';

/** What the demo is given from outside. */
export interface StoryOptions {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly out: Screen;
  readonly err: Screen;
  /** Aborting it ends the demo cleanly. */
  readonly signal: AbortSignal;
  /** The `node_modules` to show. Default: the one above this file. */
  readonly folder?: string;
}

const CLIENTS = 4;
const SEED = 20_600;
const MAX_SILENCE = 2000; // milliseconds: short, so that it can be shown
const PATIENCE = 15_000; // milliseconds until processes follow the log

/** Run the demo. Resolves to its exit code: 1 if something is wrong, 130 if it was stopped. Rejects only for a bug of its own. */
export function tell(options: StoryOptions): Promise<number> {
  return exitCodeOf(() => begin(options), options);
}

async function begin({ args, env, out, signal, folder }: StoryOptions): Promise<number> {
  const flags = readFlags(args);
  if (flags.help) {
    out.write(`${HELP}\n`);
    return 0;
  }
  const terminal = new Terminal(out, env);
  const shared = flags.redis ? 'a Redis server' : 'an LMDB file';
  terminal.heading(`Tidemark · node_modules in a Postgres, read through memory and ${shared}`);
  const open: Open = [];
  try {
    const setting = { terminal, open, signal, folder };
    const { checks, urls } = await chosen(flags)(setting, flags);
    sumUp(terminal, checks);
    if (flags.serve) {
      terminal.say(`The catalogue stays up at ${urls.join(', ')}; Ctrl-C ends it.`, 'cyan');
      await aborted(signal);
      terminal.line('Closing.');
    }
    return 0;
  } finally {
    await closeAll(open);
  }
}

/** How a story ended, and where the catalogue is served. */
interface End {
  readonly checks: readonly Check[];
  readonly urls: readonly string[];
}

/** A stage with a service in this process. */
interface Served extends Stage {
  readonly url: string;
  readonly client: Client;
  readonly token: string;
  readonly cache: Cache;
  readonly repository: Repository;
}

function chosen({ redis, processes }: Flags): (setting: Setting, flags: Flags) => Promise<End> {
  if (redis) return tellOfOutage;
  return processes === undefined ? tellOfOne : tellOfMany;
}

async function tellOfOne(setting: Setting, { port, requests }: Flags): Promise<End> {
  const { open, terminal } = setting;
  const server = await listen(port); // before anything else: the port may be taken
  open.push(() => server.close());
  const stage = await setUp(setting, emptyFile);
  const { database, gate, order, place } = stage;
  const { token } = order;
  const cache = openCache(place.path);
  open.push(() => cache.close());
  open.push(() => gate.open()); // before the cache closes, which waits for every load
  const repository = new Repository({ cache, source: gate });
  server.serve(createService({ source: database, repository, cache, token }));
  const client = new Client(server.url);
  open.push(() => client.close());
  terminal.tick(`serving ${server.url}`);
  terminal.tick(`writes need the token ${token}`);

  const served: Served = { ...stage, url: server.url, client, token, cache, repository };
  if (requests > 0) await showLoad(served, requests);
  const proven = await showProof(served);
  await showExplanation(served);
  const restarted = await showRestart(served);
  return { checks: [...proven, ...restarted], urls: [server.url] };
}

async function tellOfMany(setting: Setting, { processes: count = 2 }: Flags): Promise<End> {
  const stage = await setUp(setting, emptyFile);
  const replicas = await startMany(stage, count, 'one file');
  return { checks: await showAtOnce(stage, replicas), urls: replicas.all.map(({ url }) => url) };
}

async function tellOfOutage(setting: Setting): Promise<End> {
  const { open, terminal, signal } = setting;
  const server = await RedisServer.start(); // before anything else: there may be none
  open.push(() => server.close());
  signal.throwIfAborted();
  const stage = await setUp(setting, () => {
    terminal.tick(`a Redis server of its own, process ${server.pid}, at ${server.url}, until the end`);
    return { redis: server.url, maxSilence: MAX_SILENCE };
  });
  const replicas = await startMany(stage, 2, 'one Redis server');
  const shared = await showAtOnce(stage, replicas);
  terminal.heading('3 · The outage: the server is killed, returns empty, and stalls');
  terminal.say(
    `Both give up what they held when they have heard nothing for ${time(MAX_SILENCE)}; by default it is 10 s.`,
  );
  const outage = await showOutage({
    ...stage,
    token: stage.order.token,
    ...stage.place,
    replicas,
    server,
    report: reportOn(terminal),
  });
  return { checks: [...shared, ...outage], urls: replicas.all.map(({ url }) => url) };
}

/** Start processes on what the stage has for them to share. */
async function startMany({ terminal, start, order, signal }: Stage, count: number, on: string): Promise<ReplicaSet> {
  terminal.tick(`writes need the token ${order.token}`);
  terminal.heading(`2 · ${count} processes on ${on}`);
  terminal.working('starting them');
  const began = performance.now();
  const replicas = await allOf(Array.from({ length: count }, () => start()));
  const pids = replicas.map(({ pid }) => pid).join(', ');
  terminal.tick(`${count} processes (${pids}) started in ${(performance.now() - began).toFixed(0)} ms`);
  const set = new ReplicaSet(replicas, signal);
  if (!(await set.joined(PATIENCE)))
    throw new Trouble(`The processes ${pids} don't follow the log: nothing can be shown.`);
  return set;
}

function showAtOnce({ terminal, order, ...stage }: Stage, replicas: ReplicaSet): Promise<readonly Check[]> {
  return showTogether({ ...stage, token: order.token, replicas, report: reportOn(terminal) });
}

async function showLoad({ terminal, site, ...stage }: Served, requests: number): Promise<void> {
  terminal.heading('2 · The load');
  terminal.say(
    `${requests.toLocaleString('en')} requests by Zipf's law, ${CLIENTS} at a time, each sent twice: ` +
      'to the database, and through the cache, which begins empty. Latencies are means until the end.',
  );
  const paths = planRequests({ site, count: requests, seed: SEED });
  const comparison = await runLoad({
    ...stage,
    paths,
    clients: CLIENTS,
    onProgress: (so) =>
      terminal.progress((so.with.requests + so.without.requests) / (2 * requests), () => liveLine(so)),
  });
  terminal.line();
  terminal.table(['', 'database', 'cache', ''], comparisonRows(comparison));
  if (comparison.hitRatio < 0.99)
    terminal.say("More than one read in a hundred met its page for the first time: the cache's p99 is such a load.");
}

async function showProof({ terminal, ...stage }: Served): Promise<readonly Check[]> {
  terminal.heading('3 · The proof: one change, while a slow load is running');
  return prove({ ...stage, report: reportOn(terminal) });
}

async function showExplanation({ terminal, cache, subject }: Served): Promise<void> {
  terminal.heading(`4 · Why? cache.explain(['package', '${subject.id}'])`);
  for (const line of explanationLines(await cache.explain(['package', subject.id])))
    terminal.line(terminal.cut(line, terminal.width));
}

async function showRestart({ terminal, ...stage }: Served): Promise<readonly Check[]> {
  terminal.heading('5 · The restart: changes while a process is down');
  return restart({ ...stage, report: reportOn(terminal) });
}

/** As `Promise.all`, but when it rejects everything has ended: nothing begins behind the back of who cleans up. */
async function allOf<T>(all: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(all);
  return Promise.all(all);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
