/** Several processes on one file, or on one server: a page that all of them want at once is loaded once, and what one changes all know. */
import { packagePath, type Site } from './addresses.ts';
import { change } from './changing.ts';
import { type Check, Checks, comparison, type Report } from './checks.ts';
import type { Gate } from './gate.ts';
import type { Replica } from './replica.ts';
import type { ReplicaSet } from './replica-set.ts';
import { time } from './results.ts';
import type { Subject } from './subject.ts';
import { Trouble } from './trouble.ts';
import { until } from './until.ts';

/** What several processes are shown with. */
export interface TogetherOptions {
  readonly subject: Subject;
  readonly site: Site;
  /** Processes that share a place which is empty. */
  readonly replicas: ReplicaSet;
  readonly token: string;
  /** The way to the database, on which the loads of all of them are counted. */
  readonly gate: Gate;
  readonly signal: AbortSignal;
  readonly report: Report;
  /** Milliseconds for what has to happen soon. Default 10 seconds. */
  readonly patience?: number;
}

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
  const count = replicas.all.length;
  const [writer, ...others] = replicas.all;
  let { loads } = gate;
  await askForOnePage();
  await changeThroughOne();
  await readEverything();
  return checks.all;

  async function askForOnePage(): Promise<void> {
    const page = decodeURIComponent(own);
    report.step(`All ${count} are asked for ${page} at once; nobody has it, and the database is slow:`);
    const arrived = gate.hold(subject.id);
    const done = new Set<Replica>();
    const answered = replicas.ask(own, (replica) => done.add(replica));
    answered.catch(() => {}); // if this ends early, its connections are cut
    await Promise.race([arrived, answered]);
    for (const replica of replicas.all) await reads(replica, done);
    checks.add(`while all ${count} wait for it`, loaded(), gate.loads === loads + 1);
    gate.open();
    const answers = await answered;
    checks.add('when all have got it', loaded(), gate.loads === loads + 1);
    checks.add('their answers', ...comparison(await replicas.wrongIn(new Map([[own, answers]]))));
  }

  async function changeThroughOne(): Promise<void> {
    await change(writer, subject, token);
    report.step(`Changed its description and licence through the process ${writer.pid}. From its answer on:`);
    loads = gate.loads;
    const latencies = await Promise.all(others.map((replica) => replicas.untilNew(replica, subject, patience)));
    for (const [index, { pid }] of others.entries()) {
      const ms = latencies[index];
      const found = ms === undefined ? 'the old text still' : `the new text after ${time(ms)}`;
      checks.add(`the process ${pid}`, found, ms !== undefined);
    }
    checks.add('for all of them', loaded(), gate.loads === loads + 1);
  }

  async function readEverything(): Promise<void> {
    report.working(`reading every page in all ${count}`);
    loads = gate.loads;
    const pages = await replicas.askAll(everyPath);
    const [cost, share] = [loaded(), (gate.loads - loads) / pages.size];
    const wrong = await replicas.wrongIn(pages);
    report.step(`Read all ${pages.size} pages, each in all ${count} at once:`);
    checks.add(`${(pages.size * count).toLocaleString('en')} reads`, cost, share < A_LOAD_EACH);
    checks.add(`all ${pages.size} pages, from all ${count}`, ...comparison(wrong));
  }

  /** How many loads there have been, in words. */
  function loaded(): string {
    const some = gate.loads - loads;
    return `${some} ${some === 1 ? 'load' : 'loads'} at the database`;
  }

  /** Resolves when the read of the page is under way in a process, or has ended already. */
  async function reads(replica: Replica, done: ReadonlySet<Replica>): Promise<void> {
    const isUnderWay = async () =>
      (JSON.parse((await replica.ask(`${own}/why`)).body) as { inFlight: boolean }).inFlight || done.has(replica);
    if ((await until(isUnderWay, { patience, signal })) === undefined)
      throw new Trouble(`The process ${replica.pid} was asked for ${own} and doesn't read it: nothing can be shown.`);
  }
}
