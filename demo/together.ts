/** Several processes on one file: a page that all of them want at once is loaded once, and what one changes all know. */
import { setTimeout as pause } from 'node:timers/promises';
import { packagePath, type Site, withQuery } from './addresses.ts';
import { change } from './changing.ts';
import { type Check, Checks, comparison, type Report } from './checks.ts';
import type { Gate } from './gate.ts';
import type { Replica } from './replica.ts';
import { time } from './results.ts';
import { someAtOnce } from './some-at-once.ts';
import { shown, type Subject } from './subject.ts';
import { Trouble } from './trouble.ts';

/** What several processes are shown with. */
export interface TogetherOptions {
  readonly subject: Subject;
  readonly site: Site;
  /** Processes on one file that is empty. */
  readonly replicas: readonly Replica[];
  readonly token: string;
  /** The way to the database, on which the loads of all of them are counted. */
  readonly gate: Gate;
  readonly signal: AbortSignal;
  readonly report: Report;
  /** Milliseconds for what has to happen soon. Default 10 seconds. */
  readonly patience?: number;
}

const AT_ONCE = 8; // pages
const BETWEEN = 2; // milliseconds from one look to the next
const A_LOAD_EACH = 1.05; // loads for a page: who waits for another's load for too long on a busy machine loads as well

/**
 * Ask all processes at once for a page that none has, change its package through one of them, and read every page in all.
 * Resolves to all checks, right or wrong; rejects only if nothing could be looked at.
 */
export async function showTogether(options: TogetherOptions): Promise<readonly Check[]> {
  const { subject, site, replicas, token, gate, signal, report, patience = 10_000 } = options;
  const own = packagePath(subject.id);
  const everyPath = Object.values(site).flat() as string[];
  const checks = new Checks(report);
  const [writer, ...others] = replicas;
  let { loads } = gate;
  await askForOnePage();
  await changeThroughOne();
  await readEverything();
  return checks.all;

  async function askForOnePage(): Promise<void> {
    const page = decodeURIComponent(own);
    report.step(`All ${replicas.length} are asked for ${page} at once; nobody has it, and the database is slow:`);
    const arrived = gate.hold(subject.id);
    const done = new Set<Replica>();
    const answered = everywhere(own, (replica) => done.add(replica));
    answered.catch(() => {}); // if this ends early, its connections are cut
    await Promise.race([arrived, answered]);
    for (const replica of replicas) await reads(replica, done);
    checks.add(`while all ${replicas.length} wait for it`, loaded(), gate.loads === loads + 1);
    gate.open();
    const answers = await answered;
    checks.add('when all have got it', loaded(), gate.loads === loads + 1);
    checks.add('their answers', ...comparison(await wrongOf(own, answers)));
  }

  async function changeThroughOne(): Promise<void> {
    await change(writer, subject, token);
    const acknowledged = performance.now();
    report.step(`Changed its description and licence through the process ${writer.pid}. From its answer on:`);
    loads = gate.loads;
    const latencies = await Promise.all(others.map((replica) => untilNew(replica, acknowledged)));
    for (const [index, { pid }] of others.entries()) {
      const ms = latencies[index];
      const found = ms === undefined ? 'the old text still' : `the new text after ${time(ms)}`;
      checks.add(`the process ${pid}`, found, ms !== undefined);
    }
    checks.add('for all of them', loaded(), gate.loads === loads + 1);
  }

  async function readEverything(): Promise<void> {
    report.working(`reading every page in all ${replicas.length}`);
    loads = gate.loads;
    const pages = new Map<string, readonly string[]>();
    await someAtOnce(everyPath, AT_ONCE, async (path) => pages.set(path, await everywhere(path)));
    const [cost, share] = [loaded(), (gate.loads - loads) / pages.size];
    const wrong: string[] = [];
    await someAtOnce(pages, AT_ONCE, async ([path, bodies]) => wrong.push(...(await wrongOf(path, bodies))));
    report.step(`Read all ${pages.size} pages, each in all ${replicas.length} at once:`);
    checks.add(`${(pages.size * replicas.length).toLocaleString('en')} reads`, cost, share < A_LOAD_EACH);
    checks.add(`all ${pages.size} pages, from all ${replicas.length}`, ...comparison(wrong));
  }

  /** How many loads there have been, in words. */
  function loaded(): string {
    const count = gate.loads - loads;
    return `${count} ${count === 1 ? 'load' : 'loads'} at the database`;
  }

  /** The page as each process serves it, asked at the same moment. */
  async function everywhere(path: string, onAnswer: (of: Replica) => unknown = () => {}): Promise<readonly string[]> {
    signal.throwIfAborted();
    const ask = async (replica: Replica) => {
      const { body } = await replica.ask(path);
      onAnswer(replica);
      return body;
    };
    return Promise.all(replicas.map(ask));
  }

  /** Where the page differs from what the database says. */
  async function wrongOf(path: string, bodies: readonly string[]): Promise<readonly string[]> {
    signal.throwIfAborted();
    const { body: right } = await writer.ask(withQuery(path, 'cache=off'));
    return replicas.flatMap(({ pid }, index) => (bodies[index] === right ? [] : [`${path} in ${pid}`]));
  }

  /** Resolves when the read of the page is under way in a process, or has ended already. */
  async function reads(replica: Replica, done: ReadonlySet<Replica>): Promise<void> {
    for (
      const began = performance.now();
      performance.now() - began < patience;
      await pause(BETWEEN, null, { signal })
    ) {
      const { inFlight } = JSON.parse((await replica.ask(`${own}/why`)).body) as { inFlight: boolean };
      if (inFlight || done.has(replica)) return;
    }
    throw new Trouble(`The process ${replica.pid} was asked for ${own} and doesn't read it: nothing can be shown.`);
  }

  /** Milliseconds from the acknowledgement to the end of the first answer that is new; undefined if there was none. */
  async function untilNew(replica: Replica, acknowledged: number): Promise<number | undefined> {
    for (; performance.now() - acknowledged < patience; await pause(BETWEEN, null, { signal })) {
      const { body } = await replica.ask(own);
      if (shown(body, subject) === 'the new text') return performance.now() - acknowledged;
    }
    return undefined;
  }
}
