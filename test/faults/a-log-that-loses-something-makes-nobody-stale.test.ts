/** Whatever a server loses of the log, by a flush, by hand, or since its memory is full: nobody serves what was changed. */
import { expect, test } from 'vitest';
import type { Key } from 'tidemark';
import { becomesRight, beginRedis, LIMIT, MAX_SILENCE, onEach, REDIS_CLIENTS, tagOf } from './world.ts';
import { type RedisServer, withoutRedis } from '../support/redis-server.ts';

const inLog = (name: string) => `tidemark:{log}:${name}`;

/** What may become of a log, and what a process that wasn't there drops what it held for, if it has to. */
const LOSSES: readonly { readonly what: readonly string[]; readonly gap?: string }[] = [
  { what: ['FLUSHALL'], gap: 'incarnation' },
  { what: ['XTRIM', inLog('stream'), 'MAXLEN', '0'], gap: 'missed' },
  { what: ['DEL', inLog('stream')], gap: 'missed' },
  { what: ['DEL', inLog('meta')], gap: 'incarnation' },
  { what: ['DEL', inLog('stamps:0')] },
  { what: ['DEL', inLog('stamps:1')] },
  { what: ['DEL', inLog('rules')] },
  { what: ['DEL', inLog('wakes')] },
  { what: ['SCRIPT', 'FLUSH'] },
];

test.skipIf(withoutRedis)('a change and then a loss that a process only hears of later', { timeout: LIMIT }, () =>
  onEach(REDIS_CLIENTS, async (kind) => {
    const { world, server } = await beginRedis(kind);
    const way = await world.way();
    const [writer, strong, away] = await Promise.all([
      world.join(),
      world.join({ consistency: 'strong' }),
      world.join({ via: way }),
    ]);
    for (const { what, gap } of LOSSES) {
      const [before, after] = [`before ${what.join(' ')}`, `after ${what.join(' ')}`];
      for (const member of [writer, strong, away]) await member.readAll([before, after]);
      const { length } = (await away.knowledge()).gaps;

      way.stall();
      world.source.change(before);
      expect(await writer.invalidate({ tags: [tagOf(before)] })).toMatchObject({ reach: 'everywhere' });
      expect(await server.ask(...what)).not.toMatch(/^-/);
      world.source.change(after);
      expect(await writer.invalidate({ key: ['value', after] })).toMatchObject({ reach: 'everywhere' });
      for (const key of [before, after]) {
        expect(await strong.get(key), key).toBe(2);
        expect(await writer.get(key), key).toBe(2);
      }

      way.heal();
      await away.caughtUpWith(writer);
      for (const key of [before, after]) expect(await away.get(key), key).toBe(2);
      expect((await away.knowledge()).gaps.slice(length), what.join(' ')).toEqual(gap ? [gap] : []);
    }
    await world.end();
  }),
);

test.skipIf(withoutRedis)('a flush is noticed by all, also where nothing else is said', { timeout: LIMIT }, () =>
  onEach(REDIS_CLIENTS, async (kind) => {
    const { world, server } = await beginRedis(kind);
    const members = await Promise.all([world.join(), world.join()]);
    for (const member of members) await member.get('k');
    await server.ask('FLUSHALL');
    for (const member of members) expect(await member.gapsWith('incarnation')).toContain('incarnation');
    await world.end();
  }),
);

test.skipIf(withoutRedis).for(['allkeys-lru', 'allkeys-random'])(
  'a server whose memory is full and that evicts anything (%s)',
  { timeout: LIMIT },
  async (policy) => {
    const { world, server } = await beginRedis('node-redis', '--maxmemory', '4mb', '--maxmemory-policy', policy);
    const [writer, strong, follower] = await Promise.all([
      world.join(),
      world.join({ consistency: 'strong' }),
      world.join({ maxSilence: MAX_SILENCE }),
    ]);
    const keys: readonly Key[] = ['by key', 'by tag', ['by', 'pattern']];
    for (let version = 2; version < 12; version++) {
      for (const member of [writer, strong, follower]) await member.readAll(keys);
      await flood(server, version);
      for (const key of keys) world.source.change(key);
      const said = [
        await writer.invalidate({ key: ['value', 'by key'] }),
        await writer.invalidate({ tags: [tagOf('by tag')] }),
        await writer.invalidate({ pattern: 'value:*:pattern' }),
      ];
      await flood(server, -version);
      for (const [i, key] of keys.entries()) {
        expect(await writer.get(key), tagOf(key)).toBe(version);
        expect(said[i].reach, tagOf(key)).toBe('everywhere');
        expect(await strong.get(key), tagOf(key)).toBe(version);
        await becomesRight(follower, key, version);
      }
    }
    expect(Number(/evicted_keys:(\d+)/.exec(await server.ask('INFO', 'stats'))?.[1])).toBeGreaterThan(1000);
    await world.end();
  },
);

/** Write as much as makes a server with little room evict something. */
async function flood(server: RedisServer, round: number): Promise<void> {
  const script = `for i = 1, 500 do redis.call('SET', 'other:${round}:' .. i, string.rep('x', 1000)) end`;
  await server.ask('EVAL', script, '0');
}
