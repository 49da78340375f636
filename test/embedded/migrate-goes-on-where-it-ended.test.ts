/** A migration may be interrupted at any moment, by a signal or by the death of its process, and taken up again. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openLmdbCache } from 'tidemark/embedded';
import { migrateLevelCache, type MigrationProgress } from 'tidemark/embedded/migrate';
import { program, source } from '../support/program.ts';
import { levelDirectory, manyRows, type Row, SIGN, writeRows } from './level-directory.ts';
import { freshPath, listed } from './opened.ts';

const ROWS: readonly Row[] = [
  ...manyRows(150, 'default'),
  ...manyRows(150, 'other/below', { x: 9e14 }),
  ...manyRows(10, 'expired', { x: 1 }),
  [`damaged${SIGN}1`, 'damaged'],
  [`damaged${SIGN}2`, 'damaged'],
];

/** What a whole migration makes of them. */
const WHOLE = { rows: 312, copied: 300, kept: 0, expired: 10, empty: 0, damaged: 2, verified: { entries: 300 } };

async function contentsOf(path: string) {
  await using cache = await openLmdbCache({ path });
  const { namespaces, totalEntries } = await cache.getStats();
  return {
    namespaces,
    totalEntries,
    first: await listed(cache.withNamespace('default').entries()),
    second: await listed(cache.withNamespace('other').withNamespace('below').entries()),
  };
}

test('however often it is aborted, it ends as one that never was', async () => {
  const from = await levelDirectory(ROWS);
  const straight = freshPath();
  const whole = await migrateLevelCache({ from, to: straight });
  expect(whole).toMatchObject({ ...WHOLE, resumed: false });
  const wanted = await contentsOf(straight);
  expect(wanted.totalEntries).toBe(300);

  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 10, max: 60 }),
      async (aborts, batchSize) => {
        const to = freshPath();
        let interrupted = 0;
        for (const steps of aborts) {
          const controller = new AbortController();
          let left = steps;
          const onProgress = () => --left === 0 && controller.abort();
          const { signal } = controller;
          const ended = await migrateLevelCache({ from, to, batchSize, onProgress, signal }).catch(
            (error: unknown) => error,
          );
          if (ended !== signal.reason) break; // it was done before
          interrupted++;
        }
        const result = await migrateLevelCache({ from, to, batchSize });
        expect(result).toMatchObject({ ...WHOLE, verified: whole.verified });
        expect(result.faults).toEqual(whole.faults);
        if (interrupted === aborts.length) expect(result.resumed).toBe(true);
        expect(await contentsOf(to)).toEqual(wanted);
      },
    ),
    { numRuns: 12 },
  );
}, 60_000);

test('what had been copied is not copied once more', async () => {
  const from = await levelDirectory(ROWS);
  const to = freshPath();
  const controller = new AbortController();
  const seen: MigrationProgress[] = [];
  const onProgress = (progress: MigrationProgress) => {
    seen.push(progress);
    if (progress.rows === 200) controller.abort();
  };
  const options = { from, to, batchSize: 50, onProgress };
  await expect(migrateLevelCache({ ...options, signal: controller.signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(seen.map(({ rows }) => rows)).toEqual([50, 100, 150, 200]);
  seen.length = 0;
  expect(await migrateLevelCache(options)).toMatchObject({ ...WHOLE, resumed: true });
  expect(seen.map(({ phase, rows, compared }) => [phase, phase === 'copying' ? rows : compared])).toEqual([
    ...[250, 300, 312].map((rows) => ['copying', rows]),
    ...[50, 100, 150, 200, 250, 300, 312].map((compared) => ['verifying', compared]),
  ]);
});

test('done, it leaves no note: the same call begins anew, finds all of it there, and keeps what was set since', async () => {
  const from = await levelDirectory(ROWS);
  const to = freshPath();
  await migrateLevelCache({ from, to });
  {
    await using cache = await openLmdbCache({ path: to, namespace: 'default' });
    await cache.set('k0000', 'newer');
    await cache.del('k0001');
  }
  const again = await migrateLevelCache({ from, to });
  expect(again).toMatchObject({ rows: 312, copied: 299, kept: 1, resumed: false, verified: { entries: 299 } });
  await using cache = await openLmdbCache({ path: to, namespace: 'default' });
  expect(await cache.get('k0000')).toBe('newer');
});

test('a source that changed since is not taken up again half old and half new', async () => {
  const from = await levelDirectory(ROWS);
  const to = freshPath();
  const controller = new AbortController();
  const options = { from, to, batchSize: 50 };
  await migrateLevelCache({ ...options, signal: controller.signal, onProgress: () => controller.abort() }).catch(
    () => {},
  );
  await writeRows(from, [[`default${SIGN}k0000`, { v: 'newer' }]]);
  await expect(migrateLevelCache(options)).rejects.toMatchObject({ code: 'bad_option' });
  rmSync(to, { recursive: true });
  expect(await migrateLevelCache(options)).toMatchObject({ ...WHOLE, resumed: false });
});

test('two sources may go to one target, and one be interrupted while the other is copied', async () => {
  const from = await levelDirectory(manyRows(100, 'a'));
  const other = await levelDirectory(manyRows(100, 'b'));
  const to = freshPath();
  const controller = new AbortController();
  const options = { from, to, batchSize: 30 };
  await migrateLevelCache({ ...options, signal: controller.signal, onProgress: () => controller.abort() }).catch(
    () => {},
  );
  expect(await migrateLevelCache({ from: other, to })).toMatchObject({ copied: 100, resumed: false });
  expect(await migrateLevelCache(options)).toMatchObject({ copied: 100, resumed: true });
  await using cache = await openLmdbCache({ path: to });
  expect(await cache.getStats()).toMatchObject({ totalEntries: 200, namespaces: ['a', 'b'] });
});

test('killed at any moment, time and again, it ends as one that never was', async () => {
  const file = await program(`
    import { migrateLevelCache } from ${source('src/embedded/migrate.ts')};
    const [from, to, reads] = process.argv.slice(2);
    let left = Number(reads);
    const now = () => (--left < 0 ? process.kill(process.pid, 'SIGKILL') : Date.now());
    await migrateLevelCache({ from, to, batchSize: 20, clock: { now, after: () => () => {} } });`);
  const from = await levelDirectory(ROWS);
  const straight = freshPath();
  let reads = 0; // of the time, many in every step
  const now = () => (reads++, Date.now());
  const whole = await migrateLevelCache({ from, to: straight, batchSize: 20, clock: { now, after: () => () => {} } });
  expect(reads).toBeGreaterThan(100);
  const to = freshPath();
  for (let kills = 0; kills < 5; kills++) {
    const args = [file, from, to, String(Math.floor(reads / 7) + kills)];
    const { signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
  }
  const result = await migrateLevelCache({ from, to });
  expect(result).toMatchObject({ ...WHOLE, resumed: true, verified: whole.verified });
  expect(await contentsOf(to)).toEqual(await contentsOf(straight));
}, 60_000);
