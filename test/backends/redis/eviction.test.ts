/** A server that evicts any key of the log at any time makes it forget, and it knows: no stamp is ever too small, no page has a gap. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RedisBackend, redisBackend, type RedisOptions } from 'tidemark/backends/redis';
import { RedisServer, withoutRedis } from '../../support/redis-server.ts';
import { single } from './clients.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const CALL = { signal: new AbortController().signal };
const KEYS = ['meta', 'stream', 'stamps:0', 'stamps:1', 'rules', 'wakes'];

/** Names that can be asked for, and what each of some changes touches of them. */
const NAMES = ['=/s/a', '=/s/b', '=/s/c/d', '^/s', '^/s/c', '#/s/t', '?=/s/a', '?^/s'];
const TOUCHED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(NAMES.map((name) => [name, [name]])),
  '*/s/~*': ['=/s/a', '=/s/b'],
  '*/s/~**/d': ['=/s/c/d'],
  '?*/s/~*': ['?=/s/a'],
};

interface Said {
  readonly mark: number;
  readonly change: readonly string[];
}

/** What is known to have been said in the present incarnation. */
class Truth {
  incarnation = '';
  head = 0;
  said: Said[] = [];

  /** Another incarnation may begin only after something was evicted, and marks must grow in the same one. */
  hear(incarnation: string, change?: readonly string[], head = this.head): void {
    if (incarnation !== this.incarnation) {
      this.said = [];
      this.head = 0;
    }
    this.incarnation = incarnation;
    if (change) {
      expect(head).toBeGreaterThan(this.head);
      this.said.push({ mark: head, change });
    }
    this.head = head;
  }

  stampOf(name: string): number {
    return this.said.findLast(({ change }) => change.some((one) => TOUCHED[one].includes(name)))?.mark ?? 0;
  }
}

describe.skipIf(withoutRedis)('what is evicted', () => {
  let server: RedisServer;
  let made = 0;
  beforeAll(async () => void (server = await RedisServer.start()));
  afterAll(async () => server.close());

  async function onNewLog(
    options: Partial<RedisOptions>,
    run: (backend: RedisBackend, prefix: string) => Promise<void>,
  ): Promise<void> {
    const prefix = `test ${++made}`;
    const backend = redisBackend({ client: single['node-redis']([server]), prefix, keepChanges: 100, ...options });
    try {
      await run(backend, prefix);
    } finally {
      backend.close();
    }
  }

  async function ensureTrue({ log }: RedisBackend, truth: Truth): Promise<void> {
    const { incarnation, head, stamps } = await log.stamps(NAMES, CALL);
    truth.hear(incarnation, undefined, head);
    NAMES.forEach((name, i) => {
      expect(stamps[i], `the stamp of ${name}`).toBeGreaterThanOrEqual(truth.stampOf(name));
      expect(stamps[i]).toBeLessThanOrEqual(head);
    });
    for (const after of [0, Math.floor(head / 2), head]) {
      const page = await log.read(after, CALL);
      expect(page.incarnation).toBe(incarnation);
      const due = truth.said.filter(({ mark }) => mark > Math.max(after, page.complete));
      expect(page.changes.map(({ mark, change }) => ({ mark, change }))).toEqual(due);
    }
  }

  const step = fc.oneof(
    { weight: 4, arbitrary: fc.subarray(Object.keys(TOUCHED), { minLength: 1, maxLength: 3 }) },
    { weight: 2, arbitrary: fc.constantFrom(...KEYS) },
    { weight: 2, arbitrary: fc.constant('look' as const) },
  );

  test('never makes a stamp too small or a page incomplete', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await onNewLog({ keepStamps: 3 }, async (backend, prefix) => {
          const truth = new Truth();
          for (const one of steps)
            if (one === 'look') await ensureTrue(backend, truth);
            else if (typeof one === 'string') await server.ask('DEL', `${prefix}:{log}:${one}`);
            else {
              const { incarnation, head } = await backend.log.append(one, CALL);
              truth.hear(incarnation, one, head);
            }
          await ensureTrue(backend, truth);
        });
      }),
      { numRuns: 150 },
    );
  });

  test.each(['stamps:0', 'stamps:1', 'rules'])('an old entry is refused when %s was evicted', async (key) => {
    await onNewLog({}, async (backend, prefix) => {
      const { incarnation, head } = await backend.log.position(CALL);
      await backend.log.append(['=/s/a', '*/s/~*'], CALL);
      await server.ask('DEL', `${prefix}:{log}:${key}`);
      const rest = { dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
      const records = [
        { key: '/s/a~v1', entry: { value: 1, mark: head, incarnation, ...rest } },
        { key: '/s/other~v1', entry: { value: 2, mark: head, incarnation, ...rest } },
        { key: '/s/new~v1', entry: { value: 3, mark: head + 1, incarnation, ...rest } },
      ];
      expect(await backend.setMany(records, CALL)).toEqual([false, false, true]);
    });
  });

  test('a rule too many lives on as a change of the prefix that it begins with', async () => {
    await onNewLog({}, async (backend) => {
      const { head: first } = await backend.log.append(['*/s/old/~*'], CALL);
      const { head: soft } = await backend.log.append(['?*/s/soft/~*', '*/s/new/~*'], CALL);
      const { head: newer } = await backend.log.append(['^/s/new'], CALL);
      for (let i = 0; i < 256; i++) await backend.log.append([`*/s/rule/${i}/~*`], CALL);
      const { stamps } = await backend.log.stamps(
        ['=/s/old/1', '^/s/old', '?^/s/soft', '^/s/new', '=/s/rule/255/x'],
        CALL,
      );
      expect(Math.max(stamps[0], stamps[1])).toBeGreaterThanOrEqual(first);
      expect(stamps[2]).toBeGreaterThanOrEqual(soft);
      expect(stamps[3], 'a later change of that prefix stands').toBe(newer);
      expect(stamps[4]).toBe(newer + 256);
      const size = await server.ask('ZCARD', `test ${made}:{log}:rules`);
      expect(size).toMatch(/^:257\r/); // and the member that says that it is there
    });
  });
});
