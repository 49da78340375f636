/** Memory, a disk and a server: a process that starts again has its disk, less what has changed while it was down. */
import { expect, test } from 'vitest';
import type { Key } from 'tidemark';
import { beginRedis, LIMIT, type Member, onEach, REDIS_CLIENTS, tagOf } from './world.ts';
import { freshFolder } from '../processes/folder.ts';
import { type RedisServer, withoutRedis } from '../support/redis-server.ts';

const KEPT = Array.from({ length: 20 }, (_, i) => `kept ${i}`);
const CHANGED: readonly Key[] = ['by key', 'by tag', ['by', 'pattern']];
const ALL = [...KEPT, ...CHANGED];

const values = async (member: Member) => (await member.readAll(ALL)).map(({ value }) => value);

/** All entries but nothing of the log: what is warm then comes from the disk. */
async function forgetEntries(server: RedisServer): Promise<void> {
  const script = `for _, key in ipairs(redis.call('KEYS', '*}v*')) do redis.call('DEL', key) end`;
  await server.ask('EVAL', script, '0');
}

async function changeSome(member: Member): Promise<void> {
  await member.invalidate({ key: ['value', 'by key'] });
  await member.invalidate({ tags: [tagOf('by tag')] });
  await member.invalidate({ pattern: 'value:*:pattern' });
}

test.skipIf(withoutRedis)('a process that left and comes back loads only what has changed', { timeout: LIMIT }, () =>
  onEach(REDIS_CLIENTS, async (kind) => {
    const disk = freshFolder();
    const { world, server } = await beginRedis(kind);
    const [before, other] = [await world.join({ disk }), await world.join()];
    await values(before);
    await before.leave();

    for (const key of CHANGED) world.source.change(key);
    await changeSome(other);
    await forgetEntries(server);

    const after = await world.join({ disk });
    expect(await values(after)).toEqual([...KEPT.map(() => 1), ...CHANGED.map(() => 2)]);
    for (const key of KEPT) expect(world.source.loadersOf(key)).toEqual([0]);
    for (const key of CHANGED) expect(world.source.loadersOf(key)).toEqual([0, 2]);
    await world.end();
  }),
);

test.skipIf(withoutRedis).for(['in between', 'in between and the server has lost everything'])(
  'a process that was killed comes back and serves nothing that was changed %s',
  { timeout: LIMIT },
  (when) =>
    onEach(REDIS_CLIENTS, async (kind) => {
      const disk = freshFolder();
      const { world, server } = await beginRedis(kind);
      const [before, other] = [await world.join({ disk }), await world.join()];
      await values(before);
      await before.kill();

      for (const key of CHANGED) world.source.change(key);
      await changeSome(other);
      if (when !== 'in between') await server.ask('FLUSHALL');

      const after = await world.join({ disk });
      expect(await values(after)).toEqual([...KEPT.map(() => 1), ...CHANGED.map(() => 2)]);
      await world.end();
    }),
);
