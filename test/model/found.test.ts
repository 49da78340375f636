/** What the model has found, each reduced to the few steps that it takes. */
import { createCache, memory } from 'tidemark';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { expect, test } from 'vitest';
import { Gates } from '../../src/testing/simulation/gates.ts';
import { turn } from '../../src/engine/turn.ts';

/** Caches on one space, a truth of numbers, and a way to hold messages. */
function stage() {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const gates = new Gates();
  const truth = new Map([['k', 1]]);
  const held = new Set<string>();
  const gate = async (message: string) => {
    if (held.has(message)) await gates.hold('', message);
  };
  const cache = (slow: boolean) => {
    const backend = sharedBackend({ space, ...(slow ? { gate } : {}) });
    const made = createCache({ clock, tiers: [memory(), { store: backend, timeout: 200 }] });
    const plain = made.define<number | undefined>('plain', { load: (key) => truth.get(key) });
    const sum = made.define<number | undefined>('sum', {
      load: async (_, ctx) => {
        ctx.dependsOn(['plain', 'k']);
        return plain.get('k');
      },
    });
    return { cache: made, plain, sum };
  };
  return { clock, space, gates, truth, held, slow: cache(true), quick: cache(false) };
}

test('a value made through the cache is not newer than what the cache knew, though a change of its own had overtaken another', async () => {
  const { clock, gates, truth, held, slow, quick } = stage();
  expect(await slow.plain.get('k')).toBe(1);
  held.add('read').add('wake');
  truth.set('k', 2);
  await quick.plain.invalidate('k');
  await slow.plain.invalidate('other'); // a newer mark than the one that it hasn't heard of
  expect(await slow.sum.get('s')).toBe(1); // it may lag
  held.clear();
  gates.releaseAll();
  await clock.advanceAsync(2000);
  expect(await slow.sum.get('s')).toBe(2);
});

test('a set that was given up for lost does not come back over a newer change', async () => {
  const { clock, gates, truth, held, slow, quick } = stage();
  await turn();
  held.add('commit').add('append');
  truth.set('k', 2);
  const lost = slow.plain.set('k', 2);
  await clock.advanceAsync(250);
  expect((await lost).reach).toBe('local');
  truth.set('k', 3);
  held.clear();
  await clock.advanceAsync(10_000); // the change is said now
  await quick.plain.invalidate('k');
  expect(await quick.plain.get('k')).toBe(3);
  gates.releaseAll();
  await clock.advanceAsync(10_000);
  expect(await quick.plain.get('k')).toBe(3);
  expect(await slow.plain.get('k')).toBe(3);
});

test('a follower that had a long way to go when its log was lost does not go on asking for what is gone', async () => {
  const { clock, space, gates, held, slow, quick } = stage();
  await turn();
  held.add('read').add('wake');
  for (let i = 0; i < 5; i++) await quick.plain.invalidate('k');
  await clock.advanceAsync(1000);
  expect(gates.size).toBeGreaterThan(0);
  let asked = 0;
  const count = space.read.bind(space);
  space.read = (after) => {
    const page = count(after);
    if (++asked === 1) {
      space.flush(); // between the first page and the next
      return { ...page, changes: page.changes.slice(0, 1) };
    }
    if (asked > 100) throw new Error('it asks without end');
    return page;
  };
  held.clear();
  gates.releaseAll();
  await clock.advanceAsync(3000);
  expect(asked).toBeGreaterThan(1);
  expect(asked).toBeLessThan(20);
  expect(slow.cache.stats().log.incarnation).toBe(space.position.incarnation);
});

test('an answer to a question by the mark of a lost log says nothing of where the present one ends', async () => {
  const { clock, space, gates, truth, held, slow, quick } = stage();
  await turn();
  const before = space.copy();
  await quick.plain.invalidate('other');
  await quick.plain.invalidate('other');
  await clock.advanceAsync(2000);
  expect(slow.cache.stats().log.applied).toBe(2);
  held.add('read');
  space.restore(before); // whoever is woken asks what came after 2
  await turn();
  await slow.plain.invalidate('other'); // it learns of the other incarnation, whose head is 1
  held.clear();
  gates.releaseAll();
  await turn();
  expect(await slow.plain.get('k')).toBe(1);
  truth.set('k', 2);
  await quick.plain.invalidate('k');
  await clock.advanceAsync(2000);
  expect(await slow.plain.get('k')).toBe(2);
});
