/** A process that hears nothing from the log serves what it held for no longer than the bound that it states. */
import { describe, expect, test } from 'vitest';
import { type Cache, createCache, type Events, memory } from 'tidemark';
import { diskStore, Disk, manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { deferred, idle } from '../support/deferred.ts';

/** Two processes on one space; `truth` is what loaders see. */
function two(options: { readonly maxSilence?: '3s' | number; readonly disk?: Disk } = {}) {
  const clock = manualClock();
  const wall = { jump: 0, now: () => clock.now() + wall.jump, after: clock.after.bind(clock) };
  const space = new SharedSpace({ clock });
  const source = { truth: 1, loads: 0 };
  const { disk, ...rest } = options;
  const join = () => {
    const link = sharedBackend({ space });
    const tiers = [memory({ clock: wall }), ...(disk ? [diskStore({ disk })] : []), link];
    const cache: Cache = createCache({ name: 'shop', clock: wall, tiers, ...rest });
    const values = cache.define<number>('value', {
      load: () => (source.loads++, source.truth),
      ttl: '1h',
      staleFor: '1h',
      graceFor: '1h',
    });
    return { cache, link, values };
  };
  return { clock, wall, space, source, a: join(), b: join() };
}

describe('a process that is cut off', () => {
  test('serves what it held until the bound, and then what it loads itself', async () => {
    const { clock, source, a, b } = two({ maxSilence: '3s' });
    expect(await b.values.get('k')).toBe(1);
    await clock.advanceAsync(100);
    b.link.cut();
    source.truth = 2;
    expect((await a.values.invalidate('k')).reach).toBe('everywhere');
    await clock.advanceAsync(2000);
    expect(b.values.peek('k')).toBe(1); // within the bound
    await clock.advanceAsync(2000);
    expect(b.values.peek('k')).toBeUndefined();
    expect(await b.values.get('k')).toBe(2);
    expect(b.cache.stats().log).toMatchObject({ silent: true });
  });

  test('keeps what it loads itself, for no longer than the bound', async () => {
    const { clock, source, b } = two({ maxSilence: '3s' });
    await b.values.get('k');
    b.link.cut();
    await clock.advanceAsync(5000);
    source.loads = 0;
    for (let i = 0; i < 10; i++) expect(await b.values.get('k')).toBe(1);
    expect(source.loads).toBe(1);
    source.truth = 2;
    await clock.advanceAsync(2900);
    expect(await b.values.get('k')).toBe(1);
    await clock.advanceAsync(200); // older than the bound: neither fresh nor stale nor in grace
    expect(await b.values.get('k')).toBe(2);
  });

  test('makes one load for all who read at the same time', async () => {
    const { clock, source, b } = two({ maxSilence: '3s' });
    await b.values.get('first');
    b.link.cut();
    await clock.advanceAsync(5000);
    source.loads = 0;
    const all = Array.from({ length: 50 }, () => b.values.get('k'));
    expect(new Set(await Promise.all(all))).toEqual(new Set([1]));
    expect(source.loads).toBe(1);
  });

  test('believes no slower tier either', async () => {
    const disk = new Disk();
    const { clock, source, a, b } = two({ maxSilence: '3s', disk });
    await b.values.get('k');
    await clock.advanceAsync(100);
    b.link.cut();
    source.truth = 2;
    await a.values.invalidate('k');
    expect(b.cache.stats().tiers.map(({ distrusted }) => distrusted)).toEqual(['no', 'no', 'no']);
    await clock.advanceAsync(4000);
    expect(b.cache.stats().tiers.map(({ distrusted }) => distrusted)).toEqual(['no', 'wholly', 'wholly']);
    const { tiers } = await b.cache.explain(['value', 'k']);
    expect(tiers[1]).toMatchObject({ found: true, served: false, why: expect.stringContaining('silent') as string });
    expect(await b.values.get('k', { load: false })).toBeUndefined();
    expect(await b.values.get('k')).toBe(2);
  });

  test('remembers nothing in a memo either', async () => {
    const { clock, source, a, b } = two({ maxSilence: '3s' });
    const memo = b.cache.memo();
    expect(await memo.get(b.values, 'k')).toBe(1);
    b.link.cut();
    source.truth = 2;
    await a.values.invalidate('k');
    await clock.advanceAsync(4000);
    expect(await memo.get(b.values, 'k')).toBe(2);
  });

  test('tells that it dropped what it held, once', async () => {
    const { clock, b } = two({ maxSilence: '3s' });
    const gaps: Events['gap'][] = [];
    b.cache.on('gap', (gap) => gaps.push(gap));
    await b.values.get('k');
    b.link.cut();
    await clock.advanceAsync(20_000);
    expect(gaps).toEqual([{ reason: 'silence' }]);
  });

  test('follows again when the log is back, and drops nothing that it has loaded and nobody changed', async () => {
    const { clock, source, a, b } = two({ maxSilence: '3s' });
    await b.values.get('changed');
    b.link.cut();
    await clock.advanceAsync(5000);
    await b.values.get('kept');
    await b.values.get('changed');
    source.truth = 2;
    await a.values.invalidate('changed');
    b.link.mend();
    await clock.advanceAsync(1100);
    expect(b.cache.stats().log).toMatchObject({ silent: false });
    expect(b.values.peek('kept')).toBe(1);
    expect(b.values.peek('changed')).toBeUndefined();
    expect(await b.values.get('changed')).toBe(2);
  });

  test('finds out within a second or so that the log is back, however long its breaker would wait', async () => {
    const { clock, b } = two();
    await b.values.get('k');
    b.link.cut();
    await clock.advanceAsync(120_000);
    expect(b.cache.stats().tiers[1].breaker).toBe('open');
    b.link.mend();
    await clock.advanceAsync(1100);
    expect(b.cache.stats().log).toMatchObject({ silent: false });
    expect(b.cache.stats().tiers[1].breaker).toBe('closed');
  });

  test('serves on for as long as it lasts, if it is told to', async () => {
    const { clock, source, a, b } = two({ maxSilence: Infinity });
    await b.values.get('k');
    b.link.cut();
    source.truth = 2;
    await a.values.invalidate('k');
    await clock.advanceAsync(600_000);
    expect(b.values.peek('k')).toBe(1);
  });
});

test('a load that began before the silence was too long and ends after counts from its beginning', async () => {
  const { clock, source, b } = two({ maxSilence: '3s' });
  const slow = deferred<number>();
  let loads = 0;
  const values = b.cache.define<number>('slow', {
    load: () => (loads++ === 0 ? slow.promise : source.truth),
    ttl: '1h',
  });
  await b.values.get('k');
  b.link.cut();
  await clock.advanceAsync(2000);
  const read = values.get('k');
  await clock.advanceAsync(2500);
  source.truth = 2;
  slow.resolve(1);
  expect(await read).toBe(1);
  await clock.advanceAsync(400);
  expect(values.peek('k')).toBe(1);
  await clock.advanceAsync(200); // three seconds after the load began
  expect(await values.get('k')).toBe(2);
});

test('nobody joins a load that began longer ago than the bound', async () => {
  const { clock, source, b } = two({ maxSilence: '3s' });
  const hanging = deferred<number>();
  let loads = 0;
  const values = b.cache.define<number>('slow', { load: () => (loads++ === 0 ? hanging.promise : source.truth) });
  await b.values.get('k');
  b.link.cut();
  const before = values.get('k');
  await clock.advanceAsync(6000);
  source.truth = 2;
  expect(await values.get('k')).toBe(2);
  hanging.resolve(1);
  expect(await before).toBe(1);
});

test('a process that stood still itself drops what it held before it serves any of it', async () => {
  const { clock, wall, source, a, b } = two({ maxSilence: '3s' });
  await b.values.get('k');
  await clock.advanceAsync(10);
  b.link.cut();
  source.truth = 2;
  await a.values.invalidate('k');
  wall.jump = 3_600_000; // no timer has fired when it goes on
  expect(await b.values.get('k')).toBe(2);
});

test('a clock that is set back makes the bound no longer', async () => {
  const { clock, wall, source, a, b } = two({ maxSilence: '3s' });
  await b.values.get('k');
  await clock.advanceAsync(10);
  b.link.cut();
  source.truth = 2;
  await a.values.invalidate('k');
  wall.jump = -3_600_000;
  await clock.advanceAsync(5000);
  expect(await b.values.get('k')).toBe(2);
});

test('what has been heard counts from when it was asked, not from when it was answered', async () => {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  let held: (() => void) | undefined;
  const gate = (operation: string) =>
    operation === 'read answer' ? new Promise<void>((go) => (held = go)) : Promise.resolve();
  const cache = createCache({ clock, tiers: [memory({ clock }), sharedBackend({ space, gate })] });
  await idle();
  const heardAt = clock.now();
  await clock.advanceAsync(1000); // the follower asks
  await clock.advanceAsync(700);
  held!();
  await idle();
  expect(clock.now() - cache.stats().log.silentFor).toBe(heardAt + 1000);
});

test('a log in this process is never too silent', async () => {
  const clock = manualClock();
  const cache = createCache({ clock, tiers: [memory({ clock })], maxSilence: '1s' });
  const values = cache.define<number>('value', { load: () => 1 });
  await values.get('k');
  await clock.advanceAsync(3_600_000);
  expect(values.peek('k')).toBe(1);
  expect(cache.stats().log.silent).toBe(false);
});
