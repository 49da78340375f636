/** A server that is gone, stalled or cut off costs a failure at once, piles nothing up, and is found again. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RedisBackend, redisBackend, type RedisClient, type RedisOptions } from 'tidemark/backends/redis';
import { manualClock } from 'tidemark/testing';
import { failure } from '../../support/deferred.ts';
import { freePort, RedisServer, until, withoutRedis } from '../../support/redis-server.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CALL = { signal: new AbortController().signal };

const clients: Readonly<Record<string, (url: string) => RedisClient>> = {
  'node-redis': (url) => createClient({ url, socket: { reconnectStrategy: 20 } }),
  ioredis: (url) => new Redis(url, { lazyConnect: true, retryStrategy: () => 20 }),
};

/** Clients that never try to connect a second time. */
const resigned: typeof clients = {
  'node-redis': (url) => createClient({ url, socket: { reconnectStrategy: false } }),
  ioredis: (url) => new Redis(url, { lazyConnect: true, retryStrategy: () => null }),
};

async function answers({ log }: RedisBackend): Promise<boolean> {
  return (await failure(Promise.resolve(log.position(CALL)))) === 'no error';
}

const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

describe.skipIf(withoutRedis).each(Object.keys(clients))('%s', (name) => {
  let server: RedisServer;
  const open: RedisBackend[] = [];
  const backend = (client: RedisClient, options: Partial<RedisOptions> = {}) => {
    const one = redisBackend({ client, ...options });
    open.push(one);
    return one;
  };
  beforeAll(async () => void (server = await RedisServer.start()));
  afterEach(() => open.splice(0).forEach((one) => one.close()));
  afterAll(async () => server.close());

  test('a server that has gone is a failure at once, and is used again when it is back', async () => {
    const one = backend(clients[name](server.url), { clock: manualClock() }); // no time limit of ours ever ends
    await one.log.append(['#/a/b'], CALL);
    await server.kill();
    await until('that is noticed', async () => !(await answers(one)));
    const asked = Array.from({ length: 50 }, async () => failure(Promise.resolve(one.log.position(CALL))));
    expect(await Promise.all(asked)).not.toContain('no error');
    expect(one.stats().unanswered).toBe(0);
    await server.up();
    await until('it answers again', () => answers(one));
    expect(one.stats().renewals).toBe(0);
  });

  test('a server that is not there yet is a failure, and is used when it comes', async () => {
    await server.kill();
    const one = backend(clients[name](server.url), { clock: manualClock() });
    expect(await answers(one)).toBe(false);
    await server.up();
    await until('it answers', () => answers(one));
  });

  test('a stalled server piles nothing up: beyond a bound a command fails at once', async () => {
    const one = backend(clients[name](server.url), { clock: manualClock() });
    await one.log.position(CALL);
    server.stall();
    const settled = { count: 0 };
    const asked = Array.from({ length: 20_000 }, async () => {
      await failure(Promise.resolve(one.deleteMany(['/a/b~v1'], CALL)));
      settled.count++;
    });
    await until('what is too much has failed', () => settled.count >= 20_000 - 8192);
    expect(one.stats().unanswered).toBe(8192);
    expect(settled.count).toBe(20_000 - 8192);
    one.close();
    await Promise.all(asked);
    server.resume();
  });

  test('closing beside a stalled server waits for nobody and leaves no connection', async () => {
    const before = sockets();
    const one = backend(clients[name](server.url));
    one.log.watch!(() => {});
    await one.log.position(CALL);
    server.stall();
    const asked = failure(Promise.resolve(one.log.position(CALL)));
    const waiting = failure(one.leases.released('/a/b~v1', CALL));
    one.close();
    expect(await asked).toMatchObject({ code: 'closed' });
    await waiting;
    await until('its connections are gone', () => sockets() <= before);
    expect(await failure(Promise.resolve(one.log.position(CALL)))).toMatchObject({ code: 'closed' });
    server.resume();
  });

  test('a line that was cut without a word is replaced by another', async () => {
    const proxy = await TcpProxy.to(server.port);
    const clock = manualClock();
    const one = backend(clients[name](`redis://127.0.0.1:${proxy.port}`), { clock });
    await one.log.append(['#/a/b'], CALL);
    proxy.silenceWhere(''); // all that there are
    const lost = failure(Promise.resolve(one.log.position(CALL)));
    expect(one.stats()).toMatchObject({ unanswered: 1, renewals: 0 });
    clock.advance(4000);
    const alsoLost = failure(Promise.resolve(one.log.position(CALL))); // one may still be answered after so long
    expect(one.stats()).toMatchObject({ unanswered: 2, renewals: 0 });
    clock.advance(2000);
    await one.log.position(CALL);
    expect(one.stats()).toMatchObject({ unanswered: 0, renewals: 1 });
    expect(await lost).toMatchObject({ code: 'store_failed' });
    expect(await alsoLost).toMatchObject({ code: 'store_failed' });
    one.close();
    await proxy.close();
  });

  test('who waits for news is not left on a line that was cut', async () => {
    const proxy = await TcpProxy.to(server.port);
    const clock = manualClock();
    const one = backend(clients[name](`redis://127.0.0.1:${proxy.port}`), { clock, prefix: `news of ${name}` });
    const other = backend(clients[name](server.url), { prefix: `news of ${name}` });
    await one.log.position(CALL);
    let woken = 0;
    one.log.watch!(() => woken++);
    await until('somebody waits on the server', async () => (await server.ask('INFO')).includes('blocked_clients:1'));
    proxy.silenceWhere(''); // all that there are
    clock.advance(7000);
    await until('the news comes all the same', async () => {
      clock.advance(10); // slowly: a server answers in real time
      await other.log.append(['#/a/b'], CALL);
      return woken > 0;
    });
    expect(one.stats().renewals).toBe(1);
    one.close();
    await proxy.close();
  });

  test('who waits for news is woken when the line is there again, whether there is news or not', async () => {
    const clock = manualClock();
    const one = backend(clients[name](server.url), { clock, prefix: `line of ${name}` });
    await one.log.position(CALL);
    let woken = 0;
    one.log.watch!(() => woken++);
    await until('somebody waits on the server', async () => (await server.ask('INFO')).includes('blocked_clients:1'));
    expect(woken).toBe(0);
    await server.ask('CLIENT', 'KILL', 'TYPE', 'normal');
    await until('it is woken', () => {
      clock.advance(10);
      return woken > 0;
    });
  });

  test('a client that has given up for good is replaced, at most once a second', async () => {
    const clock = manualClock();
    const one = backend(resigned[name](server.url), { clock });
    await one.log.position(CALL);
    await server.kill();
    await until('that is noticed', async () => !(await answers(one)));
    await server.up();
    for (let i = 0; i < 20; i++) expect(await answers(one)).toBe(false);
    expect(one.stats().renewals).toBe(0);
    clock.advance(1000);
    await until('it answers again', () => answers(one));
    expect(one.stats().renewals).toBe(1);
  });

  test('a command that was given up before the connection was made is never sent', async () => {
    const port = await freePort();
    const proxyless = backend(clients[name](`redis://127.0.0.1:${port}`));
    const given = AbortSignal.abort(new Error('given up'));
    expect(await failure(Promise.resolve(proxyless.log.position({ signal: given })))).not.toBe('no error');
    const one = backend(clients[name](server.url), { prefix: `given up by ${name}` });
    expect(await failure(Promise.resolve(one.log.append(['#/a/b'], { signal: given })))).toMatchObject({
      message: 'given up',
    });
    expect((await one.log.position(CALL)).head).toBe(0);
  });
});
