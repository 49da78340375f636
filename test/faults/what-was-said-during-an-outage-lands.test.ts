/** A change that is said while the place can't be reached: it counts here at once, and everywhere when the way is open again. */
import { expect, test } from 'vitest';
import type { Key } from 'tidemark';
import { begin, KINDS, LIMIT, onEach, tagOf, TIMEOUT, withoutAny } from './world.ts';

const KEY = 'by key';
const TAGGED = 'by tag';
const BELOW: Key = ['shelf', 'by prefix'];
const ALL = [KEY, TAGGED, BELOW];

/** How a way is lost: with a word, without one, and with everything coming late. */
const LOSSES = ['cut', 'silence', 'stall'] as const;

test.skipIf(withoutAny).for(LOSSES)(
  'a change of a key, a tag and a prefix while the way is lost (%s)',
  { timeout: LIMIT },
  (loss) =>
    onEach(KINDS, async (kind) => {
      const world = await begin(kind);
      const way = await world.way();
      const [here, there] = await Promise.all([world.join({ via: way, timeout: TIMEOUT }), world.join()]);
      const values = async (member: typeof here) => (await member.readAll(ALL)).map(({ value }) => value);
      expect(await values(here)).toEqual([1, 1, 1]);
      expect(await values(there)).toEqual([1, 1, 1]);

      way[loss]();
      for (const key of ALL) world.source.change(key);
      const said = await Promise.all([
        here.delete(KEY),
        here.invalidate({ tags: [tagOf(TAGGED)] }),
        here.invalidate({ prefix: ['value', 'shelf'] }),
      ]);
      expect(said.map(({ reach }) => reach)).toEqual(['local', 'local', 'local']);
      expect(await values(here)).toEqual([2, 2, 2]);

      way.heal();
      await here.saidAll();
      await there.caughtUpWith(here);
      expect(await values(there)).toEqual([2, 2, 2]);
      expect(await values(here)).toEqual([2, 2, 2]);
      expect(await values(await world.join())).toEqual([2, 2, 2]);
      await world.end();
    }),
);
