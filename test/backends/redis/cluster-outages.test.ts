/** A server of a cluster that stalls or goes takes its own keys with it, and nobody else's. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type RedisBackend, redisBackend } from 'tidemark/backends/redis';
import { manualClock } from 'tidemark/testing';
import { failure } from '../../support/deferred.ts';
import { type RedisServer, until, withoutRedis } from '../../support/redis-server.ts';
import { clustered } from './clients.ts';
import { cluster, type Place } from './places.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CALL = { signal: new AbortController().signal };

type ChangeLog = RedisBackend['log'];

describe.skipIf(withoutRedis).each(Object.entries(clustered))('%s', (_name, client) => {
  let place: Place | undefined;
  let backend: RedisBackend;
  let tests = 0;
  let prefix = '';
  const clock = manualClock();
  beforeAll(async () => void (place = await cluster()));
  beforeEach(() => {
    prefix = `test ${++tests}`;
    backend = redisBackend({ client: client(place!.servers), prefix, clock });
  });
  afterEach(() => backend.close());
  afterAll(async () => place?.close());

  async function serverOf(key: string): Promise<RedisServer> {
    const slot = Number((await place!.servers[0].ask('CLUSTER', 'KEYSLOT', key)).slice(1).split('\r')[0]);
    return place!.servers[Math.min(Math.floor(slot / 5461), 2)];
  }

  /** The path of a key that lies on one server, or on another. */
  async function pathWhere(fits: (server: RedisServer) => boolean): Promise<string> {
    for (let i = 0; ; i++) if (fits(await serverOf(`${prefix}:{/s/${i}}v1`))) return `/s/${i}`;
  }

  async function keep(path: string): Promise<boolean> {
    const { incarnation, head } = await backend.log.position(CALL);
    const entry = { value: 1, mark: head, incarnation, dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
    return (await backend.setMany([{ key: `${path}~v1`, entry }], CALL))[0];
  }

  const read = (path: string) => failure(Promise.resolve(backend.getMany([`${path}~v1`], CALL)));

  test('one that stalls holds up no key of the others, before and after the connection is made anew', async () => {
    const home = await serverOf(`${prefix}:{log}:meta`);
    const stalled = place!.servers.find((server) => server !== home)!;
    const here = await pathWhere((server) => server === home);
    const there = await pathWhere((server) => server === stalled);
    expect([await keep(here), await keep(there)]).toEqual([true, true]);
    stalled.stall();
    try {
      const lost = read(there);
      expect(await read(here)).toBe('no error');
      clock.advance(6000);
      expect(await read(here)).toBe('no error');
      expect(await lost).toMatchObject({ code: 'store_failed' });
      expect(backend.stats().renewals).toBe(1);
      const alsoLost = read(there);
      expect(await read(here)).toBe('no error');
      expect(await keep(here)).toBe(true);
      backend.close();
      expect(await alsoLost).toMatchObject({ code: 'closed' });
    } finally {
      stalled.resume();
    }
  });

  test('an append waits only so long for the server of a key that it changes', async () => {
    const home = await serverOf(`${prefix}:{log}:meta`);
    const stalled = place!.servers.find((server) => server !== home)!;
    const there = await pathWhere((server) => server === stalled);
    await keep(there);
    stalled.stall();
    try {
      let appended = false;
      const appending = Promise.resolve(backend.log.append([`=${there}`], CALL)).then((position) => {
        appended = true;
        return position;
      });
      await until('the log has it', async () => (await backend.log.position(CALL)).head === 1);
      expect(appended).toBe(false);
      clock.advance(200);
      expect((await appending).head).toBe(1);
    } finally {
      stalled.resume();
    }
  });

  test('an entry whose key changes between the comparison and the storing is refused', async () => {
    const path = await pathWhere(() => true);
    const { incarnation, head } = await backend.log.position(CALL);
    const log = backend.log as { stamps: ChangeLog['stamps'] };
    const stamps = log.stamps.bind(backend.log);
    log.stamps = async (...asked) => {
      const answer = await stamps(...asked);
      await backend.log.append([`=${path}`], CALL);
      return answer;
    };
    const entry = { value: 1, mark: head, incarnation, dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
    expect(await backend.setMany([{ key: `${path}~v1`, entry }], CALL)).toEqual([false]);
    const right = { ...entry, mark: head + 2 };
    expect(await backend.setMany([{ key: `${path}~v1`, entry: right }], CALL)).toEqual([true]);
  });

  test('one that was killed is used again when it is back, and its log is another', async () => {
    const home = await serverOf(`${prefix}:{log}:meta`);
    const { incarnation } = await backend.log.append(['#/s/t'], CALL);
    await home.kill();
    await until('that is noticed', async () => {
      clock.advance(20);
      return (await failure(Promise.resolve(backend.log.position(CALL)))) !== 'no error';
    });
    await home.up();
    await until('it answers again', async () => {
      clock.advance(20);
      return (await failure(Promise.resolve(backend.log.position(CALL)))) === 'no error';
    });
    expect((await backend.log.position(CALL)).incarnation).not.toBe(incarnation);
  });
});
