/** Damage: a flipped bit in what is kept, and `kill -9` while outputs are made and while they are brought back. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openBuildStore, type Verified } from 'tidemark/build';
import type { Monorepo } from '../../test/build/monorepo.ts';
import { Trouble } from '../trouble.ts';
import { until } from '../until.ts';
import { runAll } from './packages.ts';
import type { Stage } from './stage.ts';
import { sameTree, type Tree, treeOf } from './trees.ts';

const PATIENCE = 60_000; // milliseconds until a command has made half of its outputs
const FILES = 10;

/** Makes half of its files; then goes on, or tells its process's number and waits to be killed. */
const HALF = `
import { mkdirSync, writeFileSync } from 'node:fs';
mkdirSync('made', { recursive: true });
for (let n = 0; n < ${FILES}; n++) {
  writeFileSync('made/' + n, String(n).repeat(1000));
  if (n === ${FILES / 2} && process.env.PAUSE) {
    writeFileSync(process.env.PAUSE, process.pid + '\\n');
    setInterval(() => {}, 1000);
    await new Promise(() => {});
  }
}
`;

/** Damage what is kept of the packages, and kill. */
export async function showDamage(stage: Stage, workspace: Monorepo, kills: number): Promise<void> {
  await showFlippedBit(stage, workspace);
  await showKilledCommand(stage);
  await showKilledRestore(stage, workspace, kills);
  const { records, blobs, damaged } = (await stage.tidemark.cache(['verify'], workspace)) as Verified;
  const read = `${records} and ${blobs.toLocaleString('en')}`;
  stage.checks.add('entries and blobs, all of them right', read, damaged.length === 0);
}

async function showFlippedBit(stage: Stage, workspace: Monorepo): Promise<void> {
  const { terminal, tidemark, checks, store: directory } = stage;
  const { name, directory: root } = workspace.packages.at(-1)!;
  const where = { directory: workspace.directory };
  const dist = join(root, 'dist');
  const right = treeOf(dist);
  const { results } = await tidemark.tasks(['build'], where);
  const store = openBuildStore({ directory, readOnly: true });
  const { record } = store.lookup(results.get(`${name}#build`)?.key ?? '');
  const output = record?.outputs.find((one) => one.kind === 'file' && one.size > 0);
  if (output?.kind !== 'file') throw new Trouble(`What ${name} was built to isn't kept.`);
  flip(store.path(output.digest));
  store.close();
  rmSync(dist, { recursive: true });
  terminal.say(`One bit of what is kept of ${name} is flipped, and its dist is removed.`);
  const after = await tidemark.tasks(['build'], where);
  const ran = [...after.results].filter(([, { outcome }]) => outcome === 'ran').map(([id]) => id);
  checks.add('what ran, instead of being brought back', ran.join(', '), ran.join() === `${name}#build`);
  checks.add('its dist, which is as it was', ...sameTree(right, treeOf(dist)));
  const aside = join(directory, 'v1/quarantine');
  const put = existsSync(aside) ? readdirSync(aside).filter((one) => one.startsWith(output.digest)) : [];
  checks.add('the damaged blob', `${put.length} put aside`, put.length === 1);
  const told = after.printed.split('\n').filter((line) => line.startsWith('tidemark: ') && line.includes('damaged'));
  checks.add('and it is told', told[0] ?? 'not at all', told.length === 1);
}

async function showKilledCommand({ terminal, tidemark, checks, folder, signal }: Stage): Promise<void> {
  const directory = join(folder, 'killed');
  mkdirSync(directory);
  writeFileSync(join(directory, 'package.json'), '{ "name": "killed", "type": "module" }\n');
  writeFileSync(join(directory, 'make.js'), HALF);
  const flags = ['--in', 'make.js', '--out', 'made/**', '--pass-env', 'PAUSE'];
  const command = ['node', 'make.js'];
  const paused = join(folder, 'paused');
  const call = tidemark.start(['run', ...flags, '--', ...command], { directory, env: { PAUSE: paused } });
  const pid = (): number => (existsSync(paused) ? Number.parseInt(readFileSync(paused, 'utf8'), 10) || 0 : 0);
  try {
    const isHalf = await until(() => pid() > 0, { patience: PATIENCE, signal });
    if (isHalf === undefined) throw new Trouble('A command that was to make half of its files has made none.');
  } finally {
    // What it has started isn't ended by its end.
    const started = pid();
    const ended = call.kill();
    if (started > 0) process.kill(started, 'SIGKILL');
    await ended;
  }
  const half = treeOf(join(directory, 'made')).size;
  terminal.say(`kill -9, when ${half} of ${FILES} files were made.`);
  const next = await tidemark.command(command, { directory }, flags);
  checks.add('the next run', next.outcome, next.outcome === 'ran' && next.stored === 'new');
  const made = treeOf(join(directory, 'made'));
  checks.add('what it has made', `${made.size} files`, made.size === FILES && half < FILES);
  rmSync(join(directory, 'made'), { recursive: true });
  const back = await tidemark.command(command, { directory }, flags);
  checks.add('removed, and brought back', ...sameTree(made, treeOf(join(directory, 'made'))));
  checks.add('without a run', back.outcome, back.outcome === 'hit');
}

/** At moments that are spread over the time that it takes. */
async function showKilledRestore(stage: Stage, workspace: Monorepo, kills: number): Promise<void> {
  const { terminal, tidemark, checks, signal } = stage;
  const { directory, packages } = workspace;
  const dists = packages.map((one) => join(one.directory, 'dist'));
  const right = treeOf(join(directory, 'packages'));
  const remove = (): void => dists.forEach((dist) => rmSync(dist, { recursive: true, force: true }));
  remove();
  const { ms } = await tidemark.tasks(['build'], { directory });
  let [killed, halfway] = [0, 0];
  for (let n = 1; n <= kills; n++) {
    terminal.working(`kill -9: ${n} of ${kills}`);
    remove();
    const call = tidemark.start(['run', 'build'], { directory });
    await pause((ms * n) / (kills + 1), undefined, { signal });
    if (await call.kill()) killed++;
    const back = dists.filter((dist) => existsSync(dist)).length;
    if (back > 0 && back < dists.length) halfway++;
  }
  const moments = `when some of ${packages.length} packages were back ${halfway} times`;
  terminal.say(`kill -9, ${killed} times while packages were brought back, ${moments}.`);
  const { ran } = await runAll(stage, workspace);
  const found: Tree = treeOf(join(directory, 'packages'));
  checks.add('all packages after the next run', ...sameTree(right, found));
  checks.add('tasks that had to run for that', `${ran.length}`, ran.length === 0);
}

/** One bit, in the middle. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 1;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
  chmodSync(path, 0o444);
}
