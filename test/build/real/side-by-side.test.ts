/** Many processes that run the same task at once: each clone comes out right, and one result is kept. */
import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { openBuildStore } from 'tidemark/build';
import { program, source } from '../../support/program.ts';
import { until } from '../commands.ts';
import { whyNoTrace } from '../../../src/build/trace/trace.ts';
import { run, write } from './projects.ts';
import { runningProgram } from './running-program.ts';
import { temporary } from './temporary.ts';
import { treeOf } from './trees.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const why = whyNoTrace();
const isRequired = process.env['REQUIRE_ALL'] === '1';
const start = await runningProgram(afterAll);

const WORK = {
  command: 'mkdir -p dist; for n in 1 2 3 4 5 6 7 8; do cat src/a >dist/$n; done; echo made',
  inputs: ['src/**'],
  outputs: ['dist/**'],
};
const MADE = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`dist/${n + 1}`, '644 a\n']));

function place() {
  const { folder, remove } = temporary();
  onTestFinished(remove);
  const home = folder();
  const options = { directory: join(home, 'cache'), state: join(home, 'state'), find: 'everything' } as const;
  const clone = (): string => {
    const root = folder();
    write(root, { 'src/a': 'a\n', 'notes/mine': 'mine' });
    return root;
  };
  return { options, clone, meeting: folder() };
}

test('sixteen in sixteen clones with one store: each is right, with one record and no conflict', async () => {
  const { options, clone } = place();
  const roots = Array.from({ length: 16 }, clone);
  const results = await Promise.all(roots.map((root) => start({ task: { workspace: root, ...WORK }, options })));
  for (const result of results) expect(result).toMatchObject({ exitCode: 0, printed: 'made\n', errors: '' });
  const stored = results.map((result) => (result.killed ? 'killed' : (result.stored ?? result.outcome)));
  expect(stored.filter((how) => how === 'new')).toHaveLength(1);
  expect(stored.filter((how) => !['new', 'present', 'hit'].includes(how))).toEqual([]);
  for (const root of roots) {
    expect(treeOf(root)).toMatchObject({ ...MADE, 'notes/mine': '644 mine' });
    expect(Object.keys(treeOf(root))).toHaveLength(Object.keys(MADE).length + 5);
  }
  const store = openBuildStore({ directory: options.directory });
  expect(store.verify()).toMatchObject({ records: 1, damaged: [] });
  const { hits, misses } = store.stats();
  expect(hits + misses).toBe(16);
});

test.each([
  { how: 'declared', work: WORK },
  { how: 'found', work: { command: WORK.command } },
])('eight in the same clone, inputs $how: nothing half is kept, and it ends right', async ({ work }) => {
  const { options, clone } = place();
  const root = clone();
  const other = clone();
  const task = { workspace: root, ...work };
  const results = await Promise.all(Array.from({ length: 8 }, () => start({ task, options })));
  for (const result of results) expect(result).toMatchObject({ exitCode: 0 });
  expect(await run(root, work, options)).toMatchObject({ exitCode: 0 });
  expect(treeOf(root)).toMatchObject(MADE);
  await run(other, work, options);
  expect(treeOf(other)).toMatchObject(MADE);
  expect(openBuildStore({ directory: options.directory }).verify().damaged).toEqual([]);
});

/** Removes all that is kept, whether or not anybody uses it, again and again until a file is there. */
const PRUNING = `
import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { openBuildStore } from ${source('src/build/build-store.ts')};
const [directory, end] = process.argv.slice(2);
const store = openBuildStore({ directory, fsync: 'none' });
let records = 0;
for (let n = 0; !fs.existsSync(end); n++) {
  records += store.prune({ maxBytes: 1, grace: 0 }).records;
  await delay(n % 20);
}
process.stdout.write(String(records));
`;

test('what is pruned while it is brought back or kept is made again: it is right each time', async () => {
  const { options, clone, meeting } = place();
  const root = clone();
  await run(root, WORK, options);
  const end = join(meeting, 'end');
  const pruning = promisify(execFile)(process.execPath, [await program(PRUNING), options.directory, end]);
  for (let n = 0; n < 40; n++) {
    const text = `a ${n % 2}\n`;
    rmSync(join(root, 'dist'), { recursive: true });
    write(root, { 'src/a': text });
    expect(await run(root, WORK, options), `run ${n}`).toMatchObject({ exitCode: 0, printed: 'made\n' });
    expect(treeOf(root), `run ${n}`).toMatchObject({ 'dist/1': `644 ${text}`, 'dist/8': `644 ${text}` });
  }
  writeFileSync(end, '');
  expect(Number((await pruning).stdout)).toBeGreaterThan(0);
  const { damaged } = openBuildStore({ directory: options.directory }).verify();
  expect(damaged.filter(({ reason }) => reason !== 'blob missing')).toEqual([]);
});

/** A command that runs beside another: each goes on as far as the other lets it, or until the test is over. */
const beside = (meeting: string, one: string, two: string): string =>
  `tell() { : >${meeting}/$1; }; hear() { while [ -d ${meeting} ] && [ ! -e ${meeting}/$1 ]; do sleep 0.01; done; }; if [ "$RUN" ]; then ${one}; else ${two}; fi`;

test.each(['declared', 'everything', 'observed'] as const)(
  'what another run of the same task is in the midst of writing isn’t kept (inputs %s)',
  async (find) => {
    if (find === 'observed' && why !== undefined && !isRequired) return;
    const { options, clone, meeting } = place();
    const [root, other] = [clone(), clone()];
    const command = beside(
      meeting,
      'mkdir -p dist; cat src/a >dist/a; tell made; hear emptied',
      'mkdir -p dist; hear made; : >dist/a; tell emptied; hear kept; cat src/a >dist/a',
    );
    const work = {
      command,
      passEnv: ['RUN'],
      ...(find === 'declared' && { inputs: ['src/**'], outputs: ['dist/**'] }),
    };
    const settings = { ...options, find: find === 'observed' ? find : 'everything' } as const;
    const second = run(root, work, settings);
    const first = await run(root, work, { ...settings, environment: { ...process.env, RUN: 'first' } });
    expect(first).toMatchObject({ outcome: 'ran', exitCode: 0, notStored: { reason: 'others ran' } });
    writeFileSync(join(meeting, 'kept'), '');
    expect(await second).toMatchObject({ outcome: 'ran', exitCode: 0 });
    expect(treeOf(root)).toMatchObject({ 'dist/a': '644 a\n' });
    await run(other, work, settings);
    expect(treeOf(other)).toMatchObject({ 'dist/a': '644 a\n' });
  },
);

test('what comes back while another task looks at what it makes isn’t taken for its work', async () => {
  const { options, clone, meeting } = place();
  const [root, other] = [clone(), clone()];
  await run(other, WORK, options);
  const work = { command: beside(meeting, ':', 'tell begun; hear back; mkdir -p made; cp src/a made/a') };
  const looking = run(root, work, options);
  await until(() => existsSync(join(meeting, 'begun')));
  expect(await run(root, WORK, options)).toMatchObject({ outcome: 'hit', restored: { written: 8 } });
  writeFileSync(join(meeting, 'back'), '');
  expect(await looking).toMatchObject({ outcome: 'ran', exitCode: 0, notStored: { reason: 'others ran' } });
});

test('a command that goes on, though the run that started it was killed, spoils no other’s result', async () => {
  const { options, clone, meeting } = place();
  const [root, other] = [clone(), clone()];
  const command = beside(
    meeting,
    // It is killed once it has said which processes work for it.
    `while [ -d ${meeting} ] && ! cat ${options.state}/*/running/* | grep -q .; do sleep 0.01; done; kill -9 $RUN; hear made; echo old >dist/a; tell spoilt; hear end`,
    'mkdir -p dist; cat src/a >dist/a; tell made; hear spoilt',
  );
  const work = { command, passEnv: ['RUN'], inputs: ['src/**'], outputs: ['dist/**'] };
  expect(await start({ task: { workspace: root, ...work }, options, kills: true })).toMatchObject({ killed: true });
  const spoilt = await run(root, work, options);
  writeFileSync(join(meeting, 'end'), '');
  expect(spoilt).toMatchObject({ outcome: 'ran', notStored: { reason: 'others ran' } });
  await run(other, work, options);
  expect(treeOf(other)).toMatchObject({ 'dist/a': '644 a\n' });
});
