/** Whatever may have lost a change on the server begins another incarnation of the log, and marks grow all the same. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type RedisBackend, redisBackend } from 'tidemark/backends/redis';
import { RedisServer, until, withoutRedis } from '../../support/redis-server.ts';
import { failure } from '../../support/deferred.ts';
import { single } from './clients.ts';

vi.setConfig({ testTimeout: 60_000 });

const CALL = { signal: new AbortController().signal };

const things: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of things.splice(0).toReversed()) await thing.close();
});

function closing<T extends { close(): unknown }>(thing: T): T {
  things.push(thing);
  return thing;
}

const start = async (...options: readonly string[]) => closing(await RedisServer.start(...options));
const on = (server: RedisServer) => closing(redisBackend({ client: single['node-redis']([server]) }));

async function back(backend: RedisBackend): Promise<void> {
  const asked = async () => failure(Promise.resolve(backend.log.position(CALL)));
  await until('the connection is there again', async () => (await asked()) === 'no error');
}

/** Make one server the replica of another, and wait until it has all that the other has. */
async function follow(replica: RedisServer, master: RedisServer): Promise<void> {
  await replica.ask('REPLICAOF', '127.0.0.1', `${master.port}`);
  await until('the replica is connected', async () => (await replica.ask('INFO')).includes('master_link_status:up'));
  await until('the replica has all', async () => {
    const offset = async (one: RedisServer) => /master_repl_offset:(\d+)/.exec(await one.ask('INFO'))?.[1];
    return (await offset(replica)) === (await offset(master));
  });
}

describe.skipIf(withoutRedis)('another incarnation begins', () => {
  test('when a server is restarted, with old data or with all of it', async () => {
    const server = await start();
    const backend = on(server);
    const first = await backend.log.append(['#/a/b'], CALL);
    await server.ask('SAVE');
    const lost = await backend.log.append(['#/a/b'], CALL);
    expect(lost.incarnation).toBe(first.incarnation);
    await server.kill();
    await server.up();
    await back(backend);
    const second = await backend.log.position(CALL);
    expect(second.incarnation).not.toBe(first.incarnation);
    expect(second.head).toBeGreaterThanOrEqual(first.head);
    expect((await backend.log.append(['#/a/b'], CALL)).head).toBeGreaterThan(second.head);

    await server.ask('SAVE'); // all of it, and nobody can know
    await server.kill();
    await server.up();
    await back(backend);
    expect((await backend.log.position(CALL)).incarnation).not.toBe(second.incarnation);
  });

  test('and an entry of the lost one is refused by who is asked first', async () => {
    const server = await start();
    const backend = on(server);
    const { incarnation, head } = await backend.log.append(['#/a/b'], CALL);
    await server.ask('SAVE');
    const times = { freshUntil: Infinity, keptUntil: Infinity };
    const entry = { value: 1, mark: head, incarnation, dependencies: [], ...times };
    await server.kill();
    await server.up();
    await until(
      'the connection is there again',
      async () => (await failure(Promise.resolve(backend.getMany(['/a/b~v1'], CALL)))) === 'no error',
    );
    expect(await backend.setMany([{ key: '/a/b~v1', entry }], CALL)).toEqual([false]);
  });

  test('when a replica takes over, and when the old master comes back as such', async () => {
    const [one, two] = [await start(), await start()];
    const [first, second] = [on(one), on(two)];
    await first.log.append(['#/a/b'], CALL);
    await follow(two, one);
    const before = await first.log.append(['#/a/b'], CALL); // another id came with the first replica
    await follow(two, one);
    await two.ask('REPLICAOF', 'NO', 'ONE');
    const during = await second.log.position(CALL);
    expect(during.incarnation).not.toBe(before.incarnation);
    expect(during.head).toBeGreaterThanOrEqual(before.head);

    await follow(one, two);
    await one.ask('REPLICAOF', 'NO', 'ONE'); // the very process that was the master before
    const after = await first.log.position(CALL);
    expect([before.incarnation, during.incarnation]).not.toContain(after.incarnation);
  });

  test('when the old master comes back though nobody asked the replica meanwhile', async () => {
    const [one, two] = [await start(), await start()];
    const backend = on(one);
    await follow(two, one);
    const before = await backend.log.append(['#/a/b'], CALL);
    await two.ask('REPLICAOF', 'NO', 'ONE'); // perhaps without the last change
    await follow(one, two);
    await one.ask('REPLICAOF', 'NO', 'ONE');
    expect((await backend.log.position(CALL)).incarnation).not.toBe(before.incarnation);
  });

  test('when a server is flushed, or the head of the log is gone', async () => {
    const server = await start();
    const backend = on(server);
    const seen = new Set<string>();
    for (const lose of [[], ['FLUSHALL'], ['FLUSHDB'], ['DEL', 'tidemark:{log}:meta']]) {
      if (lose.length > 0) await server.ask(...lose);
      const { incarnation, head } = await backend.log.append(['#/a/b'], CALL);
      seen.add(incarnation);
      const page = await backend.log.read(0, CALL);
      expect(page.changes.map(({ mark }) => mark)).toEqual([head]);
    }
    expect(seen.size).toBe(4);
  });

  test('never while nothing is lost, whoever comes and goes', async () => {
    const server = await start();
    const { incarnation } = await on(server).log.append(['#/a/b'], CALL);
    await server.ask('SCRIPT', 'FLUSH');
    await server.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    expect((await on(server).log.append(['#/a/b'], CALL)).incarnation).toBe(incarnation);
    await server.ask('BGREWRITEAOF');
    expect((await on(server).log.position(CALL)).incarnation).toBe(incarnation);
  });
});

test.skipIf(withoutRedis)('a server that has become a replica is not believed: it may be behind', async () => {
  const [one, two] = [await start(), await start()];
  const backend = on(one);
  await backend.log.append(['#/a/b'], CALL);
  await follow(one, two); // demoted while this process is connected to it
  const other = on(two);
  await other.log.append(['#/a/b'], CALL);
  const asked = [backend.log.position(CALL), backend.log.read(0, CALL), backend.log.stamps(['#/a/b'], CALL)];
  for (const answer of asked) expect(await failure(Promise.resolve(answer))).toBeInstanceOf(Error);
});
