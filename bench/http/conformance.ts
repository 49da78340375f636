/**
 * The shared HTTP cache against the public suite for HTTP caches (https://github.com/http-tests/cache-tests), which is
 * fetched beside the repository: `npm run bench -- http --suite <its folder>`. It takes about three
 * minutes.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createCache, memory } from 'tidemark';
import { engineHttpStore, httpCache, type HttpCacheOptions } from 'tidemark/content/http';
import { fetchOverHttp, serve } from './loopback.ts';

/** A test of the suite, as far as it is read here. */
interface SuiteTest {
  readonly id: string;
  readonly kind?: 'required' | 'optimal' | 'check';
  readonly browser_only?: boolean;
}
interface Suite {
  readonly id: string;
  readonly tests: readonly SuiteTest[];
}
type Results = Readonly<Record<string, true | readonly [name: string, message: string]>>;
type Verdict = readonly [icon: string, colour: string, symbol: string];

/** The best that any shared cache reaches whose results the suite publishes, counted without regard to dependencies. */
const BUDGET = { required: 141, optimal: 74 };

/** What is measured. */
const CACHES: readonly (readonly [name: string, options: () => Partial<HttpCacheOptions>])[] = [
  ['Tidemark', () => ({})],
  ["Tidemark, cookies: 'store'", () => ({ cookies: 'store' })],
  ['Tidemark, in the engine', () => ({ store: engineHttpStore({ cache: createCache({ tiers: [memory()] }) }) })],
];

/** Shared caches whose results the suite publishes. */
const PEERS = ['apache', 'caddy', 'fastly', 'haproxy', 'nginx', 'squid', 'trafficserver', 'varnish'];

const PASSED = '✅';

/** Listening on loopback only, which the suite's server has no option for. */
const ON_LOOPBACK = `data:text/javascript,${encodeURIComponent(
  `import { Server } from 'node:net';
  const listen = Server.prototype.listen;
  Server.prototype.listen = function (port, ...rest) { return listen.call(this, port, '127.0.0.1', ...rest); };`,
)}`;

/** Run the suite in `folder` and print the scores, and each test that isn't passed. */
export async function conformance(folder: string | undefined): Promise<void> {
  const root = resolve(folder ?? 'cache-tests');
  if (folder === undefined || !existsSync(join(root, 'test-engine', 'cli.mjs'))) {
    console.log(
      `HTTP conformance: not measured, since the suite isn't ${folder === undefined ? 'given' : `in ${root}`}.\n` +
        'Fetch github.com/http-tests/cache-tests somewhere outside the repository, `npm install undici@7` there,\n' +
        'and run: npm run bench -- http --suite <its folder>\n',
    );
    return;
  }
  const port = await freePort();
  const originUrl = `http://127.0.0.1:${port}`;
  const environment = {
    ...process.env,
    npm_config_protocol: 'http',
    npm_config_port: String(port),
    npm_config_pidfile: join(tmpdir(), `cache-tests-${port}.pid`),
    npm_package_config_id: '',
  };
  const origin = spawn(process.execPath, ['--import', ON_LOOPBACK, 'test-engine/server/server.mjs'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await new Promise((listening) => origin.stdout.once('data', listening));
    origin.stdout.resume();
    const judge = await judgeOf(root);
    console.log('HTTP conformance, by the public suite for caches: required and optimal tests passed');
    for (const [name, options] of CACHES) {
      const cache = httpCache({ fetch: fetchOverHttp, ...options() });
      const proxy = await serve(originUrl, (request) => cache(request));
      const results = await ask(root, { ...environment, npm_config_base: proxy.url });
      await proxy.close();
      const missed = judge(name, results, BUDGET);
      console.log(missed.map((line) => `    ${line}`).join('\n'));
    }
    for (const name of PEERS)
      judge(`${name}, as published`, JSON.parse(readFileSync(join(root, `results/${name}.json`), 'utf8')) as Results);
    console.log('');
  } finally {
    origin.kill();
  }
}

/** The suite's own client, in a process of its own. */
async function ask(root: string, env: NodeJS.ProcessEnv): Promise<Results> {
  const client = spawn(process.execPath, ['--no-warnings', 'test-engine/cli.mjs'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  client.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await new Promise((ended) => client.once('close', ended));
  return JSON.parse(output.slice(output.indexOf('{'))) as Results;
}

/**
 * Prints a score, and tells what wasn't passed. As the suite has it, a test counts only if those that it depends on are
 * passed, too: who stores nothing reuses nothing wrongly. In brackets, each test by itself.
 */
type Judge = (name: string, results: Results, budget?: typeof BUDGET) => readonly string[];

async function judgeOf(root: string): Promise<Judge> {
  const load = (path: string): Promise<unknown> => import(pathToFileURL(join(root, path)).href);
  const { default: suites } = (await load('tests/index.mjs')) as { default: readonly Suite[] };
  const { determineTestResult } = (await load('test-engine/lib/results.mjs')) as {
    determineTestResult: (suites: readonly Suite[], id: string, results: Results) => Verdict;
  };
  const tests = suites.flatMap((suite) => suite.tests).filter((test) => !test.browser_only);
  return (name, results, budget) => {
    const score = { required: [0, 0, 0], optimal: [0, 0, 0] };
    const missed: string[] = [];
    for (const { id, kind = 'required' } of tests) {
      if (kind === 'check') continue;
      const [, , symbol] = determineTestResult(suites, id, results);
      score[kind][0] += Number(symbol === PASSED);
      score[kind][1]++;
      const result = results[id];
      score[kind][2] += Number(result === true);
      const why = result === true || result === undefined ? 'not run' : result.join(': ');
      if (symbol !== PASSED) missed.push(`${kind} ${id}: ${why}`);
    }
    const figures = (['required', 'optimal'] as const).map((kind) => {
      const [passed, all, alone] = score[kind];
      const verdict = !budget ? '' : ` budget ≥ ${budget[kind]}: ${passed >= budget[kind] ? 'kept' : 'MISSED'}`;
      return `${kind} ${String(passed).padStart(3)} of ${all} (${alone} by themselves)${verdict}`;
    });
    console.log(`  ${name.padEnd(28)} ${figures.join('   ')}`);
    return missed;
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
