/** This repository's own tasks: run, found in place, brought back elsewhere, and run again where something has changed. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from 'tidemark/build';
import { time } from '../results.ts';
import { copyRepository } from './clone.ts';
import type { Ran } from './command-line.ts';
import type { Stage } from './stage.ts';
import { sameTree, treeOf } from './trees.ts';

/** A source that linting and its test rest on, and the compiler doesn't. */
const CHANGED = 'test/policies/weight.test.ts';
const NOT_CONCERNED = 'compile';

/** What is shown. */
interface Own {
  readonly repository: string;
  /** Names of its tasks: `compile` and `test-policies`, and others that a change of a test concerns. */
  readonly tasks: readonly string[];
}

/** Two copies of the repository in which its tasks have run. */
interface Copies {
  readonly here: string;
  readonly there: string;
}

/** Run them in two copies of the repository. */
export async function showOwn(stage: Stage, { repository, tasks }: Own): Promise<Copies> {
  const { terminal, tidemark, checks, folder } = stage;
  const copies = { here: join(folder, 'here'), there: join(folder, 'there') };
  terminal.working('copying this repository, twice');
  const files = await copyRepository(repository, copies.here);
  await copyRepository(copies.here, copies.there);
  terminal.tick(`two copies of this repository, ${files} files each, in ${folder}, until the end`);
  const rounds: (readonly [title: string, ran: Ran])[] = [];
  const round = async (title: string, directory: string, text: string): Promise<readonly RunResult[]> => {
    terminal.working(text);
    const ran = await tidemark.tasks(tasks, { directory });
    rounds.push([title, ran]);
    return [...ran.results.values()];
  };
  const isHit = ({ outcome }: RunResult): boolean => outcome === 'hit';
  const counted = (results: readonly RunResult[], is: (result: RunResult) => boolean): [string, boolean] => {
    const count = results.filter(is).length;
    return [`${count} of ${results.length}`, count === results.length];
  };

  const first = await round('first', copies.here, `running ${tasks.join(', ')}: some seconds`);
  checks.add('the first run: tasks that are kept now', ...counted(first, ({ stored }) => stored === 'new'));
  const again = await round('again', copies.here, 'running them again');
  const isInPlace = ({ restored }: RunResult): boolean => restored !== undefined && restored.written === 0;
  checks.add('again: unchanged, with all in place', ...counted(again, isInPlace));

  const elsewhere = await round('other copy', copies.there, 'running them in the other copy');
  checks.add('in the other copy: brought back', ...counted(elsewhere, isHit));
  const made = treeOf(join(copies.here, 'dist'));
  checks.add('what the compiler made, there and here', ...sameTree(made, treeOf(join(copies.there, 'dist'))));

  const source = join(copies.here, CHANGED);
  const before = readFileSync(source);
  appendFileSync(source, '\n// A change.\n');
  const { differences } = await tidemark.why('test-policies', { directory: copies.here });
  checks.add(
    'why test-policies would run after a change',
    differences.map(({ text }) => text).join('; '),
    differences.length === 1 && differences[0].name === CHANGED,
  );
  const changed = await round('test changed', copies.here, 'running them after the change');
  const ran = namesOf(rounds.at(-1)![1], ({ outcome }) => outcome === 'ran');
  const concerned = tasks.filter((name) => name !== NOT_CONCERNED);
  checks.add('what ran then', ran.join(', '), ran.toSorted().join() === concerned.toSorted().join());
  checks.add('and nothing else', `${changed.filter(isHit).length} unchanged`, changed.length - ran.length > 0);

  writeFileSync(source, before);
  checks.add('changed back', ...counted(await round('back', copies.here, 'running them as before'), isHit));
  terminal.line();
  showRounds(stage, rounds);
  return copies;
}

function namesOf({ results }: Ran, is: (result: RunResult) => boolean): readonly string[] {
  return [...results].filter(([, result]) => is(result)).map(([id]) => nameOf(id));
}

function nameOf(id: string): string {
  return id.slice(id.lastIndexOf('#') + 1);
}

/** A row for each task: how long it ran, or how long it took to see that it needn't. */
function showRounds({ terminal }: Stage, rounds: readonly (readonly [title: string, ran: Ran])[]): void {
  const [[, { results }]] = rounds;
  const cell = (result: RunResult | undefined): string =>
    result === undefined ? '' : `${result.outcome === 'hit' ? '=' : 'ran'} ${time(result.durationMs)}`;
  terminal.table(
    ['', ...rounds.map(([title]) => title)],
    [
      ...[...results.keys()].map((id) => [nameOf(id), ...rounds.map(([, ran]) => cell(ran.results.get(id)))]),
      ['all of it', ...rounds.map(([, { ms }]) => time(ms))],
    ],
  );
}
