/** A migration changes nothing in the directory that it reads, and doesn't read one that is in use. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { expect, onTestFinished, test } from 'vitest';
import { migrateLevelCache } from 'tidemark/embedded/migrate';
import { levelDirectory, manyRows, stateOf } from './level-directory.ts';
import { freshPath } from './opened.ts';

/** Tables, and rows that are still in the log. */
const source = () => levelDirectory(manyRows(2000), manyRows(2000, 'b', { x: 9e15 }), manyRows(100, 'c'));

test('no file of it is changed, renamed, made or removed, not even its times', async () => {
  const from = await source();
  const before = stateOf(from);
  expect(Object.keys(before)).toContain('CURRENT');
  const result = await migrateLevelCache({ from, to: freshPath() });
  expect(result.copied).toBe(4100);
  expect(stateOf(from)).toEqual(before);
});

test('whereas opening it with LevelDB, as a naive migration would, does change it', async () => {
  const from = await source();
  const before = stateOf(from);
  const level = new ClassicLevel(from);
  await level.open();
  await level.close();
  expect(stateOf(from)).not.toEqual(before);
});

test('it can be opened by its program afterwards, and has all its rows', async () => {
  const from = await source();
  await migrateLevelCache({ from, to: freshPath() });
  const level = new ClassicLevel(from);
  expect(await level.keys().all()).toHaveLength(4100);
  await level.close();
});

test('a directory without a lock file, or one that must not be written to, is read as well', async () => {
  const from = await levelDirectory(manyRows(10));
  rmSync(join(from, 'LOCK'));
  chmodSync(from, 0o555);
  onTestFinished(() => chmodSync(from, 0o755));
  const before = stateOf(from);
  expect(await migrateLevelCache({ from, to: freshPath() })).toMatchObject({ copied: 10 });
  expect(stateOf(from)).toEqual(before);
});

/** Locks are between processes: what this one has open itself is looked up where the system lists it. */
const listsOpenFiles = existsSync('/proc/self/fd');

test.runIf(listsOpenFiles)(
  'one that is open in this process is refused, and stays locked (where the system lists open files)',
  async () => {
    const from = await source();
    const level = new ClassicLevel(from);
    await level.open();
    const before = stateOf(from);
    const to = freshPath();
    await expect(migrateLevelCache({ from, to })).rejects.toMatchObject({ code: 'in_use' });
    expect(stateOf(from)).toEqual(before);
    expect(existsSync(to)).toBe(false);
    const other = holder(from);
    expect(await firstWord(other)).toBe('locked');
    await level.close();
    expect(await migrateLevelCache({ from, to })).toMatchObject({ copied: 4100 });
  },
);

test('one that another process has open is refused, and read once that process is gone', async () => {
  const from = await source();
  const other = holder(from);
  expect(await firstWord(other)).toBe('open');
  const before = stateOf(from);
  const to = freshPath();
  await expect(migrateLevelCache({ from, to })).rejects.toMatchObject({
    code: 'in_use',
    message: expect.stringContaining(from),
  });
  expect(stateOf(from)).toEqual(before);
  other.kill('SIGKILL');
  await once(other, 'exit');
  expect(await migrateLevelCache({ from, to })).toMatchObject({ copied: 4100 });
});

test('nobody can open it while it is read', async () => {
  const from = await source();
  const answers: string[] = [];
  const onProgress = () => {
    const { stdout } = spawnSync(process.execPath, holding(from, 'process.exit()'), { encoding: 'utf8' });
    answers.push(stdout.trim());
  };
  await migrateLevelCache({ from, to: freshPath(), onProgress, batchSize: 5000 });
  expect(answers).toEqual(['locked', 'locked']);
  onProgress();
  expect(answers.at(-1)).toBe('open');
});

test('one that is written to all the same, past its lock, is noticed', async () => {
  const from = await levelDirectory(manyRows(10));
  const log = join(from, readdirSync(from).find((name) => name.endsWith('.log')) ?? '');
  const onProgress = () => appendFileSync(log, 'more');
  await expect(migrateLevelCache({ from, to: freshPath(), onProgress })).rejects.toMatchObject({ code: 'in_use' });
});

test('a damaged one is an error that says so', async () => {
  const from = await source();
  const manifest = readdirSync(from).find((name) => name.startsWith('MANIFEST')) ?? '';
  truncateSync(join(from, manifest), 10);
  const before = stateOf(from);
  await expect(migrateLevelCache({ from, to: freshPath() })).rejects.toMatchObject({ code: 'bad_bytes' });
  expect(stateOf(from)).toEqual(before);
});

test('what is no LevelDB is refused before anything is made', async () => {
  const from = freshPath();
  const to = freshPath();
  await expect(migrateLevelCache({ from, to })).rejects.toMatchObject({ code: 'bad_option' });
  writeFileSync(from, 'a file');
  await expect(migrateLevelCache({ from, to })).rejects.toMatchObject({ code: 'bad_option' });
  expect(existsSync(to)).toBe(false);
});

test('a target within the source is refused', async () => {
  const from = await levelDirectory(manyRows(1));
  const before = stateOf(from);
  for (const to of [from, join(from, 'below')])
    await expect(migrateLevelCache({ from, to })).rejects.toMatchObject({ code: 'bad_option' });
  expect(stateOf(from)).toEqual(before);
});

test('a signal that has been given leaves everything as it is', async () => {
  const from = await levelDirectory(manyRows(10));
  const before = stateOf(from);
  const to = freshPath();
  const migration = migrateLevelCache({ from, to, signal: AbortSignal.abort() });
  await expect(migration).rejects.toMatchObject({ name: 'AbortError' });
  expect(stateOf(from)).toEqual(before);
  expect(existsSync(to)).toBe(false);
});

test('nothing is left of the copy, whether it worked or not', async () => {
  const copies: string[] = [];
  class level extends ClassicLevel {
    constructor(location: string) {
      super(location);
      copies.push(location);
    }
  }
  const from = await levelDirectory(manyRows(10));
  await migrateLevelCache({ from, to: freshPath(), level });
  const aborting = new AbortController();
  const onProgress = () => aborting.abort();
  const aborted = migrateLevelCache({ from, to: freshPath(), level, onProgress, signal: aborting.signal });
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  const other = holder(from);
  expect(await firstWord(other)).toBe('open');
  await expect(migrateLevelCache({ from, to: freshPath(), level })).rejects.toMatchObject({ code: 'in_use' });
  expect(copies).toHaveLength(3);
  expect(copies.filter((copy) => existsSync(copy))).toEqual([]);
});

/** The arguments of a process that opens a database, tells whether it could, and then does something else. */
function holding(folder: string, then: string): string[] {
  const path = JSON.stringify(createRequire(import.meta.url).resolve('classic-level'));
  const program = `
    const { ClassicLevel } = require(${path});
    new ClassicLevel(process.argv[1]).open()
      .then(() => 'open', (error) => error.cause?.code === 'LEVEL_LOCKED' ? 'locked' : String(error))
      .then((word) => process.stdout.write(word, () => { ${then} }));`;
  return ['-e', program, '--', folder];
}

/** A process that opens a database and keeps it open. */
function holder(folder: string): ChildProcess {
  const child = spawn(process.execPath, holding(folder, 'process.stdin.resume()'), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function firstWord(child: ChildProcess): Promise<string> {
  const [data] = (await once(child.stdout!, 'data')) as [Buffer];
  return data.toString().trim();
}
