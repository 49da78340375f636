/** A server that is killed or stands still costs a read a bounded delay, and what memory holds nothing at all. */
import { expect, test } from 'vitest';
import { beginRedis, HANG, LIMIT, type Member, onEach, REDIS_CLIENTS, tagOf, TIMEOUT } from './world.ts';
import { withoutRedis } from '../support/redis-server.ts';

const FIFTY = Array.from({ length: 50 }, (_, i) => `cold ${i}`);

/** While the place is out of reach. */
async function readsGoOn(member: Member, key: string): Promise<void> {
  expect(await member.getPromptly(key)).toBe(1);
  const reads = [await member.read('cold'), ...(await member.readAll(FIFTY))];
  expect(new Set(reads.map(({ value }) => value))).toEqual(new Set([1]));
  expect(Math.max(...reads.map(({ ms }) => ms))).toBeLessThan(HANG);
}

test.skipIf(withoutRedis).for(['empty', 'with old data'] as const)(
  'a server that is killed, and comes back %s',
  { timeout: LIMIT },
  (back) =>
    onEach(REDIS_CLIENTS, async (kind) => {
      const { world, server } = await beginRedis(kind);
      const { source } = world;
      const [a, b] = await Promise.all([world.join({ timeout: TIMEOUT }), world.join({ timeout: TIMEOUT })]);
      const members = [a, b];
      const all = ['warm', 'changed before', 'changed by tag', 'changed during'];
      for (const member of members) await member.readAll(all);

      if (back === 'with old data') await server.ask('SAVE');
      source.change('changed before');
      source.change('changed by tag');
      await a.invalidate({ key: ['value', 'changed before'] });
      await a.invalidate({ tags: [tagOf('changed by tag')] });
      await b.caughtUpWith(a);
      await server.kill();

      await Promise.all(members.map((member) => readsGoOn(member, 'warm')));
      source.change('changed during');
      expect(await a.delete('changed during')).toMatchObject({ reach: 'local' });
      expect(await a.get('changed during')).toBe(2);

      await server.up();
      await a.saidAll();
      for (const member of members) expect(await member.gapsWith('incarnation')).toContain('incarnation');
      await b.caughtUpWith(a);
      for (const member of [a, b, await world.join()])
        expect((await member.readAll(all)).map(({ value }) => value)).toEqual([1, 2, 2, 2]);
      await world.end();
    }),
);

test.skipIf(withoutRedis)('a server that stands still for a while', { timeout: LIMIT }, () =>
  onEach(REDIS_CLIENTS, async (kind) => {
    const { world, server } = await beginRedis(kind);
    const [a, b] = await Promise.all([world.join({ timeout: TIMEOUT }), world.join({ timeout: TIMEOUT })]);
    for (const member of [a, b]) await member.readAll(['warm', 'changed']);

    server.stall();
    await readsGoOn(a, 'warm');
    world.source.change('changed');
    expect(await a.delete('changed')).toMatchObject({ reach: 'local' });
    expect(await a.get('changed')).toBe(2);

    server.resume();
    await a.saidAll();
    await b.caughtUpWith(a);
    for (const member of [a, b, await world.join()]) expect(await member.get('changed')).toBe(2);
    expect(await b.get('warm')).toBe(1);
    await world.end();
  }),
);
