/** One load among all processes that share a place, and another one when the process that loads dies. */
import { expect, test } from 'vitest';
import { begin, HANG, KINDS, LIMIT, onEach, withoutAny } from './world.ts';

test.skipIf(withoutAny)('four processes with 250 readers each make one load of a cold key', { timeout: LIMIT }, () =>
  onEach(KINDS, async (kind) => {
    const world = await begin(kind);
    const members = await Promise.all([0, 1, 2, 3].map(() => world.join()));
    for (const key of ['first', 'second', 'third']) {
      const letGo = world.source.hold(key);
      const values = Promise.all(members.map((member) => member.getAtOnce(key, 250)));
      await world.source.begun(key, 1);
      letGo();
      expect(await values).toEqual([[1], [1], [1], [1]]);
      expect(world.source.loadersOf(key)).toHaveLength(1);
    }
    await world.end();
  }),
);

test.skipIf(withoutAny)('another process loads when the one that loads is killed', { timeout: LIMIT }, () =>
  onEach(KINDS, async (kind) => {
    const world = await begin(kind);
    const { source } = world;
    const [loader, other] = [await world.join(), await world.join()];
    for (const key of ['waited for', 'overtaken']) {
      source.hold(key);
      await loader.begin(key);
      await source.begun(key, 1);
    }
    await loader.kill();
    source.holdNoMore('waited for');
    source.holdNoMore('overtaken');
    const waiting = await other.begin('waited for');

    // Whose load a change has overtaken isn't waited for: the other lease was taken earlier, and still lasts.
    source.change('overtaken');
    await other.invalidate({ key: ['value', 'overtaken'] });
    expect(await other.get('overtaken')).toBe(2);
    expect(source.loadersOf('overtaken')).toEqual([0, 1]);
    expect(source.loadersOf('waited for')).toEqual([0]);

    const { value, ms } = await waiting();
    expect(value).toBe(1);
    expect(ms).toBeLessThan(HANG);
    expect(source.loadersOf('waited for')).toEqual([0, 1]);
    await world.end();
  }),
);
