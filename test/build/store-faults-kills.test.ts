/** A process that is killed at any step of storing leaves a store that is right, and in which the next run succeeds. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { besideStore } from './bundled-store.ts';
import { filesOf, folder, HandClock, HOUR, openStore, recordOf, sha256, spec } from './stores.ts';

/** Changes nothing any more from its n-th call on that could change the disk: it is dead. */
const PROGRAM = `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const { directory, record, weak, spec, texts, steps } = JSON.parse(process.argv[2]);
let left = steps;
for (const name of ['openSync', 'writeSync', 'fchmodSync', 'futimesSync', 'linkSync', 'renameSync', 'mkdirSync', 'rmSync', 'unlinkSync']) {
  const real = fs[name];
  fs[name] = (...args) => {
    if (left-- === 0) process.kill(process.pid, 'SIGKILL');
    return real(...args);
  };
}
syncBuiltinESMExports();
const { openBuildStore } = await import('./store.mjs');
const store = openBuildStore({ directory, fsync: 'none' });
for (const text of texts) store.putBytes(Buffer.from(text));
store.addSpec(weak, spec);
store.store(record);
store.count({ misses: 1, storeMs: 1 });
store.close();
`;

const ATONCE = 4;
const texts = ['a', 'log of build'];
const record = recordOf('build', { 'a.js': 'a' });
const weak = sha256('weak');

test('kill -9 before each step of a store: what is there is whole, and the next run stores the rest', async () => {
  const program = await besideStore(PROGRAM);
  let killed = 0;
  for (let first = 0, done = false; !done; first += ATONCE) {
    const steps = Array.from({ length: ATONCE }, (_, i) => first + i);
    const ended = await Promise.all(steps.map((step) => killedAt(program, step)));
    killed += ended.filter((one) => one === 'killed').length;
    done = ended.includes('done');
  }
  expect(killed).toBeGreaterThan(40);
}, 120_000);

async function killedAt(program: string, steps: number): Promise<'killed' | 'done'> {
  const [directory, clock] = [folder(), new HandClock()];
  const argument = JSON.stringify({ directory, record, weak, spec: spec('src/**'), texts, steps });
  const child = spawn(process.execPath, [program, argument], { stdio: 'inherit' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect([code, signal], `step ${steps}`).toEqual(code === null ? [null, 'SIGKILL'] : [0, null]);

  const store = openStore(directory, { clock });
  expect(store.verify().damaged, `step ${steps}`).toEqual([]);
  const found = store.lookup(record.key);
  expect([record, undefined]).toContainEqual(found.record);
  expect([[], [spec('src/**')]]).toContainEqual(store.specs(weak));
  const inPlace = /^v1\/(?:layout\.json|(?:blobs|records|specs)\/..\/[0-9a-f]{64}(?:\.json)?|stats\/.*\.json|tmp\/.*)$/;
  expect([...filesOf(directory).keys()].filter((path) => !inPlace.test(path))).toEqual([]);

  for (const text of texts) store.putBytes(Buffer.from(text));
  store.addSpec(weak, spec('src/**'));
  expect(store.store(record)).toEqual({ stored: found.record ? 'present' : 'new' });
  expect(store.lookup(record.key).record).toEqual(record);
  for (const text of texts) expect(Buffer.from(store.readBlob(sha256(text)) as Uint8Array).toString()).toBe(text);
  expect(store.stats()).toMatchObject({ entries: 1, blobs: 2, hits: 0 });
  store.close();

  clock.time += 3 * HOUR;
  openStore(directory, { clock });
  expect(readdirSync(join(directory, 'v1/tmp'))).toEqual([]);
  return signal === null ? 'done' : 'killed';
}
