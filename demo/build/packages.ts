/** A workspace of packages: only what a change concerns runs, and only as far as it makes a difference. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeMonorepo, type Monorepo } from '../../test/build/monorepo.ts';
import { time } from '../results.ts';
import type { Stage } from './stage.ts';

type MonorepoPackage = Monorepo['packages'][number];

const TASKS = ['build', 'test'];

/** Make the packages, and change them. */
export async function showPackages(stage: Stage, packages: number): Promise<Monorepo> {
  const { terminal, checks, folder } = stage;
  const workspace = makeMonorepo(join(folder, 'packages'), { packages });
  terminal.tick(
    `${packages} packages in ${new Set(workspace.packages.map(({ layer }) => layer)).size} layers, each with a build and a test: ${2 * packages} tasks`,
  );
  const [bottom, top] = [workspace.packages[0], workspace.packages.at(-1)!];
  const above = dependentsOf(bottom, workspace);
  const rows: string[][] = [];
  const round = async (title: string, expected: readonly string[]): Promise<void> => {
    const { ran, right, ms, hits } = await runAll(stage, workspace);
    rows.push([title, `${ran.length}`, `${hits}`, time(ms)]);
    const isAsExpected = ran.toSorted().join() === expected.toSorted().join();
    checks.add(`${title}: ran`, `${ran.length} of ${2 * packages}`, isAsExpected);
    checks.add('  packages that come to what they should', `${right} of ${packages}`, right === packages);
  };
  const both = (some: readonly MonorepoPackage[]): readonly string[] =>
    some.flatMap(({ name }) => TASKS.map((task) => `${name}#${task}`));

  terminal.working(`running ${2 * packages} tasks`);
  await round('at first', both(workspace.packages));
  await round('nothing has changed', []);
  raise(top);
  await round('a package that no other uses', both([top]));
  terminal.working('changing what others rest on');
  raise(bottom);
  await round(`one that ${above.length} rest on`, both([bottom, ...above]));
  appendFileSync(partOf(bottom), '// A comment.\n');
  await round('a comment in it, which changes no dist', [`${bottom.name}#build`]);
  terminal.line();
  terminal.table(['', 'ran', 'unchanged', 'all in'], rows);
  return workspace;
}

/** Run all tasks. Answers with those whose commands ran, by their own account, and how many packages told the right value. */
export async function runAll(
  { tidemark, folder }: Pick<Stage, 'tidemark' | 'folder'>,
  { directory, packages }: Monorepo,
): Promise<{ readonly ran: readonly string[]; readonly right: number; readonly ms: number; readonly hits: number }> {
  const log = join(folder, 'log');
  writeFileSync(log, '');
  const { results, printed, ms } = await tidemark.tasks(TASKS, { directory, env: { MONOREPO_LOG: log } });
  const values = valuesOf(packages);
  const right = packages.filter(({ name }) => printed.includes(`${name}: value ${values.get(name)}\n`)).length;
  const hits = [...results.values()].filter(({ outcome }) => outcome === 'hit').length;
  return { ran: readFileSync(log, 'utf8').split('\n').slice(0, -1), right, ms, hits };
}

/** Whatever rests on a package, at whatever distance. */
function dependentsOf(one: MonorepoPackage, { packages }: Monorepo): readonly MonorepoPackage[] {
  const names = new Set([one.name]);
  const found = packages.filter(({ name, dependencies }) => {
    const rests = dependencies.some((dependency) => names.has(dependency));
    if (rests) names.add(name);
    return rests;
  });
  return found;
}

function partOf({ directory }: MonorepoPackage): string {
  return join(directory, 'src/part-0.ts');
}

/** Let a part come to more. */
function raise(one: MonorepoPackage): void {
  const text = readFileSync(partOf(one), 'utf8');
  writeFileSync(
    partOf(one),
    text.replace(/return (\d+)/, (_, value: string) => `return ${Number(value) + 10_000}`),
  );
}

/** What each package has to come to, from the sources: its parts, and the packages that it imports. */
function valuesOf(packages: readonly MonorepoPackage[]): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const { name, directory, dependencies } of packages) {
    let value = dependencies.reduce((sum, dependency) => sum + values.get(dependency)!, 0);
    for (let part = 0; existsSync(join(directory, `src/part-${part}.ts`)); part++)
      value += Number(/return (\d+)/.exec(readFileSync(join(directory, `src/part-${part}.ts`), 'utf8'))?.[1]);
    values.set(name, value);
  }
  return values;
}
