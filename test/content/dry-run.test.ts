/** A dry run says what would be dropped, and changes nothing: exactly that falls when it is done. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { Key, Selector } from 'tidemark';
import { createContent, type DryRunOf } from 'tidemark/content';
import { localLog } from 'tidemark/logs/local';
import { timedCache } from '../support/timed-cache.ts';

vi.setConfig({ testTimeout: 60_000 }); // a machine that does other things, too, takes its time

const segment = fc.constantFrom('post', 'page', 'list', '1', '2');
const namespace = fc.constantFrom('content', 'api', 'user');
const path = fc.tuple(namespace, segment, segment);
const selector: fc.Arbitrary<Selector> = fc.oneof(
  path.map((key) => ({ key })),
  fc.tuple(namespace, segment).map((prefix) => ({ prefix })),
  path.map(([a, , c]) => ({ pattern: [a, '*', c] })),
  fc.subarray(['t1', 't2', 'tlist']).map((tags) => ({ tags })),
  fc.constant<Selector>({ all: true }),
);
const what: fc.Arbitrary<DryRunOf> = fc.oneof(
  selector,
  fc
    .constantFrom('content.update', 'content.create', 'user.update', 'plugin.activate', 'nobody.knows')
    .chain((event) => fc.constantFrom('1', '2', 'post').map((id) => ({ event, payload: { id } }))),
);

async function holding(paths: readonly (readonly string[])[]) {
  const log = localLog();
  const { cache } = timedCache({ log });
  const content = createContent({ cache });
  const collections = new Map(
    ['content', 'api', 'user'].map((name) => [
      name,
      cache.define<string, Key>(name, { tags: (value) => [`t${value}`] }),
    ]),
  );
  for (const [name, ...key] of paths) await collections.get(name)!.set(key, key[1]);
  const held = () => paths.filter(([name, ...key]) => collections.get(name)!.peek(key) !== undefined);
  const state = async () => {
    const left = held(); // looking verifies them: first, so that both looks find the same
    const position = await log.position({ signal: new AbortController().signal });
    return JSON.stringify([left, position, cache.stats(), cache.held(), content.log.count]);
  };
  return { cache, content, held, state };
}

test('what it names is what falls, and until then nothing has', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(path, { maxLength: 12, selector: String }), what, async (paths, asked) => {
      const { cache, content, held, state } = await holding(paths);
      const before = await state();
      const { entries, keys, dependencies, rules } = content.dryRun(asked);
      expect(await state()).toBe(before);
      if ('event' in asked) {
        const emitted = await content.events.emit(asked.event, asked.payload);
        expect(emitted.rules).toEqual(rules);
      } else await content.invalidate(asked);
      const left = held();
      const fallen = paths.filter((one) => !left.includes(one));
      expect(keys.map(String).toSorted()).toEqual(fallen.map(String).toSorted());
      expect(entries).toBe(fallen.length);
      expect(content.log.list().invalidations[0]).toMatchObject({ dependencies, entries, rules });
      await cache.close();
    }),
    { numRuns: 100 },
  );
});

test('what is refused when it is done is refused when it is tried', async () => {
  const { content } = await holding([]);
  expect(() => content.dryRun({ event: 'content.update', payload: {} })).toThrow(/must bring 'id'/);
  expect(() => content.dryRun({ pattern: 'a*' })).toThrow(expect.objectContaining({ code: 'bad_pattern' }));
  expect(() => content.dryRun({})).toThrow(/invalidate needs/);
  expect(() => content.dryRun({ event: 'x', tags: ['a'] })).toThrow(/tags/);
  expect(() => content.dryRun(undefined as never)).toThrow(expect.objectContaining({ code: 'bad_option' }));
});
