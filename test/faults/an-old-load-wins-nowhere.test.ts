/** A load that began before a change of another process ends after it: its value is kept by nobody. */
import { expect, test } from 'vitest';
import { begin, KINDS, LIMIT, onEach, tagOf, withoutAny } from './world.ts';
import { until } from '../support/redis-server.ts';

test.skipIf(withoutAny)(
  'a slow load does not overwrite what another has deleted and loaded since',
  { timeout: LIMIT },
  () =>
    onEach(KINDS, async (kind) => {
      const world = await begin(kind);
      const { source } = world;
      const [a, b] = [await world.join(), await world.join()];
      const letGo = source.hold('k');
      const slow = await b.begin('k');
      await source.begun('k', 1);
      source.holdNoMore('k');

      source.change('k');
      expect(await a.delete('k')).toMatchObject({ reach: 'everywhere' });
      expect(await a.get('k')).toBe(2); // not waiting for a load that comes too late
      const newcomer = await world.join();
      await until('the place has the new value', async () => (await newcomer.find('k')) === 2);

      letGo();
      expect((await slow()).value).toBe(1); // asked for before the change
      await b.caughtUpWith(a);
      for (const member of [a, b, newcomer, await world.join()]) {
        expect(await member.get('k')).toBe(2);
        expect(await member.find('k')).toBe(2);
      }
      expect(source.loadersOf('k')).toEqual([1, 0]);
      await world.end();
    }),
);

test.skipIf(withoutAny)(
  'a slow load is not kept when a tag has changed that only its end tells',
  { timeout: LIMIT },
  () =>
    onEach(KINDS, async (kind) => {
      const world = await begin(kind);
      const { source } = world;
      const [a, b] = [await world.join(), await world.join()];
      const letGo = source.hold('k');
      const slow = await b.begin('k');
      await source.begun('k', 1);
      source.holdNoMore('k');

      source.change('k');
      expect(await a.invalidate({ tags: [tagOf('k')] })).toMatchObject({ reach: 'everywhere' });
      const waiting = await a.begin('k'); // whose load is of no use, nobody knows yet
      letGo();
      expect((await slow()).value).toBe(1);
      expect((await waiting()).value).toBe(2);
      await b.caughtUpWith(a);
      for (const member of [a, b, await world.join()]) expect(await member.get('k')).toBe(2);
      await world.end();
    }),
);
