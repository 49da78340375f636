/** The restart: a process ends, a package is changed while it is down, and it starts again: warm, and right. */
import { packagePath, type Site, withQuery } from './addresses.ts';
import { change } from './changing.ts';
import { type Check, Checks, comparison, type Report } from './checks.ts';
import type { Client } from './client.ts';
import type { Gate } from './gate.ts';
import type { Replica } from './replica.ts';
import { percent } from './results.ts';
import { someAtOnce } from './some-at-once.ts';
import { changedAgain, shown, type Subject } from './subject.ts';

/** What the restart works with. */
export interface RestartOptions {
  readonly subject: Subject;
  readonly site: Site;
  /** Speaks to this process, which has the database and changes packages. */
  readonly client: Client;
  readonly token: string;
  /** The way to the database, on which the loads of the other process are counted. */
  readonly gate: Gate;
  /** Starts the other process, on the file that this process shares with it. */
  readonly start: () => Promise<Replica>;
  readonly signal: AbortSignal;
  readonly report: Report;
}

const AT_ONCE = 4; // pages to compare

/** Every page as a process served it, and those for which it had to ask the database. */
interface Visit {
  readonly pages: ReadonlyMap<string, string>;
  readonly loaded: readonly string[];
}

/**
 * End a process twice, once with SIGKILL and once well, each time with a change while it is down. `subject` is as the
 * pages show it now: `after` its change. Resolves to all checks, right or wrong; rejects only if nothing could be looked at.
 */
export async function restart(options: RestartOptions): Promise<readonly Check[]> {
  const { site, client, token, gate, start, signal, report } = options;
  const everyPath = Object.values(site).flat() as string[];
  const checks = new Checks(report);
  let { subject } = options;
  const own = packagePath(subject.id);

  report.step(
    'A second process serves the catalogue: its own memory, the same file. What it loads, it asks of this one.',
  );
  let replica = await start();
  let seen = await visit();
  warmth(seen, seen.loaded.length === 0);

  await replica.kill();
  await changeMeanwhile('Killed it with SIGKILL');
  replica = await start();
  await lookAtAll();

  await replica.stop();
  await changeMeanwhile('Stopped it well');
  replica = await start();
  await lookAtAll();
  await replica.stop();
  return checks.all;

  /** Change the package here, where its reader is down: commit, then say it to the log in the file. */
  async function changeMeanwhile(how: string): Promise<void> {
    subject = changedAgain(subject);
    await change(client, subject, token);
    report.step(
      `${how}. While it is down, ${subject.id} gets another description, on which every search rests, and the licence ${subject.after.licence}.`,
    );
  }

  async function lookAtAll(): Promise<void> {
    const before = seen.pages;
    report.step(`Started it again, ready in ${replica.startedIn.toFixed(0)} ms with nothing in memory:`);
    seen = await visit();
    const touched = (path: string) => concerns(path) || [before, seen.pages].some((pages) => tells(pages.get(path)));
    const needless = seen.loaded.filter((path) => !touched(path));
    warmth(seen, needless.length === 0 && seen.loaded.length < everyPath.length);
    const which = needless.length === 0 ? 'all touched by the change' : `not touched: ${needless.join(', ')}`;
    checks.add(`those ${seen.loaded.length} that it loaded`, which, needless.length === 0);
    const now = shown(seen.pages.get(own) ?? '', subject);
    checks.add(decodeURIComponent(own), now, now === 'the new text');
    report.working('comparing every page with the database');
    const wrong: string[] = [];
    await someAtOnce(seen.pages, AT_ONCE, async ([path, body]) => {
      if (body !== (await direct(path))) wrong.push(path);
    });
    checks.add(`all ${everyPath.length} pages of the site`, ...comparison(wrong));
  }

  /** Read every page once, so that each answer without a load is one that the file has kept. */
  async function visit(): Promise<Visit> {
    report.working(`reading every page in the process ${replica.pid}`);
    const pages = new Map<string, string>();
    const loaded: string[] = [];
    for (const path of everyPath) {
      signal.throwIfAborted();
      const { loads } = gate;
      pages.set(path, (await replica.ask(path)).body);
      if (gate.loads > loads) loaded.push(path);
    }
    return { pages, loaded };
  }

  function warmth({ pages, loaded }: Visit, right: boolean): void {
    const warm = percent(1 - loaded.length / pages.size);
    checks.add(`its first read of all ${pages.size} pages`, `${warm} without a load`, right);
  }

  /** Does a page show the package, as it was or as it is now? */
  function tells(body = ''): boolean {
    return shown(body, subject) !== 'not listed any more';
  }

  /** Does a page rest on what has been changed, whether it shows the package or not? */
  function concerns(path: string): boolean {
    const { pathname, searchParams } = new URL(path, 'http://localhost');
    const licences: readonly (string | null)[] = [subject.before.licence, subject.after.licence];
    return pathname === '/' || pathname === '/search' || licences.includes(searchParams.get('licence'));
  }

  async function direct(path: string): Promise<string> {
    signal.throwIfAborted();
    return (await client.ask(withQuery(path, 'cache=off'))).body;
  }
}
