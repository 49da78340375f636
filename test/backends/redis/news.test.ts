/** News comes by itself: the clock stands still in these tests, so nobody looks from time to time. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RedisBackend, redisBackend } from 'tidemark/backends/redis';
import { manualClock } from 'tidemark/testing';
import { until, withoutRedis } from '../../support/redis-server.ts';
import { blockedOn, type Place, places } from './places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CALL = { signal: new AbortController().signal };
const KEY = '/a/b~v1';
const WANTED = { ttl: 60_000, incarnation: 'this', mark: 1, since: 1 };

describe.skipIf(withoutRedis).each(places)('%s', (_name, client, start) => {
  let place: Place | undefined;
  let tests = 0;
  let pair: readonly [RedisBackend, RedisBackend];
  beforeAll(async () => void (place = await start()));
  afterEach(() => pair.forEach((one) => one.close()));
  afterAll(async () => place?.close());

  /** Two backends with one log, as two processes have them. */
  function two(): typeof pair {
    const prefix = `test ${++tests}`;
    const open = () => redisBackend({ client: client(place!.servers), prefix, clock: manualClock() });
    return (pair = [open(), open()]);
  }

  test('every change wakes who watches', async () => {
    const [mine, other] = two();
    await mine.log.position(CALL);
    let woken = 0;
    const stop = mine.log.watch!(() => woken++);
    for (let i = 0; i < 20; i++) {
      await until('it waits on the server', async () => (await blockedOn(place!)) === 1);
      const before = woken;
      await other.log.append(['#/a/b'], CALL);
      await until('it is woken', () => woken > before);
    }
    stop();
    expect(mine.stats().renewals).toBe(0);
  });

  test('what came while nobody waited on the server wakes as well', async () => {
    const [mine, other] = two();
    const { head } = await mine.log.append(['#/a/b'], CALL);
    expect((await mine.log.position(CALL)).head).toBe(head);
    await other.log.append(['#/a/b'], CALL);
    let woken = 0;
    mine.log.watch!(() => woken++);
    await until('it is woken', () => woken > 0);
  });

  test('who is woken and has read is not woken again for the same', async () => {
    const [mine, other] = two();
    await mine.log.position(CALL);
    let woken = 0;
    const marks: number[] = [];
    mine.log.watch!(() => {
      woken++;
      void Promise.resolve(mine.log.read(0, CALL)).then(
        ({ head }) => marks.push(head),
        () => {},
      );
    });
    for (let i = 0; i < 200; i++) await other.log.append(['#/a/b'], CALL);
    await until('all is read', () => marks.includes(200));
    await until('it waits on the server again', async () => (await blockedOn(place!)) === 1);
    const before = woken;
    expect(before).toBeLessThanOrEqual(201);
    await other.log.append(['#/a/b'], CALL);
    await until('it is woken', () => woken > before);
  });

  test('the release of a lease wakes all who wait for it, in this process and in others', async () => {
    const [mine, other] = two();
    const lease = await mine.leases.acquire(KEY, WANTED, CALL);
    const ended: string[] = [];
    const waits = [mine, other, other].map(async (one, i) => {
      await one.leases.released(KEY, CALL);
      ended.push(`${i}`);
    });
    await until('both wait on the server', async () => (await blockedOn(place!)) === 2);
    expect(ended).toEqual([]);
    await lease!.release(CALL);
    await Promise.all(waits);
  });

  test('nobody asks the server while nobody listens', async () => {
    const [mine] = two();
    await mine.log.position(CALL);
    const stop = mine.log.watch!(() => {});
    await until('it waits on the server', async () => (await blockedOn(place!)) === 1);
    stop();
    await until('it waits no longer', async () => (await blockedOn(place!)) === 0);
    expect(mine.stats().renewals).toBe(0);
  });
});
