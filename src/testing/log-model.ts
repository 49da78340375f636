/** What a change log must know, kept in the simplest way: all changes in a list. The truth that the suites compare with. */
import {
  type Dependency,
  implicitDependencies,
  keyPathOf,
  keyDependency,
  prefixDependency,
  softly,
} from '../engine/dependency.ts';
import type { Random } from '../engine/clock.ts';
import type { Mark } from '../engine/entry.ts';
import { encodePath, type Path } from '../engine/key.ts';
import type { Change, ChangeLog, Page } from '../engine/log.ts';
import { decodePattern, encodePattern, matches, parsePattern } from '../engine/pattern.ts';
import { ensure, ensureEqual } from './expectations.ts';
import { below, pick } from './random.ts';
import { CALL } from './store-trial.ts';

/** A change and where it stands. */
export type Marked = Page['changes'][number];

/** All changes of a log. */
export class LogModel {
  readonly changes: Marked[] = [];

  /** Append to the log and note it here; the mark must be larger than all before. */
  async append(log: ChangeLog, ...change: Change): Promise<Mark> {
    const { head } = await log.append(change, CALL);
    ensure(Number.isSafeInteger(head), `a mark must be a whole number, and is ${head}`);
    const newest = this.changes.at(-1)?.mark ?? 0;
    ensure(head > newest, `the mark ${head} came after ${newest}, and must be larger`);
    this.changes.push({ mark: head, change });
    return head;
  }

  get head(): Mark {
    return this.changes.at(-1)?.mark ?? 0;
  }

  /** The mark of a dependency's last change, rules included; 0 if it never changed. */
  stampOf(dependency: Dependency): Mark {
    return this.changes.findLast(({ change }) => touches(change, dependency))?.mark ?? 0;
  }
}

/** Does a change touch a dependency, by name or by a rule that matches its key? */
export function touches(change: Change, dependency: Dependency): boolean {
  if (change.includes(dependency)) return true;
  const soft = dependency.startsWith('?');
  const path = keyPathOf(soft ? dependency.slice(1) : dependency);
  const lead = soft ? '?*' : '*';
  return (
    path !== undefined &&
    change.some((name) => name.startsWith(lead) && matches(decodePattern(name.slice(lead.length)), path))
  );
}

/** The rule of a pattern, as a change carries it. */
export const ruleOf = (pattern: string): Dependency => '*' + encodePattern(parsePattern(pattern));

/** The tag of a cache named `s`. */
export const tagOf = (tag: string): Dependency => '#' + encodePath(['s', tag]);

const SEGMENTS = ['a', 'b', 'c'];

function randomPath(random: Random): Path {
  return ['s', ...Array.from({ length: 1 + below(3, random) }, () => pick(SEGMENTS, random))];
}

/** A dependency of any kind that an entry can rest on, from so few that they meet again. */
function randomDependency(random: Random): Dependency {
  const path = randomPath(random);
  const name = pick([keyDependency(path), prefixDependency(path), tagOf(path.join('.'))], random);
  return random() < 0.2 ? softly(name) : name;
}

/** A change of some dependencies, rules among them. */
export function randomChange(random: Random): Change {
  return Array.from({ length: 1 + below(3, random) }, () => {
    if (random() < 0.7) return randomDependency(random);
    const pattern = ['s', ...Array.from({ length: 1 + below(3, random) }, () => pick(['a', 'b', '*', '**'], random))];
    const rule = ruleOf(pattern.join(':'));
    return random() < 0.3 ? softly(rule) : rule;
  });
}

/** Every dependency that {@link randomDependency} can name. */
export function everyRandomDependency(): readonly Dependency[] {
  const level = (paths: readonly Path[]) => paths.flatMap((path) => SEGMENTS.map((segment) => [...path, segment]));
  const one = level([['s']]);
  const two = level(one);
  return [...one, ...two, ...level(two)].flatMap((path) => {
    const names = [keyDependency(path), prefixDependency(path), tagOf(path.join('.'))];
    return [...names, ...names.map(softly)];
  });
}

/** Read everything after a mark, page by page, checking each page for what every page promises. */
export async function replay(
  log: ChangeLog,
  after: Mark,
): Promise<{ readonly complete: Mark; readonly changes: readonly Marked[] }> {
  const changes: Marked[] = [];
  let first: Mark | undefined;
  let at = after;
  for (let pages = 0; pages < 100_000; pages++) {
    const page = await log.read(at, CALL);
    checkPage(page, at);
    first ??= page.complete;
    ensure(
      changes.length === 0 || page.complete <= at,
      `read(${at}) left a gap: it knows everything only after ${page.complete}`,
    );
    changes.push(...page.changes.filter(({ mark }) => mark > at));
    at = Math.max(at, page.complete, changes.at(-1)?.mark ?? 0);
    if (at >= page.head) return { complete: first, changes };
  }
  throw new Error(`reading on from ${after} didn't come to an end`);
}

function checkPage({ complete, changes, head }: Page, after: Mark): void {
  const marks = changes.map(({ mark }) => mark);
  ensure(
    marks.every((mark, i) => mark > (marks[i - 1] ?? complete) && mark <= head),
    `read(${after}) must list marks in order, after ${complete} and up to ${head}, and lists ${marks.slice(0, 20).join()}`,
  );
  if (after < head && complete < head)
    ensure(
      marks.some((mark) => mark > after),
      `read(${after}) lists nothing new, though the head is ${head}`,
    );
}

/** Changes that were read must be these; within one change the names have no order. */
export function ensureChanges(actual: readonly Marked[], due: readonly Marked[], what: string): void {
  const sorted = (changes: readonly Marked[]) =>
    changes.map(({ mark, change }) => ({ mark, change: [...new Set(change)].toSorted() }));
  ensureEqual(sorted(actual), sorted(due), what);
}

/** What the log answers for some dependencies must be no smaller than the truth, and no larger than the head. */
export async function ensureStamps(
  log: ChangeLog,
  model: LogModel,
  dependencies: readonly Dependency[],
): Promise<readonly Mark[]> {
  const { stamps, head } = await log.stamps(dependencies, CALL);
  ensureEqual(stamps.length, dependencies.length, 'the number of stamps');
  dependencies.forEach((dependency, i) => {
    ensureStamp(dependency, stamps[i], model);
    ensure(stamps[i] <= head, `the stamp ${stamps[i]} of ${dependency} is larger than the head ${head}`);
  });
  return stamps;
}

/**
 * The same for a log that has forgotten rules. A rule may have become a change of all that lies below its literal
 * beginning: an entry learns of it all the same, since it asks for every prefix of a key with the key.
 */
export async function ensureStampsOfEntries(
  log: ChangeLog,
  model: LogModel,
  dependencies: readonly Dependency[],
): Promise<void> {
  for (const dependency of dependencies) {
    const soft = dependency.startsWith('?');
    const path = keyPathOf(soft ? dependency.slice(1) : dependency);
    const asked = path ? implicitDependencies(path).map((name) => (soft ? softly(name) : name)) : [dependency];
    const { stamps } = await log.stamps(asked, CALL);
    ensureStamp(dependency, Math.max(...stamps), model);
  }
}

function ensureStamp(dependency: Dependency, stamp: Mark, model: LogModel): void {
  const due = model.stampOf(dependency);
  ensure(stamp >= due, `${dependency} changed at ${due}, and its stamp is said to be ${stamp}`);
}
