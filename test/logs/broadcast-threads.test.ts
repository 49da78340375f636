/** The threads of a process share a broadcast log: what one says the others follow, also when the first of them ends. */
import { Worker } from 'node:worker_threads';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { program, source } from '../support/program.ts';

const workers: Worker[] = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
});

/** A thread with a cache over the log; it does what it is told by messages. */
const text = `
  import { parentPort, workerData } from 'node:worker_threads';
  import { createCache } from ${source('src/index.ts')};
  import { broadcastLog } from ${source('src/logs/broadcast.ts')};
  const cache = createCache({ log: broadcastLog({ name: workerData }) });
  let value = 0;
  const price = cache.define('price', { load: () => value });
  const does = {
    turnTo: (now) => void (value = now),
    get: () => price.get('tea'),
    invalidate: async () => (await price.invalidate('tea')).reach,
    incarnation: () => cache.stats().log.incarnation,
  };
  parentPort.on('message', async ([what, argument]) => parentPort.postMessage(await does[what](argument)));
`;

function thread(file: string, name: string): (what: string, argument?: unknown) => Promise<unknown> {
  const worker = new Worker(file, { workerData: name });
  workers.push(worker);
  const failed = new Promise((_, reject) => worker.once('error', reject));
  failed.catch(() => {}); // told to whoever waits
  return (what, argument) => {
    const answered = new Promise((resolve) => worker.once('message', resolve));
    worker.postMessage([what, argument]);
    return Promise.race([answered, failed]);
  };
}

test('threads follow each other, and go on when the keeper is terminated', { timeout: 60_000 }, async () => {
  const name = randomUUID();
  const file = await program(text);
  const first = thread(file, name);
  await expect.poll(() => first('incarnation'), { timeout: 10_000 }).not.toBe('');
  const [one, two] = [thread(file, name), thread(file, name)];
  for (const each of [one, two]) {
    await expect.poll(() => each('incarnation'), { timeout: 10_000 }).toBe(await first('incarnation'));
    await each('turnTo', 5);
    expect(await each('get')).toBe(5);
  }
  for (let value = 6; value < 16; value++) {
    const [says, follows] = value % 2 ? [one, two] : [two, one];
    for (const each of [one, two]) await each('turnTo', value);
    expect(await says('invalidate')).toBe('everywhere');
    await expect.poll(() => follows('get'), { timeout: 5000, interval: 5 }).toBe(value);
  }
  const before = await one('incarnation');
  await workers[0].terminate();
  for (const each of [one, two]) await each('turnTo', 20);
  await expect.poll(() => one('invalidate'), { timeout: 10_000 }).toBe('everywhere');
  await expect.poll(() => two('get'), { timeout: 5000, interval: 5 }).toBe(20);
  await expect.poll(() => two('incarnation'), { timeout: 5000 }).toBe(await one('incarnation'));
  expect(await one('incarnation')).not.toBe(before);
});

test('a log that is open keeps no process alive', { timeout: 30_000 }, async () => {
  const file = await program(`
    import { broadcastLog } from ${source('src/logs/broadcast.ts')};
    const log = broadcastLog({ name: 'alone' });
    log.position({ signal: new AbortController().signal }).catch(() => {});
  `);
  expect(spawnSync(process.execPath, [file], { timeout: 20_000 }).status).toBe(0);
});
