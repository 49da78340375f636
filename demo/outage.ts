/** The outage: the Redis server that two processes share is killed, returns empty, and stalls; they go on, and are right. */
import { packagePath, type Site } from './addresses.ts';
import { changeAnyway } from './changing.ts';
import { type Check, Checks, comparison, type Report } from './checks.ts';
import type { Answer } from './client.ts';
import type { Gate } from './gate.ts';
import type { RedisServer } from './redis-server.ts';
import type { ReplicaSet } from './replica-set.ts';
import { time } from './results.ts';
import { changedAgain, shown, type Subject } from './subject.ts';
import { until } from './until.ts';

/** What the outage works with. */
export interface OutageOptions {
  /** As the pages show it now: `after` its change. */
  readonly subject: Subject;
  readonly site: Site;
  /** Two processes on the server that have read every page. */
  readonly replicas: ReplicaSet;
  readonly server: RedisServer;
  /** Milliseconds that it may be silent before they give up what they hold. */
  readonly maxSilence: number;
  readonly token: string;
  /** The way to the database, on which loads are counted. */
  readonly gate: Gate;
  readonly signal: AbortSignal;
  readonly report: Report;
  /** Milliseconds that an answer may take during an outage, and the end of one afterwards. Default 15 seconds. */
  readonly patience?: number;
}

const ROUND = 1000; // milliseconds until a process notices, at the latest, that the silence has been too long

/**
 * Kill the server, change a package, start the server again, change the package once more, and stall the server, reading
 * all the while. Resolves to all checks, right or wrong; rejects only if nothing could be looked at.
 */
export async function showOutage(options: OutageOptions): Promise<readonly Check[]> {
  const { site, replicas, server, maxSilence, token, gate, signal, report, patience = 15_000 } = options;
  const bound = maxSilence + ROUND;
  const [one, other] = replicas.all;
  const everyPath = Object.values(site).flat() as string[];
  const checks = new Checks(report);
  let { subject } = options;
  const own = packagePath(subject.id);
  await goOnWithout();
  await followAgain();
  await goOnBesideAStalledOne();
  return checks.all;

  /** What the one changes it knows itself; the other can't, and believes what it holds no longer than its bound. */
  async function goOnWithout(): Promise<void> {
    await replicas.ask(own); // so that both hold it, whatever has been
    await server.kill();
    report.step('Killed the Redis server with SIGKILL. Both are asked for pages all the same:');
    const next = changedAgain(subject);
    await lookAt(next);
    subject = next;
    const reach = await changeAnyway(one, subject, token);
    report.step(`Changed its description and licence through the process ${one.pid}. From its answer on:`);
    report.working(`the process ${other.pid} can't hear of it: it may believe what it holds for ${time(bound)}`);
    const [{ body }, latency] = await Promise.all([one.ask(own), replicas.untilNew(other, subject, bound)]);
    checks.add('how far the change is known', reach, reach === 'local');
    const found = shown(body, subject);
    checks.add(`the very next read in the process ${one.pid}`, found, found === 'the new text');
    checkNews(`the process ${other.pid}, bound ${time(bound)}`, latency);
    await readEverything();
  }

  async function followAgain(): Promise<void> {
    const [{ incarnation, unsaid }] = await replicas.logs();
    await server.up();
    const began = performance.now();
    report.step(`Started it again as process ${server.pid}, with nothing in it:`);
    const saysAll = async () => (await replicas.logs()).every((log) => log.unsaid === 0);
    const said = await until(saysAll, { patience, signal });
    const found = said === undefined ? 'waits still' : `was said after ${time(said)}`;
    checks.add('the change that waited', unsaid === 0 ? "didn't wait" : found, unsaid > 0 && said !== undefined);
    await checkFollowing(began);
    const [its, others] = await replicas.logs();
    const same = its.incarnation === others.incarnation && its.incarnation !== incarnation;
    checks.add('the log that they follow', same ? 'is a new one' : 'is not one, or the old', same);
    await readEverything(); // from now on both hold every page, so what is new can't be seen without hearing of it

    subject = changedAgain(subject);
    const reach = await changeAnyway(other, subject, token);
    report.step(`Changed it once more, through the process ${other.pid}. From its answer on:`);
    const latency = await replicas.untilNew(one, subject, patience);
    checks.add('how far the change is known', reach, reach === 'everywhere');
    checkNews(`the process ${one.pid}`, latency);
    await readEverything();
  }

  async function goOnBesideAStalledOne(): Promise<void> {
    await replicas.ask(own);
    server.stall();
    report.step('Stopped the server with SIGSTOP: it keeps its connections, and answers nothing:');
    await lookAt(changedAgain(subject));
    server.resume();
    report.step('Let it go on:');
    await checkFollowing(performance.now());
    await readEverything();
  }

  /** Ask both for a page that they hold, and for one that nobody has asked for: it will show what `next` says. */
  async function lookAt({ newcomers: [, unasked] }: Subject): Promise<void> {
    const [held, known] = await timed(own);
    const silent = (await replicas.logs()).some((log) => log.silent); // a slow machine may have come so far already
    const right = held.every(({ body }) => shown(body, subject) === 'the new text') && (known.loads === 0 || silent);
    checks.add('a page that they hold', known.found, right);
    const [answers, unknown] = await timed(unasked);
    const wrong = await replicas.wrongIn(new Map([[unasked, answers]]));
    checks.add('a page that nobody has asked for', unknown.found, wrong.length === 0 && unknown.ms < patience);
  }

  /** What both answer, how long the slower one took, and what it cost. */
  async function timed(path: string) {
    const before = gate.loads;
    const answers = await replicas.ask(path);
    const [ms, loads] = [slowestOf(answers), gate.loads - before];
    return [answers, { ms, loads, found: `${time(ms)}, ${loads} ${loads === 1 ? 'load' : 'loads'}` }] as const;
  }

  async function readEverything(): Promise<void> {
    report.working('reading every page in both');
    const pages = await replicas.askAll(everyPath);
    const answers = [...pages.values()].flat();
    const failed = answers.filter(({ status }) => status !== 200).length;
    const ms = slowestOf(answers);
    const found = failed === 0 ? `the slowest ${time(ms)}` : `${failed} without an answer`;
    checks.add(`${answers.length.toLocaleString('en')} reads of all pages`, found, failed === 0 && ms < patience);
    report.working('comparing every page with the database');
    checks.add(`all ${pages.size} pages, from both`, ...comparison(await replicas.wrongIn(pages)));
  }

  function checkNews(what: string, ms: number | undefined): void {
    checks.add(what, ms === undefined ? 'the old text still' : `the new text after ${time(ms)}`, ms !== undefined);
  }

  /** Both have heard all that the log had at some moment since. */
  async function checkFollowing(since: number): Promise<void> {
    const hear = async () => {
      const asked = performance.now();
      return (await replicas.logs()).every(({ silentFor }) => silentFor < asked - since);
    };
    const waited = await until(hear, { patience, signal });
    const found = waited === undefined ? 'not yet' : `after ${time(performance.now() - since)}`;
    checks.add('both follow its log', found, waited !== undefined);
  }
}

const slowestOf = (answers: readonly Answer[]): number => Math.max(...answers.map(({ ms }) => ms));
