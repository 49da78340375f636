/** What the demo does, from the first line to the last: catalogue, load, proof, explanation. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cache, createCache, memory } from 'tidemark';
import { type Site, siteOf } from './addresses.ts';
import { type Catalogue, readCatalogue } from './catalogue.ts';
import { Client } from './client.ts';
import { Database } from './database.ts';
import { explanationLines } from './explanation.ts';
import { HELP, readFlags } from './flags.ts';
import { Gate } from './gate.ts';
import { planRequests, runLoad } from './load.ts';
import { bytesText } from './pages.ts';
import { type Check, prove } from './proof.ts';
import { Repository } from './repository.ts';
import { comparisonRows, liveLine } from './results.ts';
import { listen } from './server.ts';
import { createService } from './service.ts';
import { chooseSubject, type Subject } from './subject.ts';
import { type Screen, Terminal } from './terminal.ts';
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
const FOUND = 27; // the longest of what checks find when all is well
const SEED = 20_600;

/** Run the demo. Resolves to its exit code: 1 if something is wrong, 130 if it was stopped. Rejects only for a bug of its own. */
export async function tell(options: StoryOptions): Promise<number> {
  const { err, signal } = options;
  try {
    return await begin(options);
  } catch (error) {
    if (!signal.aborted && !(error instanceof Trouble)) throw error;
    err.write(`\ndemo: ${signal.aborted ? 'stopped' : (error as Trouble).message}\n`);
    return signal.aborted ? 130 : 1;
  }
}

async function begin({ args, env, out, signal, folder = nodeModules() }: StoryOptions): Promise<number> {
  const flags = readFlags(args);
  if (flags.help) {
    out.write(`${HELP}\n`);
    return 0;
  }
  const terminal = new Terminal(out, env);
  terminal.heading('Tidemark · the packages of node_modules, in a Postgres, read through a cache');
  const open: Open = [];
  try {
    const stage = await setUp({ terminal, open, folder, signal, port: flags.port });
    if (flags.requests > 0) await showLoad(stage, flags.requests);
    const checks = await showProof(stage);
    await showExplanation(stage);
    sumUp(terminal, checks);
    if (flags.serve) {
      terminal.line(`The catalogue stays up at ${terminal.paint('cyan', stage.url)}; Ctrl-C ends it.`);
      await aborted(signal);
      terminal.line('Closing.');
    }
    return 0;
  } finally {
    for (const close of open.toReversed()) await close();
  }
}

/** What has to be let go of at the end, the last first. */
type Open = (() => unknown)[];

/** Everything that the acts of the story play on. */
interface Stage {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly url: string;
  readonly site: Site;
  readonly subject: Subject;
  readonly client: Client;
  readonly token: string;
  readonly cache: Cache;
  readonly database: Database;
  readonly repository: Repository;
  readonly gate: Gate;
}

interface SetUpOptions {
  readonly terminal: Terminal;
  readonly open: Open;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly port: number;
}

async function setUp({ terminal, open, folder, signal, port }: SetUpOptions): Promise<Stage> {
  const server = await listen(port);
  open.push(() => server.close());

  terminal.heading('1 · The catalogue');
  terminal.working('reading every manifest');
  const catalogue = await readCatalogue(folder);
  terminal.tick(found(catalogue));
  const site = siteOf(catalogue);
  const subject = chooseSubject(catalogue);
  signal.throwIfAborted();

  terminal.working('starting PGlite, a whole Postgres in this process: some seconds');
  const began = performance.now();
  const database = await Database.open();
  open.push(() => database.close());
  await database.fill(catalogue);
  terminal.tick(`PGlite started and filled in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  signal.throwIfAborted();

  const cache = createCache({ name: 'catalogue', tiers: [memory({ maxBytes: '16mb' })] });
  open.push(() => cache.close());
  const gate = new Gate();
  open.push(() => gate.open()); // before the cache closes, which waits for every load
  const token = randomBytes(16).toString('hex');
  const repository = new Repository({ cache, database, gate });
  server.serve(createService({ database, repository, cache, token }));
  const client = new Client(server.url);
  open.push(() => client.close());
  terminal.tick(`serving ${server.url}`);
  terminal.tick(`writes need the token ${token}`);
  return { terminal, signal, url: server.url, site, subject, client, token, cache, database, repository, gate };
}

async function showLoad({ terminal, site, ...stage }: Stage, requests: number): Promise<void> {
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

async function showProof({ terminal, ...stage }: Stage): Promise<readonly Check[]> {
  terminal.heading('3 · The proof: one change, while a slow load is running');
  return prove({
    ...stage,
    report: {
      working: (text) => terminal.working(text),
      step: (text) => terminal.say(text, 'bold'),
      check: (check) => showCheck(terminal, check),
    },
  });
}

async function showExplanation({ terminal, cache, subject }: Stage): Promise<void> {
  terminal.heading(`4 · Why? cache.explain(['package', '${subject.id}'])`);
  for (const line of explanationLines(await cache.explain(['package', subject.id])))
    terminal.line(terminal.cut(line, terminal.width));
  terminal.line();
}

/** Throws {@link Trouble} if a check failed. */
function sumUp(terminal: Terminal, checks: readonly Check[]): void {
  const wrong = checks.filter((check) => !check.right);
  if (wrong.length > 0) {
    const list = wrong.map(({ what, found: was }) => `\n  ${what}: ${was}`).join('');
    throw new Trouble(`${wrong.length} of ${checks.length} checks failed:${list}`);
  }
  terminal.line(terminal.paint(['bold', 'green'], `All ${checks.length} checks hold.`));
}

function found({ packages, skipped }: Catalogue): string {
  const sum = (of: (one: Catalogue['packages'][number]) => number) => packages.reduce((all, one) => all + of(one), 0);
  const files = sum((one) => one.files).toLocaleString('en');
  const edges = sum((one) => one.dependencies.length).toLocaleString('en');
  const left =
    skipped.length > 0 ? `; ${skipped.length} skipped, the first: ${skipped[0]?.path}: ${skipped[0]?.why}` : '';
  return `${packages.length} packages, ${edges} dependencies, ${files} files, ${bytesText(sum((one) => one.bytes))}${left}`;
}

function showCheck(terminal: Terminal, { what, found: was, right }: Check): void {
  const room = Math.min(terminal.width - FOUND - 4, 60);
  const text = `${terminal.cut(what, room).padEnd(room)}  ${was}`;
  if (right) terminal.tick(text);
  else terminal.cross(text);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The nearest `node_modules` above this file, which may be the source or what was built of it. */
function nodeModules(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  for (; !existsSync(join(at, 'node_modules')); at = dirname(at))
    if (at === dirname(at)) throw new Trouble('There is no node_modules here: run npm ci first.');
  return join(at, 'node_modules');
}
