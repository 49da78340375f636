/** What a warmer reads, when, in what order, and what it says about it. */
import { describe, expect, test } from 'vitest';
import { createCache } from 'tidemark';
import {
  createCatalogue,
  createContent,
  createRepository,
  createWarmer,
  memorySource,
  warm,
  type WarmRead,
} from 'tidemark/content';
import { manualClock } from 'tidemark/testing';
import { turn } from '../../../src/engine/turn.ts';
import { type Post, post, published, Table } from './support.ts';

const cold = async (count = 10) => {
  const clock = manualClock();
  const cache = createCache({ clock });
  const table = await new Table().fill(count);
  return { clock, cache, table, posts: table.repository(cache) };
};

/** Reads that note their names; those whose name is in `held` wait for `free`. */
const noting = () => {
  const order: string[] = [];
  let free!: () => void;
  const held = new Promise<void>((resolve) => (free = resolve));
  const read = (name: string) => async () => void order.push(name);
  const hold = (name: string) => async () => {
    order.push(name);
    await held;
  };
  return { order, read, hold, free };
};

test('what was warmed is what is read: the next reads ask the source for nothing', async () => {
  const { cache, table, posts } = await cold();
  const warmer = createWarmer({
    cache,
    plans: [
      {
        name: 'front',
        on: ['startup'],
        read: () => [warm.item(posts, '1'), warm.list(posts, published), () => posts.count()],
      },
    ],
  });
  const report = await warmer.startup();
  expect(report).toMatchObject({ occasion: 'startup', ended: 'done', warmed: 3, failed: 0, loads: 3, left: 0 });
  expect(table.reads).toBe(3);
  await posts.findById('1');
  await posts.findMany({ limit: 10, sort: ['title'], where: { status: 'published' } });
  await posts.count();
  expect(table.reads).toBe(3);
  expect((await warmer.scheduled()).plans).toEqual([]);
});

test('plans of a run are read by priority, whatever their order', async () => {
  const { cache } = await cold();
  const { order, read } = noting();
  const plan = (name: string, priority: number) =>
    ({ name, priority, on: ['startup'], read: () => [read(`${name}1`), read(`${name}2`)] }) as const;
  const warmer = createWarmer({ cache, concurrency: 1, plans: [plan('low', -1), plan('high', 5), plan('middle', 0)] });
  await warmer.startup();
  expect(order).toEqual(['high1', 'high2', 'middle1', 'middle2', 'low1', 'low2']);
});

test('a run of higher priority passes what waits in another one', async () => {
  const { cache } = await cold();
  const { order, read, hold, free } = noting();
  const warmer = createWarmer({
    cache,
    concurrency: 1,
    plans: [
      { name: 'all', on: ['schedule'], read: () => [hold('first'), read('second'), read('third')] },
      { name: 'news', priority: 1, on: ['event:content.publish'], read: () => [read('news')] },
    ],
  });
  const all = warmer.scheduled();
  await turn();
  const news = warmer.published('1');
  await turn();
  free();
  await Promise.all([all, news]);
  expect(order).toEqual(['first', 'news', 'second', 'third']);
});

test('no more than `concurrency` reads are under way, of all runs together', async () => {
  const { cache, table, posts } = await cold(100);
  const items = (from: number) => Array.from({ length: 40 }, (_, i) => warm.item(posts, String(from + i)));
  const lists = Array.from({ length: 30 }, (_, i) => warm.list(posts, { limit: i + 1 }));
  const warmer = createWarmer({
    cache,
    concurrency: 3,
    plans: [
      { name: 'a', on: ['startup'], read: () => [...items(0), ...lists] },
      { name: 'b', on: ['schedule'], read: () => items(40) },
    ],
  });
  const reports = await Promise.all([warmer.startup(), warmer.scheduled()]);
  expect(reports.map(({ warmed }) => warmed)).toEqual([70, 40]);
  expect(table.most).toBeLessThanOrEqual(3);
});

test('a plan may name more than may wait: it is asked bit by bit', async () => {
  const { cache } = await cold();
  let named = 0;
  let most = 0;
  const warmer = createWarmer({
    cache,
    concurrency: 2,
    maxWaiting: 5,
    plans: [
      {
        name: 'many',
        on: ['startup'],
        async *read() {
          for (let i = 0; i < 1000; i++) {
            named++;
            yield async () => {
              most = Math.max(most, named - i, warmer.stats().waiting);
              await turn();
            };
          }
        },
      },
    ],
  });
  expect(await warmer.startup()).toMatchObject({ warmed: 1000, ended: 'done' });
  expect(most).toBeLessThanOrEqual(2 + 5 + 2);
});

test('a read that waits already is not read twice, neither in one run nor in two', async () => {
  const { cache, posts, table } = await cold();
  const { hold, free } = noting();
  const item = () => warm.item(posts, '1');
  const warmer = createWarmer({
    cache,
    concurrency: 1,
    plans: [
      { name: 'all', on: ['schedule'], read: () => [hold('first'), item(), item(), warm.item(posts, '2')] },
      { name: 'news', on: ['event:content.publish'], read: () => [item()] },
    ],
  });
  const all = warmer.scheduled();
  await turn();
  const news = warmer.published('1');
  await turn();
  free();
  expect(await all).toMatchObject({ warmed: 3, coalesced: 1 });
  expect(await news).toMatchObject({ warmed: 0, coalesced: 1, ended: 'done' });
  expect(table.reads).toBe(2);
});

test('what another run gave up is read by the run that had joined it', async () => {
  const { cache, posts, table } = await cold();
  const { hold, free } = noting();
  const warmer = createWarmer({
    cache,
    concurrency: 1,
    plans: [
      { name: 'all', on: ['schedule'], read: () => [hold('first'), warm.item(posts, '1')] },
      { name: 'news', on: ['event:content.publish'], read: () => [warm.item(posts, '1')] },
    ],
  });
  const given = new AbortController();
  const all = warmer.scheduled({ signal: given.signal });
  await turn();
  const news = warmer.published('1');
  await turn();
  given.abort();
  expect(await all).toMatchObject({ ended: 'aborted', warmed: 0, left: 2 });
  free();
  expect(await news).toMatchObject({ ended: 'done', warmed: 1 });
  expect(table.reads).toBe(1);
});

test('a read that fails is counted and stops no other; nor does a plan that throws', async () => {
  const { cache, posts } = await cold();
  const fails = async () => {
    throw new Error('no database');
  };
  const atOnce = () => {
    throw new Error('no function');
  };
  const warmer = createWarmer({
    cache,
    plans: [
      { name: 'bad', priority: 2, on: ['startup'], read: () => Promise.reject(new Error('no plan')) },
      {
        name: 'half',
        priority: 1,
        on: ['startup'],
        read: () => [fails, warm.item(posts, '1'), atOnce, { reader: posts, method: 'missing', args: [] }],
      },
      { name: 'good', on: ['startup'], read: () => [warm.item(posts, '2')] },
    ],
  });
  const report = await warmer.startup();
  expect(report).toMatchObject({ ended: 'done', warmed: 2, failed: 3 });
  expect(report.plans.map(({ plan, warmed, failed }) => [plan, warmed, failed])).toEqual([
    ['bad', 0, 0],
    ['half', 1, 3],
    ['good', 1, 0],
  ]);
  expect(report.plans[0].error).toMatchObject({ message: 'no plan' });
  expect(warmer.stats()).toMatchObject({ runs: 1, plans: { bad: { errors: 1 }, half: { warmed: 1, failed: 3 } } });
});

describe('a run has a time, and can be given up', () => {
  test('when its time is up it begins nothing more, and waits for nothing', async () => {
    const { clock, cache, table, posts } = await cold(20);
    let closed = false;
    const warmer = createWarmer({
      cache,
      clock,
      concurrency: 2,
      maxMs: '5s',
      maxWaiting: 4,
      plans: [
        {
          name: 'slow',
          on: ['schedule'],
          *read() {
            try {
              for (let i = 0; i < 20; i++) yield warm.item(posts, String(i));
            } finally {
              closed = true;
            }
          },
        },
      ],
    });
    table.door.shut();
    const run = warmer.scheduled();
    await turn();
    await clock.advanceAsync(5000);
    const report = await run;
    expect(report).toMatchObject({ ended: 'time', warmed: 0, ms: 5000 });
    expect(report.left).toBe(2 + 4 + 1); // under way, waiting, and the one that waited for room
    expect(closed).toBe(true);
    table.door.open();
    await turn();
    expect(warmer.stats()).toMatchObject({ waiting: 0, underWay: 0, running: 0 });
    expect((await warmer.scheduled()).ended).toBe('done');
    warmer.close();
    expect(clock.pending).toBeLessThanOrEqual(1); // the cache's own coarse clock
  });

  test('a plan that never names its next read does not hold it', async () => {
    const { clock, cache } = await cold();
    const never: AsyncIterable<WarmRead> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: () => new Promise(() => {}) }),
    };
    const warmer = createWarmer({
      cache,
      clock,
      plans: [
        { name: 'never', priority: 1, on: ['schedule'], read: () => never },
        { name: 'later', on: ['schedule'], read: () => [] },
      ],
    });
    const given = new AbortController();
    const run = warmer.scheduled({ signal: given.signal });
    await turn();
    given.abort();
    expect(await run).toMatchObject({ ended: 'aborted', warmed: 0 });
    expect(await warmer.scheduled({ signal: AbortSignal.abort() })).toMatchObject({ ended: 'aborted', plans: [] });
  });

  test('no timer is left when a run is over, and none is set before one', async () => {
    const clock = manualClock();
    const warmer = createWarmer({
      cache: { name: 'none', stats: () => ({ loads: 0 }) as never },
      clock,
      plans: [{ name: 'one', on: ['startup'], read: () => [async () => {}] }],
    });
    expect(clock.pending).toBe(0);
    await warmer.startup();
    expect(clock.pending).toBe(0);
  });
});

describe('startup', () => {
  test('is done once, whoever asks for it', async () => {
    const { cache, posts, table } = await cold();
    const warmer = createWarmer({
      cache,
      plans: [{ name: 'one', on: ['startup'], read: () => [warm.item(posts, '1')] }],
    });
    const [first, second] = await Promise.all([warmer.startup(), warmer.startup()]);
    expect(second).toBe(first);
    expect(await warmer.startup()).toBe(first);
    expect(table.reads).toBe(1);
    expect(warmer.stats()).toMatchObject({ runs: 1, last: first });
  });

  test('can be done again after it was given up, and some time after it failed', async () => {
    const { clock, cache } = await cold();
    let works = false;
    const read = async () => {
      if (!works) throw new Error('no database');
    };
    const warmer = createWarmer({ cache, clock, plans: [{ name: 'one', on: ['startup'], read: () => [read] }] });
    expect(await warmer.startup({ signal: AbortSignal.abort() })).toMatchObject({ ended: 'aborted' });
    const failed = await warmer.startup();
    expect(failed).toMatchObject({ ended: 'done', failed: 1 });
    works = true;
    expect(await warmer.startup()).toBe(failed); // a herd of requests doesn't try again and again
    clock.advance(10_000);
    const done = await warmer.startup();
    expect(done).toMatchObject({ ended: 'done', warmed: 1 });
    expect(await warmer.startup()).toBe(done);
  });

  test('that was cut off with its request is done by a later one', async () => {
    const { clock, cache } = await cold();
    let reads = 0;
    // Its timers and its reads are gone with the request: nothing of it settles.
    const deaf = { now: () => clock.now(), after: () => () => {} };
    const read = () => (++reads === 1 ? new Promise(() => {}) : Promise.resolve());
    const warmer = createWarmer({
      cache,
      clock: deaf,
      concurrency: 1,
      maxMs: '20s',
      plans: [{ name: 'one', on: ['startup', 'schedule'], read: () => [read] }],
    });
    void warmer.startup();
    void warmer.scheduled(); // waits, and is cut off as well
    await turn();
    clock.advance(24_999);
    void warmer.startup();
    await turn();
    expect(reads).toBe(1);
    clock.advance(1);
    expect(await warmer.startup()).toMatchObject({ ended: 'done', warmed: 1 });
    expect(reads).toBe(2);
    expect(warmer.stats()).toMatchObject({ waiting: 0, underWay: 0 });
  });
});

describe('from time to time', () => {
  test('`every` warms each period, one run at a time, until it is stopped', async () => {
    const { clock, cache, table, posts } = await cold();
    const ends: Promise<unknown>[] = [];
    const warmer = createWarmer({
      cache,
      clock,
      maxMs: '1h',
      background: (work) => ends.push(work),
      plans: [{ name: 'one', on: ['schedule'], read: () => [warm.list(posts, published)] }],
    });
    const stop = warmer.every('5m');
    await clock.advanceAsync(299_999);
    expect(warmer.stats().runs).toBe(0);
    table.door.shut();
    await clock.advanceAsync(1);
    expect(warmer.stats()).toMatchObject({ runs: 0, running: 1 });
    await clock.advanceAsync(300_000);
    expect(warmer.stats()).toMatchObject({ runs: 0, running: 1 }); // the one before is still under way
    table.door.open();
    await turn();
    expect(warmer.stats()).toMatchObject({ runs: 1, running: 0 });
    await clock.advanceAsync(300_000);
    expect(warmer.stats().runs).toBe(2);
    stop();
    stop();
    await clock.advanceAsync(900_000);
    expect(warmer.stats().runs).toBe(2);
    expect(ends.length).toBe(3);
    await Promise.all(ends);
  });

  test('`close` stops timers, ends what is under way, and warms no more', async () => {
    const { clock, cache, table, posts } = await cold();
    const plans = [{ name: 'one', on: ['schedule', 'startup'], read: () => [warm.item(posts, '1')] }] as const;
    const warmer = createWarmer({ cache, clock, plans });
    warmer.every('1m');
    table.door.shut();
    const run = warmer.startup();
    await turn();
    warmer.close();
    expect(await run).toMatchObject({ ended: 'aborted', left: 1 });
    await clock.advanceAsync(120_000);
    expect(await warmer.scheduled()).toMatchObject({ ended: 'aborted', warmed: 0 });
    table.door.open();
    expect(table.reads).toBe(1);
  });
});

describe('on an event', () => {
  test('a plan is told what it is about, and warms what the change has made cold', async () => {
    const cache = createCache();
    const content = createContent({ cache });
    const source = memorySource<Post>();
    await source.create([post('1'), post('2')]);
    let reads = 0;
    const findMany: typeof source.findMany = (...asked) => {
      reads++;
      return source.findMany(...asked);
    };
    const posts = content.repository<Post>({
      name: 'post',
      source: { ...source, findMany },
      fields: { status: 'text' },
    });
    await posts.findMany(published);
    const told: unknown[] = [];
    const ends: Promise<unknown>[] = [];
    const warmer = createWarmer({
      cache,
      background: (work) => ends.push(work),
      plans: [
        {
          name: 'published',
          on: ['event:content.publish', 'event:content.update'],
          read: ({ occasion, ids, payload }) => {
            told.push([occasion, ids, payload['id']]);
            return [...ids.map((id) => warm.item(posts, id)), warm.list(posts, published)];
          },
        },
      ],
    });
    const stop = warmer.follow(content.events);
    await posts.update('1', { title: 'another' });
    await Promise.all(ends);
    expect(told).toEqual([['event:content.update', ['1'], '1']]);
    expect(reads).toBe(2); // once before, once to warm it
    expect((await posts.findMany(published))[0].title).toBe('another');
    expect(reads).toBe(2);
    await posts.updateMany(['1', '2'], { title: 'both' });
    await content.events.emit('content.publish', { id: '2' });
    await Promise.all(ends);
    expect(told.slice(1)).toEqual([
      ['event:content.update', ['1', '2'], ['1', '2']],
      ['event:content.publish', ['2'], '2'],
    ]);
    stop();
    await posts.update('1', { title: 'unseen' });
    expect(told.length).toBe(3);
  });

  test('a repository alone may tell of its writes', async () => {
    const cache = createCache();
    const ends: Promise<unknown>[] = [];
    const seen: (readonly string[])[] = [];
    const warmer = createWarmer({
      cache,
      background: (work) => ends.push(work),
      plans: [
        {
          name: 'written',
          on: ['event:post.create', 'event:post.delete'],
          read: ({ ids }) => {
            seen.push(ids);
            return [];
          },
        },
      ],
    });
    const on = { written: warmer.written };
    const posts = createRepository<Post>({ cache, name: 'post', source: memorySource<Post>(), on });
    await posts.createMany([post('1'), post('2')]);
    await posts.delete('2');
    await Promise.all(ends);
    expect(seen).toEqual([['1', '2'], ['2']]);
  });

  test('many at once stay within the bounds, and the rest is left out', async () => {
    const { clock, cache } = await cold();
    const plans = [{ name: 'one', on: ['event:content.publish'], read: () => [() => new Promise(() => {})] }] as const;
    const warmer = createWarmer({ cache, clock, plans, maxWaiting: 10, concurrency: 1 });
    const runs = Array.from({ length: 150 }, (_, i) => warmer.published(String(i)));
    await turn();
    expect(warmer.stats()).toMatchObject({ running: 100, waiting: 10, underWay: 1, busy: 50 });
    await clock.advanceAsync(25_000);
    const ended = (await Promise.all(runs)).map((report) => report.ended);
    expect(ended.filter((how) => how === 'time').length).toBe(100);
    expect(ended.filter((how) => how === 'busy').length).toBe(50);
    expect(warmer.stats()).toMatchObject({ running: 0, waiting: 0 });
  });
});

test('what can not be is refused before anything begins', async () => {
  const cache = createCache();
  const plan = { name: 'one', on: ['startup'], read: () => [] } as const;
  const bad = (options: object) => {
    return expect(() => createWarmer({ cache, plans: [plan], ...options })).toThrow(
      expect.objectContaining({ code: 'bad_option' }),
    );
  };
  bad({ cache: undefined });
  bad({ plans: 'all' });
  bad({ plans: [plan, plan] });
  bad({ plans: [{ ...plan, on: ['sometimes'] }] });
  bad({ plans: [{ ...plan, on: 'startup' }] });
  bad({ plans: [{ ...plan, priority: NaN }] });
  bad({ plans: [{ ...plan, scope: 'world' }] });
  bad({ plans: [{ ...plan, read: [] }] });
  bad({ plans: [{ ...plan, when: 'now' }] });
  bad({ concurrency: 0 });
  bad({ maxWaiting: 1.5 });
  bad({ maxMs: 'soon' });
  bad({ leases: {} });
  bad({ background: 1 });
  bad({ speed: 1 });
  const warmer = createWarmer({ cache, plans: [plan] });
  await expect(warmer.startup({ maxMs: -1 })).rejects.toMatchObject({ code: 'bad_option' });
  await expect(warmer.event('')).rejects.toMatchObject({ code: 'bad_option' });
  await expect(warmer.published('')).rejects.toMatchObject({ code: 'bad_option' });
  expect(() => warmer.every(0)).toThrow(expect.objectContaining({ code: 'bad_option' }));
  expect(warmer.stats().runs).toBe(0);
  expect(() => createCatalogue({ sample: 0 })).toThrow(expect.objectContaining({ code: 'bad_option' }));
});
