/** Many processes use one store at once: one record for each key, right bytes, and statistics that add up. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { besideStore } from './bundled-store.ts';
import { recordOf, folder, openStore } from './stores.ts';

const PROCESSES = 8;
const KEYS = 25;

/** What each process runs; it is told its number, the directory, and what to do. */
const PROGRAM = `
import { openBuildStore } from './store.mjs';
const { number, directory, records, same, work } = JSON.parse(process.argv[2]);
const store = openBuildStore({ directory, fsync: 'none' });
const answers = {};
let wrong = 0;
process.stdout.write('ready');
await new Promise((go) => process.stdin.once('data', go));
for (const [i, record] of records.entries()) {
  const text = same ? 'text ' + i : 'text ' + i + ' of ' + number % 2;
  const { digest, size } = store.putBytes(Buffer.from(text));
  store.putBytes(Buffer.from('log of ' + i));
  const outputs = [{ kind: 'file', path: 'a.js', digest, size, mode: 0o644 }];
  try {
    const { stored } = store.store({ ...record, outputs });
    answers[stored] = (answers[stored] ?? 0) + 1;
  } catch (error) {
    if (error.code !== 'store_failed') throw error;
    answers[error.code] = (answers[error.code] ?? 0) + 1;
  }
  const { record: found } = store.lookup(record.key);
  store.count(found ? { hits: 1 } : { misses: 1 });
  for (const output of found?.outputs ?? []) {
    const bytes = store.readBlob(output.digest);
    if (typeof bytes !== 'string' && !Buffer.from(bytes).toString().startsWith('text ' + i)) wrong++;
  }
  if (work === 'prune' && i % 3 === number % 3) store.prune({ maxBytes: 1, grace: 0 });
}
store.close();
process.stdout.write(JSON.stringify({ answers, wrong }));
process.exit();
`;

interface Said {
  readonly answers: Readonly<Record<string, number>>;
  readonly wrong: number;
}

const records = Array.from({ length: KEYS }, (_, i) => recordOf(String(i), {}));

async function together(directory: string, given: object, processes = PROCESSES): Promise<readonly Said[]> {
  const program = await besideStore(PROGRAM);
  const started = Array.from({ length: processes }, (_, number) => {
    const argument = JSON.stringify({ number, directory, records, ...given });
    const child = spawn(process.execPath, [program, argument], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  });
  await Promise.all(started.map((child) => once(child.stdout, 'data')));
  return Promise.all(started.map(said));
}

async function said(child: ChildProcess): Promise<Said> {
  let text = '';
  child.stdout!.on('data', (data) => (text += data));
  const ended = once(child, 'close');
  child.stdin!.end('go');
  expect(await ended).toEqual([0, null]);
  return JSON.parse(text) as Said;
}

const total = (all: readonly Said[], answer: string): number =>
  all.reduce((sum, { answers }) => sum + (answers[answer] ?? 0), 0);

test('of sixteen that store the same, one is first for each key, all agree, and who reads meanwhile reads it right', async () => {
  const directory = folder();
  const all = await together(directory, { same: true }, 16);
  expect(total(all, 'new')).toBe(KEYS);
  expect(total(all, 'present')).toBe(KEYS * 15);
  expect(all.map(({ wrong }) => wrong)).toEqual(all.map(() => 0));
  const store = openStore(directory);
  expect(store.verify()).toEqual({ records: KEYS, blobs: 2 * KEYS, specs: 0, damaged: [] });
  expect(readdirSync(join(directory, 'v1/tmp'))).toEqual([]);
  expect(store.stats()).toMatchObject({ entries: KEYS, hits: KEYS * 16, misses: 0 });
}, 60_000);

test('of eight that store two results, one stays for each key, and every other is told', async () => {
  const directory = folder();
  const all = await together(directory, { same: false });
  expect(total(all, 'new')).toBe(KEYS);
  expect(total(all, 'conflict')).toBe(KEYS * (PROCESSES / 2));
  expect(readdirSync(join(directory, 'v1/conflicts')).toSorted()).toEqual(records.map(({ key }) => key).toSorted());
  expect(openStore(directory).verify().damaged).toEqual([]);
}, 60_000);

test('beside eight that prune all the time without any grace, nobody reads anything wrong', async () => {
  const directory = folder();
  const all = await together(directory, { same: true, work: 'prune' });
  expect(all.map(({ wrong }) => wrong)).toEqual(all.map(() => 0));
  const store = openStore(directory);
  store.verify({ fix: true });
  expect(store.verify().damaged).toEqual([]);
  expect(store.stats()).toMatchObject({ hits: expect.any(Number), lastPruned: expect.any(Number) });
}, 60_000);

test('statistics of processes that are gone are folded into one file, once', async () => {
  const directory = folder();
  await together(directory, { same: true });
  const stats = join(directory, 'v1/stats');
  expect(readdirSync(stats)).toHaveLength(PROCESSES);
  const stores = [openStore(directory), openStore(directory)];
  for (const store of [...stores, ...stores]) expect(store.stats().hits).toBe(KEYS * PROCESSES);
  expect(readdirSync(stats)).toHaveLength(1);
  stores[1].count({ misses: 1 });
  stores[1].close();
  expect(stores[0].stats()).toMatchObject({ hits: KEYS * PROCESSES, misses: 1 });
}, 60_000);
