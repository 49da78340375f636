/** A process whose clock is wrong by seconds: that says nothing about what is newer. */
import { expect, test } from 'vitest';
import { begin, LIMIT, onEach, REDIS_CLIENTS, tagOf } from './world.ts';
import { withoutRedis } from '../support/redis-server.ts';

const ASTRAY = 5000;

test.skipIf(withoutRedis).for([ASTRAY, -ASTRAY])(
  'one process is %s ms ahead: each change costs one load, and nobody is stale',
  { timeout: LIMIT },
  (ahead) =>
    onEach(REDIS_CLIENTS, async (kind) => {
      const world = await begin(kind);
      const { source } = world;
      const [astray, right] = [await world.join({ ahead }), await world.join()];
      const both = [astray, right];
      const [first, second] = [both, both.toReversed()];
      let version = 1;
      for (const [writer, reader] of [first, second, first, second]) {
        expect(await writer.get('k')).toBe(version);
        expect(await reader.get('k')).toBe(version);
        version = source.change('k');
        await writer.invalidate({ tags: [tagOf('k')] });
        await reader.caughtUpWith(writer);
        for (const member of [reader, writer, reader]) expect(await member.get('k')).toBe(version);
        expect(source.loadersOf('k')).toHaveLength(version);
      }
      for (const [writer, reader] of [first, second]) {
        version = source.change('k');
        await writer.set('k', version);
        await reader.caughtUpWith(writer);
        for (const member of both) expect(await member.get('k')).toBe(version);
      }
      await world.end();
    }),
);
