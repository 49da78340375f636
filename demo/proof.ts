/** The proof: a package is changed while a slow load of it is running, and every page that showed it is read at once. */
import type { Cache } from 'tidemark';
import { packagePath, type Site, withQuery } from './addresses.ts';
import { change } from './changing.ts';
import { type Check, Checks, comparison, type Report } from './checks.ts';
import type { Client } from './client.ts';
import type { Gate } from './gate.ts';
import type { Repository } from './repository.ts';
import { expected, shown, type Subject } from './subject.ts';
import { Trouble } from './trouble.ts';

/** What the proof works with. */
export interface ProofOptions {
  readonly subject: Subject;
  readonly site: Site;
  readonly client: Client;
  readonly token: string;
  readonly cache: Cache;
  readonly repository: Repository;
  readonly gate: Gate;
  readonly signal: AbortSignal;
  readonly report: Report;
}

/** A page as it came, both ways of writing it. */
interface Seen {
  readonly path: string;
  readonly html: string;
  readonly json: string;
}

/**
 * Change the subject and look at every page. Resolves to all checks, right or wrong; rejects only if nothing could be
 * looked at.
 */
export async function prove(options: ProofOptions): Promise<readonly Check[]> {
  const { subject, site, client, token, cache, repository, gate, signal, report } = options;
  const own = packagePath(subject.id);
  const everyPath = Object.values(site).flat() as string[];
  const checks = new Checks(report);

  report.working('reading every page');
  const showing: string[] = [];
  for (const path of everyPath) if (shown(await body(path), subject) === 'the old text') showing.push(path);
  for (const path of subject.newcomers) await body(path);
  report.step(`Read and cached all ${everyPath.length} pages; ${showing.length} of them show ${subject.id}.`);

  await repository.forget(subject.id);
  const arrived = gate.hold(subject.id);
  let running = true;
  const slow = body(own).finally(() => (running = false));
  slow.catch(() => {}); // if this ends early, its connection is cut
  await Promise.race([arrived, slow]);
  if (!running) throw new Trouble(`The load of ${own} wasn't held: nothing can be shown.`);
  report.step('A slow load of its own page has read the old row from the database, and now stands still.');

  const { overtaken } = cache.stats();
  await change(client, subject, token);
  report.step(`Changed it over HTTP: a new description, and ${subject.after.licence} for ${subject.before.licence}.`);

  report.step('The very next read of every page that showed it, or has to now:');
  await compare(await readAll());
  checks.add('meanwhile the slow load', running ? 'was running' : 'had ended', running);

  gate.open();
  const late = shown(await slow, subject);
  report.step(`The slow load ended. Its own reader, who asked before the change, got ${late}.`);
  const refused = cache.stats().overtaken - overtaken;
  checks.add('what it had loaded', refused === 1 ? 'was not kept' : `was kept (${refused} not kept)`, refused === 1);

  report.step('All of them once more:');
  const { queries } = gate;
  const again = await readAll();
  const needed = gate.queries - queries;
  await compare(again);
  checks.add('these reads', `took ${needed} database queries`, needed === 0);

  report.working('comparing every page with the database');
  const wrong: string[] = [];
  for (const path of everyPath) if ((await body(path)) !== (await direct(path))) wrong.push(path);
  checks.add(`all ${everyPath.length} pages of the site`, ...comparison(wrong));
  return checks.all;

  /** Read through the cache whatever showed the package or has to show it now, before anything else is read. */
  async function readAll(): Promise<readonly Seen[]> {
    const seen: Seen[] = [];
    for (const path of new Set([...showing, ...subject.newcomers]))
      seen.push({ path, html: await body(path), json: await body(asJson(path)) });
    return seen;
  }

  async function compare(seen: readonly Seen[]): Promise<void> {
    for (const { path, html, json } of seen) {
      const [inHtml, inJson] = [shown(html, subject), shown(json, subject)];
      const same = html === (await direct(path)) && json === (await direct(asJson(path)));
      const found = inHtml === inJson ? inHtml : `${inHtml} as HTML, ${inJson} as JSON`;
      const right = same && found === expected(path, subject);
      checks.add(decodeURIComponent(path), same ? found : `${found}, unlike the database`, right);
    }
  }

  async function body(path: string): Promise<string> {
    signal.throwIfAborted();
    return (await client.ask(path)).body;
  }

  function direct(path: string): Promise<string> {
    return body(withQuery(path, 'cache=off'));
  }
}

const asJson = (path: string): string => withQuery(path, 'format=json');
