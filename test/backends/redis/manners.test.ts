/** How the backend behaves on a server that it shares with others: its keys, its commands, its expiries. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type RedisBackend, redisBackend, type RedisOptions } from 'tidemark/backends/redis';
import { RedisServer, withoutRedis } from '../../support/redis-server.ts';
import { single } from './clients.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const CALL = { signal: new AbortController().signal };
const WANTED = { ttl: 60_000, incarnation: 'this', mark: 1, since: 1 };

describe.skipIf(withoutRedis).each(Object.entries(single))('%s', (_name, client) => {
  let server: RedisServer;
  beforeAll(async () => void (server = await RedisServer.start()));
  beforeEach(async () => void (await server.ask('FLUSHALL')));
  afterAll(async () => server.close());

  async function using(run: (backend: RedisBackend) => Promise<void>, options: Partial<RedisOptions> = {}) {
    const backend = redisBackend({ client: client([server]), ...options });
    try {
      await run(backend);
    } finally {
      backend.close();
    }
  }

  /** Keep a value that is true now. */
  async function keep(backend: RedisBackend, key: string, value: unknown, keptUntil = Infinity): Promise<boolean> {
    const { incarnation, head } = await backend.log.position(CALL);
    const times = { freshUntil: keptUntil, keptUntil };
    const entry = { value, mark: head, incarnation, dependencies: ['#/s/t'], ...times };
    return (await backend.setMany([{ key, entry }], CALL))[0];
  }

  async function valueOf(backend: RedisBackend, key: string): Promise<unknown> {
    return (await backend.getMany([key], CALL))[0]?.value;
  }

  /** Everything that a backend can do. */
  async function doAll(backend: RedisBackend): Promise<void> {
    const { log, leases } = backend;
    const stop = log.watch!(() => {});
    for (const change of [['=/s/a', '^/s/b'], ['#/s/t'], ['*/s/~*'], ['?=/s/a']]) await log.append(change, CALL);
    await keep(backend, '/s/a~v1', 1);
    await keep(backend, '/s/b~v1', 2, Date.now() + 60_000);
    await backend.getMany(['/s/a~v1', '/s/b~v1', '/s/c~v1'], CALL);
    await log.read(0, CALL);
    await log.stamps(['=/s/a', '#/s/t'], CALL);
    const lease = await leases.acquire('/s/a~v1', WANTED, CALL);
    const released = leases.released('/s/a~v1', CALL);
    await expect.poll(async () => server.ask('HGET', 'tidemark:{/s/a}lv1', 'waited')).toContain('1');
    await lease!.release(CALL);
    await released;
    await leases.acquire('/s/b~v1', WANTED, CALL);
    await backend.deleteMany(['/s/gone~v1'], CALL);
    stop();
  }

  async function namesOf(): Promise<string[]> {
    return (await server.ask('KEYS', '*')).match(/^tidemark.*$/gm) ?? [];
  }

  test('every key begins with the prefix and expires', async () => {
    await using(doAll);
    const names = await namesOf();
    expect(names.map((name) => name.trim()).toSorted()).toEqual([
      ...['a}v1', 'b}lv1', 'b}v1'].map((name) => `tidemark:{/s/${name}`),
      ...['meta', 'rules', 'stamps:0', 'stamps:1', 'stream', 'wakes'].map((name) => `tidemark:{log}:${name}`),
    ]);
    for (const name of names) expect(await server.ask('PTTL', name.trim()), name).toMatch(/^:[1-9]/);
    expect(await server.ask('DBSIZE')).toMatch(new RegExp(`^:${names.length}\r`));
  });

  test('no key is looked for by going through the keyspace, but by clear alone', async () => {
    await server.ask('CONFIG', 'RESETSTAT');
    await using(async (backend) => {
      await doAll(backend);
      const before = [...(await server.calls()).keys()];
      expect(before).not.toContain('keys');
      expect(before).not.toContain('scan');
      await backend.clear(CALL);
      const after = [...(await server.calls()).keys()];
      expect(after).not.toContain('keys');
      expect(after).toContain('scan');
    });
  });

  test('clear removes the entries of its prefix and nothing else', async () => {
    await server.ask('SET', 'foreign', '1');
    for (const prefix of ['p[1]', 'p1', 'p[1]:x', 'p*'])
      await using(async (backend) => void (await keep(backend, '/s/a~v1', prefix)), { prefix });
    await using(
      async (backend) => {
        const { head, incarnation } = await backend.log.append(['#/s/t'], CALL);
        await backend.clear(CALL);
        expect(await valueOf(backend, '/s/a~v1')).toBeUndefined();
        expect(await backend.log.position(CALL)).toMatchObject({ head, incarnation });
        expect((await backend.log.read(0, CALL)).changes).toHaveLength(1);
      },
      { prefix: 'p[1]' },
    );
    for (const prefix of ['p1', 'p[1]:x', 'p*'])
      await using(async (backend) => expect(await valueOf(backend, '/s/a~v1')).toBe(prefix), { prefix });
    expect(await server.ask('GET', 'foreign')).toContain('1');
  });

  test('two prefixes on one server never meet', async () => {
    await using(
      (one) =>
        using(
          async (two) => {
            await keep(one, '/s/a~v1', 'one');
            await two.log.append(['=/s/a', '^/s'], CALL);
            expect(await valueOf(two, '/s/a~v1')).toBeUndefined();
            expect((await one.log.position(CALL)).head).toBe(0);
            expect((await one.log.stamps(['=/s/a'], CALL)).stamps).toEqual([0]);
            expect(await one.leases.acquire('/s/a~v1', WANTED, CALL)).toBeDefined();
            expect(await two.leases.acquire('/s/a~v1', WANTED, CALL)).toBeDefined();
            await two.clear(CALL);
            expect(await valueOf(one, '/s/a~v1')).toBe('one');
          },
          { prefix: 'two' },
        ),
      { prefix: 'one' },
    );
  });

  test('a server that has forgotten its scripts is told them again', async () => {
    await using(async (backend) => {
      await backend.log.append(['#/s/t'], CALL);
      for (const _ of [1, 2]) {
        await server.ask('SCRIPT', 'FLUSH');
        expect(await keep(backend, '/s/a~v1', 1)).toBe(true);
        await backend.log.append(['#/s/t'], CALL);
        expect((await backend.log.read(0, CALL)).changes.length).toBeGreaterThan(1);
      }
    });
  });

  test('an entry goes when nobody wants it any more, and after the longest life at the latest', async () => {
    await using(
      async (backend) => {
        await keep(backend, '/s/short~v1', 1, Date.now() + 60_000);
        await keep(backend, '/s/long~v1', 1);
        const left = async (key: string) => Number((await server.ask('PTTL', `tidemark:{${key}}v1`)).slice(1, -7));
        expect(await left('/s/short')).toBeLessThanOrEqual(60_000);
        expect(await left('/s/short')).toBeGreaterThan(0);
        expect(await left('/s/long')).toBeLessThanOrEqual(3_600_000);
        expect(await left('/s/long')).toBeGreaterThan(60_000);
        expect(await keep(backend, '/s/over~v1', 1, Date.now() - 1000)).toBe(true);
        await expect.poll(() => valueOf(backend, '/s/over~v1')).toBeUndefined();
      },
      { maxLife: '1h' },
    );
  });

  test('a log that is asked lives on, and one that nobody asks ends', async () => {
    await using(
      async (backend) => {
        const { incarnation } = await backend.log.append(['#/s/t'], CALL);
        await server.ask('PEXPIRE', 'tidemark:{log}:meta', '1000000'); // less than half of an hour
        await backend.log.position(CALL);
        for (const name of await namesOf())
          expect(Number((await server.ask('PTTL', name.trim())).slice(1, -7)), name).toBeGreaterThan(1_800_000);
        for (const name of await namesOf()) await server.ask('PEXPIRE', name.trim(), '0');
        expect((await backend.log.position(CALL)).incarnation).not.toBe(incarnation);
      },
      { logLife: '1h' },
    );
  });

  test('bytes that are no entry are a miss, and are counted', async () => {
    await using(async (backend) => {
      await server.ask('SET', 'tidemark:{/s/a}v1', 'no entry at all');
      expect(await valueOf(backend, '/s/a~v1')).toBeUndefined();
      expect(backend.stats().damaged).toBe(1);
      expect(await keep(backend, '/s/a~v1', 'right')).toBe(true);
      expect(await valueOf(backend, '/s/a~v1')).toBe('right');
    });
  });

  test('names that UTF-8 cannot carry, and names with braces, are kept apart', async () => {
    const names = ['/s/\ud800', '/s/\udc00', '/s/\ufffd', '/s/}x{', '/s/{log}', '/s/\ufeffbom'];
    await using(async (backend) => {
      for (const name of names) expect(await keep(backend, `${name}~v1`, name)).toBe(true);
      for (const name of names) expect(await valueOf(backend, `${name}~v1`)).toBe(name);
      const { head } = await backend.log.append([`=${names[0]}`, '#/s/\ufeff'], CALL);
      const { stamps } = await backend.log.stamps(
        names.map((name) => `=${name}`),
        CALL,
      );
      expect(stamps).toEqual([head, 0, 0, 0, 0, 0]);
      expect((await backend.log.read(head - 1, CALL)).changes[0].change).toEqual([`=${names[0]}`, '#/s/\ufeff']);
    });
  });

  test('a server without room refuses a change as a whole', async () => {
    await using(async (backend) => {
      const before = await backend.log.append(['#/s/t'], CALL);
      await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await server.ask('CONFIG', 'SET', 'maxmemory', '1');
      try {
        await expect(backend.log.append(['#/s/t'], CALL)).rejects.toThrow(/OOM/);
        await expect(keep(backend, '/s/a~v1', 1)).rejects.toThrow(/OOM/);
      } finally {
        await server.ask('CONFIG', 'SET', 'maxmemory', '0');
      }
      expect(await backend.log.position(CALL)).toEqual(before);
      expect((await backend.log.append(['#/s/t'], CALL)).head).toBe(before.head + 1);
    });
  });

  test('nothing is ever sent on the client that was handed in, connected or not', async () => {
    await server.ask('CONFIG', 'RESETSTAT');
    const handed = client([server]) as unknown as { on(event: string, listener: () => void): unknown };
    let events = 0;
    for (const event of ['connect', 'ready', 'error', 'end']) handed.on(event, () => events++);
    const backend = redisBackend({ client: handed as never });
    await backend.log.append(['#/s/t'], CALL);
    backend.close();
    expect(events).toBe(0);
  });
});
