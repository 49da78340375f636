/** Every kind of place on which the tests of this folder play can be tried here. */
import { expect, test } from 'vitest';
import { begin, KINDS, LIMIT, without } from './world.ts';

for (const kind of KINDS)
  test.skipIf(without[kind])(`two processes share a place by ${kind}`, { timeout: LIMIT }, async () => {
    const world = await begin(kind);
    const [a, b] = [await world.join(), await world.join()];
    expect(await a.get('k')).toBe(1);
    expect(await b.get('k')).toBe(1);
    expect(world.source.loads).toBe(1);
    await world.end();
  });
