/** A workspace of thirty packages, built through the cache, is what it is when it is built without one. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { openBuildCache } from 'tidemark/build';
import { select } from '../../../src/build/config/select.ts';
import { readWorkspace } from '../../../src/build/config/workspace.ts';
import { runWorkspace, type RunWorkspaceOptions } from '../../../src/build/run-workspace.ts';
import { makeMonorepo, type Monorepo } from '../monorepo.ts';
import { temporary } from './temporary.ts';
import { treeOf } from './trees.ts';

// Thirty processes, one after the other.
vi.setConfig({ testTimeout: 60_000 });

const { folder, remove } = temporary();
afterAll(remove);

const home = folder();
const here = makeMonorepo(folder(), { packages: 30 });
const TOP = '@mono/p29';
const NAMES = ['build', `${TOP}#test`];
const COUNT = 31;

/** One run in a cache of its own, as a process would do it: what became of each task, and which commands really ran. */
async function run({ directory }: Monorepo, options: Partial<RunWorkspaceOptions> = {}) {
  const log = join(folder(), 'log');
  writeFileSync(log, '');
  const cache = openBuildCache({
    directory: join(home, 'cache'),
    state: join(home, 'state'),
    environment: { ...process.env, MONOREPO_LOG: log },
    fsync: 'none',
  });
  let printed = '';
  const { tasks } = select(readWorkspace(directory), NAMES, { from: directory });
  const outcomes = await runWorkspace(cache, tasks, {
    concurrency: 2,
    onOutput: (id) => (_, bytes) => void (printed += id === `${TOP}#test` ? Buffer.from(bytes).toString() : ''),
    ...options,
  });
  await cache.close();
  const became = [...outcomes].map(([id, one]) => ({ id, how: one === 'skipped' ? one : one.outcome }));
  return {
    outcomes,
    printed,
    hits: became.filter(({ how }) => how === 'hit').length,
    skipped: became.filter(({ how }) => how === 'skipped').map(({ id }) => id),
    ran: readFileSync(log, 'utf8').split('\n').slice(0, -1).toSorted(),
  };
}

/** The same sources built from nothing, without a cache, by the same scripts: the tree, and what the test prints. */
function uncached(changes: Readonly<Record<string, string>> = {}) {
  const { directory, packages } = makeMonorepo(folder(), { packages: 30 });
  for (const [path, text] of Object.entries(changes)) writeFileSync(join(directory, path), text);
  const script = (name: string): string => JSON.stringify(join(directory, 'scripts', `${name}.mjs`));
  const builds = `for (const [n, at] of ${JSON.stringify(packages.map((one) => one.directory))}.entries()) {
    process.chdir(at);
    await import(${script('compile')} + '?' + n);
  }`;
  const all = `${builds} console.log('-'); await import(${script('check')});`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', all], { encoding: 'utf8' });
  return { tree: treeOf(directory), printed: printed.slice(printed.indexOf('-\n') + 2) };
}

/** Everything that rests on a package, however far away, and itself. */
function restingOn({ packages }: Monorepo, name: string): readonly string[] {
  const found = new Set([name]);
  for (const one of packages) if (one.dependencies.some((below) => found.has(below))) found.add(one.name);
  return [...found];
}

const pathOf = (name: string, part: string): string => `packages/${name.slice(name.indexOf('/') + 1)}/src/${part}.ts`;
const textOf = (path: string): string => readFileSync(join(here.directory, path), 'utf8');
const builds = (names: readonly string[]): readonly string[] => names.map((name) => `${name}#build`).toSorted();

// One after the other: each begins with what those before it have left.
const before = uncached();
const leaf = pathOf(TOP, 'part-0');
const middle = here.packages.find(({ layer }) => layer === 3)!.name;
const part = pathOf(middle, 'part-1');
const changed: Record<string, string> = {};
const change = (path: string, text: string): void => writeFileSync(join(here.directory, path), (changed[path] = text));

test('cold: everything runs, and comes out as without the cache', async () => {
  const { ran, hits, printed } = await run(here);
  expect([ran.length, hits]).toEqual([COUNT, 0]);
  expect(treeOf(here.directory)).toEqual(before.tree);
  expect(printed).toBe(before.printed);
});

test('nothing changed: nothing runs, and nothing is touched', async () => {
  const { outcomes, ran, hits, printed } = await run(here);
  expect([ran, hits]).toEqual([[], COUNT]);
  for (const one of outcomes.values()) expect(one).toMatchObject({ restored: { written: 0, removed: 0 } });
  expect(treeOf(here.directory)).toEqual(before.tree);
  expect(printed).toBe(before.printed);
});

test('another clone: nothing runs, and everything is there as without the cache', async () => {
  const clone = makeMonorepo(folder(), { packages: 30 });
  const { ran, hits, printed } = await run(clone);
  expect([ran, hits]).toEqual([[], COUNT]);
  expect(treeOf(clone.directory)).toEqual(before.tree);
  expect(printed).toBe(before.printed);
});

test('a package changed on which nothing rests: it alone runs', async () => {
  change(leaf, textOf(leaf).replace(/return \d+/, 'return 1000'));
  const { ran, hits, printed } = await run(here);
  expect(ran).toEqual([`${TOP}#build`, `${TOP}#test`]);
  expect(hits).toBe(COUNT - 2);
  const without = uncached(changed);
  expect(treeOf(here.directory)).toEqual(without.tree);
  expect(printed).toBe(without.printed);
  expect(printed).not.toBe(before.printed);
});

test('a comment changed, which doesn’t show in what is made: nothing that rests on it runs', async () => {
  const path = pathOf('@mono/p00', 'part-0');
  expect(restingOn(here, '@mono/p00').length).toBeGreaterThan(5);
  change(path, `// Another comment.\n${textOf(path)}`);
  const { ran, hits } = await run(here);
  expect(ran).toEqual(['@mono/p00#build']);
  expect(hits).toBe(COUNT - 1);
});

test('a package changed in the middle: what rests on it runs, however far away', async () => {
  const above = restingOn(here, middle);
  expect(above.length).toBeGreaterThan(1);
  change(part, textOf(part).replace(/return \d+/, 'return 5000'));
  const { ran, printed } = await run(here);
  const tests = above.includes(TOP) ? [`${TOP}#test`] : [];
  expect(ran).toEqual([...builds(above), ...tests].toSorted());
  const without = uncached(changed);
  expect(treeOf(here.directory)).toEqual(without.tree);
  expect(printed).toBe(without.printed);
});

test('a package that fails: what rests on it is skipped, the rest goes on; mended, it runs, and nothing else', async () => {
  const good = textOf(part);
  const [, ...above] = restingOn(here, middle);
  change(part, `import { nothing } from '${here.packages[0].name}';\n${good}`);
  const { ran, skipped, outcomes, hits } = await run(here, { keepGoing: true });
  expect(ran).toEqual(builds([middle]));
  expect(outcomes.get(`${middle}#build`)).toMatchObject({ exitCode: 2 });
  const tests = above.includes(TOP) ? [`${TOP}#test`] : [];
  expect(skipped.toSorted()).toEqual([...builds(above), ...tests].toSorted());
  expect(hits).toBe(COUNT - skipped.length - 1);
  change(part, good);
  expect(await run(here)).toMatchObject({ ran: [], hits: COUNT, skipped: [] });
  expect(treeOf(here.directory)).toEqual(uncached(changed).tree);
});
