/** One process among many warms what they share: by a lease, which saves work and which nothing rests on. */
import { expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { createWarmer, warm, type WarmPlan } from 'tidemark/content';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { turn } from '../../../src/engine/turn.ts';
import { Table } from './support.ts';

/** Processes over one backend and one source, with one clock. */
const processes = async (plan: Partial<WarmPlan> = {}) => {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const table = await new Table().fill(20);
  const start = (options: { cut?: boolean } = {}) => {
    const backend = sharedBackend({ space });
    const cache = createCache({ tiers: [memory(), backend], clock });
    const posts = table.repository(cache);
    if (options.cut) backend.cut();
    const warmer = createWarmer({
      cache,
      clock,
      leases: backend.leases,
      plans: [
        {
          name: 'items',
          on: ['startup', 'schedule', 'event:content.publish'],
          scope: 'shared',
          read: () => ['1', '2', '3'].map((id) => warm.item(posts, id)),
          ...plan,
        },
      ],
    });
    return { cache, posts, warmer, backend };
  };
  return { clock, table, start };
};

test('of processes that start together one warms, the others skip, and all are served from what they share', async () => {
  const { table, start } = await processes();
  const [one, two] = [start(), start()];
  const reports = await Promise.all([one.warmer.startup(), two.warmer.startup()]);
  const [skipper, worker] = reports[0].skipped > 0 ? [one, two] : [two, one];
  const [skipped, worked] = reports[0].skipped > 0 ? reports : [reports[1], reports[0]];
  expect(skipped).toMatchObject({ warmed: 0, skipped: 1, plans: [{ skipped: 'lease' }] });
  expect(worked).toMatchObject({ warmed: 3, skipped: 0, plans: [{ skipped: undefined }] });
  expect(worker.warmer.stats().plans['items']).toMatchObject({ runs: 1, skipped: 0, warmed: 3 });
  expect(skipper.warmer.stats().plans['items']).toMatchObject({ runs: 1, skipped: 1, warmed: 0 });
  const { reads } = table;
  for (const id of ['1', '2', '3']) expect(await skipper.posts.findById(id)).toBeDefined();
  expect(table.reads).toBe(reads);
  await Promise.all([one.cache.close(), two.cache.close()]);
});

test('a plan for isolates is read by each: it is their memory that it warms', async () => {
  const { start } = await processes({ scope: 'isolate' });
  const [one, two] = [start(), start()];
  const reports = await Promise.all([one.warmer.startup(), two.warmer.startup()]);
  expect(reports.map(({ warmed }) => warmed)).toEqual([3, 3]);
  expect(two.posts).not.toBe(one.posts);
  await Promise.all([one.cache.close(), two.cache.close()]);
});

test('a holder that dies is replaced when its lease has ended', async () => {
  const { clock, table, start } = await processes();
  const [one, two] = [start(), start()];
  table.door.shut();
  void one.warmer.startup(); // and never hears of anything again
  await turn();
  one.backend.cut();
  expect(await two.warmer.scheduled()).toMatchObject({ skipped: 1 });
  await clock.advanceAsync(59_999);
  expect(await two.warmer.scheduled()).toMatchObject({ skipped: 1 });
  await clock.advanceAsync(1);
  table.door.open();
  const replaced = two.warmer.scheduled();
  await clock.advanceAsync(0);
  expect(await replaced).toMatchObject({ skipped: 0, warmed: 3 });
});

test('what went well is left alone for as long as the lease lasts; what failed may be tried by another at once', async () => {
  let works = false;
  const read = async () => {
    if (!works) throw new Error('no database');
  };
  const { clock, start } = await processes({ read: () => [read] });
  const [one, two] = [start(), start()];
  expect(await one.warmer.scheduled()).toMatchObject({ failed: 1, skipped: 0 });
  works = true;
  expect(await two.warmer.scheduled()).toMatchObject({ warmed: 1, skipped: 0 });
  expect(await one.warmer.scheduled()).toMatchObject({ warmed: 0, skipped: 1 });
  await clock.advanceAsync(60_000);
  expect(await one.warmer.scheduled()).toMatchObject({ warmed: 1, skipped: 0 });
});

test('one that is given up lets go of its lease', async () => {
  const { start } = await processes({ read: () => [() => new Promise(() => {})] });
  const [one, two] = [start(), start()];
  const given = new AbortController();
  const run = one.warmer.scheduled({ signal: given.signal });
  await turn();
  given.abort();
  expect(await run).toMatchObject({ ended: 'aborted' });
  const other = two.warmer.scheduled({ signal: AbortSignal.timeout(0) });
  expect(await other).toMatchObject({ skipped: 0, ended: 'aborted' });
});

test('an event is warmed by the process that has it', async () => {
  const { start } = await processes();
  const [one, two] = [start(), start()];
  await one.warmer.startup();
  expect(await two.warmer.published('1')).toMatchObject({ warmed: 3, skipped: 0 });
});

test('without an answer of the backend the plan is read as well', async () => {
  const { clock, start } = await processes({ read: () => [async () => {}] });
  const { warmer } = start({ cut: true });
  expect(await warmer.startup()).toMatchObject({ warmed: 1, skipped: 0 });
  const never = { acquire: () => new Promise<undefined>(() => {}), released: () => Promise.resolve() };
  const cache = createCache({ clock });
  const plans = [{ name: 'one', scope: 'shared', on: ['startup'], read: () => [async () => {}] }] as const;
  const run = createWarmer({ cache, clock, leases: never, plans }).startup();
  await clock.advanceAsync(1000);
  expect(await run).toMatchObject({ warmed: 1, ms: 1000 });
});

test('of processes with a timer each period has one warm-up, whatever their phases', async () => {
  let reads = 0;
  const { clock, start } = await processes({ read: () => [async () => void reads++] });
  const runs: number[] = [];
  for (const phase of [0, 7_000, 140_000, 290_000]) {
    await clock.advanceAsync(phase - (runs.at(-1) ?? 0));
    runs.push(phase);
    start().warmer.every('5m');
  }
  await clock.advanceAsync(20_000); // the first is due just before
  reads = 0;
  for (let period = 0; period < 10; period++) await clock.advanceAsync(300_000);
  expect(reads).toBeGreaterThanOrEqual(9);
  expect(reads).toBeLessThanOrEqual(12);
});
