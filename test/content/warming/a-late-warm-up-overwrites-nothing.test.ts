/** Warming is reading: whatever is written while it goes on, nothing that is older is ever served afterwards. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { createWarmer, warm } from 'tidemark/content';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { turn } from '../../../src/engine/turn.ts';
import { published, Table } from './support.ts';

const setUp = async (count: number) => {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const table = await new Table().fill(3);
  const start = () => {
    const cache = createCache({ tiers: [memory(), sharedBackend({ space })], clock, consistency: 'strong' });
    const posts = table.repository(cache);
    const read = () => [...['0', '1', '2'].map((id) => warm.item(posts, id)), warm.list(posts, published)];
    const plans = [{ name: 'all', on: ['startup', 'schedule', 'event:content.publish'], read }] as const;
    return { cache, posts, warmer: createWarmer({ cache, clock, plans }) };
  };
  return { table, processes: Array.from({ length: count }, start) };
};

describe.each([1, 2])('with %i process(es)', (count) => {
  test('a write while the warm-up loads: the load is answered, and not kept', async () => {
    const { table, processes } = await setUp(count);
    const [warming, writing] = [processes[0], processes.at(-1)!];
    table.door.shut();
    const run = warming.warmer.startup(); // it has read the old title, and is on its way back
    await turn();
    const write = writing.posts.update('1', { title: 'new' });
    await turn();
    table.door.open();
    await write;
    expect(await run).toMatchObject({ warmed: 4, failed: 0 });
    if (count === 1) expect(warming.cache.stats().overtaken).toBe(2); // the item and the list
    for (const { posts } of processes) {
      expect((await posts.findById('1'))?.title).toBe('new');
      expect((await posts.findMany(published)).map(({ title }) => title)).toContain('new');
    }
    await Promise.all(processes.map(({ cache }) => cache.close()));
  });

  test('a warm-up after a publication has what was published', async () => {
    const { table, processes } = await setUp(count);
    const [warming, writing] = [processes[0], processes.at(-1)!];
    await warming.warmer.startup();
    await writing.posts.update('1', { title: 'new' });
    await writing.warmer.published('1');
    const { reads } = table;
    expect((await writing.posts.findById('1'))?.title).toBe('new');
    expect((await writing.posts.findMany(published)).map(({ title }) => title)).toContain('new');
    expect(table.reads).toBe(reads);
    await Promise.all(processes.map(({ cache }) => cache.close()));
  });
});

test('whatever is warmed, written and held back in whatever order: a read that begins later is never older', async () => {
  const step = fc.record({
    what: fc.constantFrom('startup', 'published', 'write', 'shut', 'open', 'turn'),
    at: fc.nat(1),
    id: fc.constantFrom('0', '1', '2'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { table, processes } = await setUp(2);
      const work: Promise<unknown>[] = [];
      const latest = new Map<string, string>();
      let version = 0;
      for (const { what, at, id } of steps) {
        const { warmer, posts } = processes[at];
        if (what === 'startup') work.push(warmer.scheduled());
        else if (what === 'published') work.push(warmer.published(id));
        else if (what === 'shut') table.door.shut();
        else if (what === 'open') table.door.open();
        else if (what === 'turn') await turn();
        else {
          const title = `version ${++version}`;
          await posts.update(id, { title });
          latest.set(id, title);
        }
      }
      table.door.open();
      for (const { posts } of processes)
        for (const [id, title] of latest) {
          expect((await posts.findById(id))?.title).toBe(title);
          expect((await posts.findMany(published)).find((one) => one.id === id)?.title).toBe(title);
        }
      await Promise.all(work);
      for (const { posts } of processes)
        for (const [id, title] of latest) expect((await posts.findById(id))?.title).toBe(title);
      await Promise.all(processes.map(({ cache }) => cache.close()));
    }),
    { numRuns: 60 },
  );
}, 60_000);
