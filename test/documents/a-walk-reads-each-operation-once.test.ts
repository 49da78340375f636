/** Walking over a stream costs as much as one replay, and each state on the way is the one that `getState` answers with. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Document } from 'tidemark/documents';
import {
  DocumentHistory,
  drive,
  driveActions,
  randomHistory,
  seededRandom,
  textList,
  textListActions,
} from 'tidemark/testing';
import { failure } from '../support/deferred.ts';
import { driveOf, executed, right, seen, type SetUp, setUp } from './support/set-up.ts';

async function walked(
  { cache }: Pick<SetUp, 'cache'>,
  history: DocumentHistory,
  from: number,
  to?: number,
  scope = 'global',
): Promise<{ revision: number; document: Document }[]> {
  const steps: { revision: number; document: Document }[] = [];
  for await (const step of cache.walk(history.documentId, history.documentType, scope, 'main', from, to))
    steps.push(step);
  return steps;
}

describe('a walk', () => {
  test('of a whole stream reads each operation once', async () => {
    const history = driveOf(550);
    const made = await setUp([history], { store: 'none' });
    made.source.reset();
    const steps = await walked(made, history, 0);
    expect(steps.map(({ revision }) => revision)).toEqual(Array.from({ length: 550 }, (_, i) => i));
    for (const { revision, document } of steps) {
      expect(document.header.revision['global']).toBe(revision + 1);
      expect(document.operations['global']).toEqual([history.operations['global'][revision]]);
    }
    expect(seen(steps[549].document)).toEqual(right(history));
    expect(seen(steps[77].document)).toEqual(right(history, 77));
    expect(made.source.rows).toBeLessThanOrEqual(550 + 2);
    expect(made.cache.stats().memory.states).toBeLessThanOrEqual(1);
  });

  test('with undos costs two rows an operation at most', async () => {
    const history = new DocumentHistory({ model: drive });
    for (let i = 0; i < 300; i++) {
      if (i % 10 === 7) history.undo();
      else if (i % 10 === 8) history.redo();
      else history.add(driveActions.addFolder(`n${i}`));
    }
    const made = await setUp([history]);
    made.source.reset();
    const steps = await walked(made, history, 0);
    expect(steps).toHaveLength(300);
    for (const i of [7, 8, 9, 217, 218, 299]) expect(seen(steps[i].document)).toEqual(right(history, i));
    expect(made.source.rows).toBeLessThanOrEqual(2 * 300);
  });

  test.each([1, 2] as const)('takes back more than it remembers, too, in protocol %i', async (protocol) => {
    const history = new DocumentHistory({ model: drive, protocol });
    for (let i = 0; i < 400; i++) history.add(driveActions.addFolder(`n${i}`));
    history.add(driveActions.addFile('after many'), { skip: 350 });
    history.add(driveActions.addFile('after that'), { skip: 1 });
    for (let i = 0; i < 5; i++) history.undo();
    history.add(driveActions.addFile('last'));
    for (const from of [0, 130, 395]) {
      const made = await setUp([history]);
      const steps = await walked(made, history, from);
      for (const { revision, document } of steps.slice(-12)) expect(seen(document)).toEqual(right(history, revision));
    }
  });

  test('from the beginning of the beginning begins with the state before any operation', async () => {
    const history = driveOf(3);
    const made = await setUp([history]);
    const steps = await walked(made, history, -1);
    expect(steps.map(({ revision }) => revision)).toEqual([-1, 0, 1, 2]);
    for (const { revision, document } of steps) expect(seen(document)).toEqual(right(history, revision));
  });

  test('ends at the head, or where it is told to', async () => {
    const history = driveOf(5);
    const made = await setUp([history]);
    const revisions = async (from: number, to?: number) =>
      (await walked(made, history, from, to)).map(({ revision }) => revision);
    expect(await revisions(2)).toEqual([2, 3, 4]);
    expect(await revisions(2, 3)).toEqual([2, 3]);
    expect(await revisions(3, 3)).toEqual([3]);
    expect(await revisions(3, 99)).toEqual([3, 4]);
    expect(await revisions(5)).toEqual([]);
    expect(await revisions(99)).toEqual([]);
    expect(await revisions(-1, -1)).toEqual([-1]);
  });

  test('hands out documents of the caller’s own', async () => {
    const history = driveOf(4);
    const made = await setUp([history]);
    for await (const { revision, document } of made.cache.walk('document-1', '', 'global', 'main', 0)) {
      expect(seen(document)).toEqual(right(history, revision));
      document.header.name = 'mine';
      document.operations['global'].length = 0;
      expect(() => ((document.state as Record<string, unknown>)['global'] = 1)).toThrow(TypeError);
    }
    expect(seen(await made.read(history))).toEqual(right(history));
  });

  test('over an empty stream, and of no document', async () => {
    const history = driveOf(0);
    const made = await setUp([history]);
    expect(await walked(made, history, 0)).toEqual([]);
    expect((await walked(made, history, -1)).map(({ document }) => seen(document))).toEqual([right(history)]);
    expect(await failure(walked(made, driveOf(0, { documentId: 'nobody' }), 0))).toMatchObject({ code: 'not_found' });
  });

  test('over the life of a document itself', async () => {
    const history = driveOf(1);
    history.add(driveActions.setName('named', 'document'));
    history.delete();
    const made = await setUp([history]);
    for (const from of [-1, 0, 2]) {
      const steps = await walked(made, history, from, undefined, 'document');
      expect(steps.map(({ revision }) => revision)).toEqual([0, 1, 2].slice(Math.max(from, 0)));
      for (const { revision, document } of steps)
        expect(document).toEqual(await made.cache.getState('document-1', '', 'document', 'main', revision));
    }
  });

  test.each(['revision', 'timestamp'] as const)(
    'begins right at a put state of an upgraded document (%s)',
    async (boundary) => {
      const history = new DocumentHistory({ model: textList, version: 1 });
      for (let i = 0; i < 3; i++) history.add(textListActions.insert(0, `text ${i}`));
      history.upgrade(2, { boundary });
      history.add(textListActions.setDone(0, true));
      const made = await setUp([history]);
      const before = await made.read(history);
      history.add(textListActions.setDone(1, true));
      await made.append(history);
      made.cache.putState('document-1', '', 'global', 'main', 4, executed(history, before));
      history.add(textListActions.setDone(2, true));
      history.add(textListActions.insert(0, 'more'));
      await made.append(history);
      for (const { revision, document } of await walked(made, history, 5))
        expect(seen(document)).toEqual(right(history, revision));
    },
  );

  test('may be given up between two steps, and by who stops asking', async () => {
    const history = driveOf(250);
    const { cache, source } = await setUp([history]);
    const abort = new AbortController();
    const why = new Error('enough');
    const steps: number[] = [];
    const walking = (async () => {
      for await (const { revision } of cache.walk('document-1', '', 'global', 'main', 0, undefined, {
        signal: abort.signal,
      })) {
        steps.push(revision);
        if (revision === 120) abort.abort(why);
      }
    })();
    expect(await failure(walking)).toBe(why);
    expect(steps.at(-1)).toBeLessThan(200);
    source.reset();
    for await (const { revision } of cache.walk('document-1', '', 'global', 'main', 0)) if (revision === 3) break;
    expect(source.rows).toBeLessThanOrEqual(102);
  });

  test.each([
    [-2, undefined],
    [1.5, undefined],
    [Number.NaN, undefined],
    [3, 2],
    [0, 2.5],
    [0, Number.NaN],
  ])('from %s to %s is no walk', async (from, to) => {
    const { cache } = await setUp([driveOf(5)]);
    expect(() => cache.walk('document-1', '', 'global', 'main', from, to)).toThrow(
      expect.objectContaining({ code: 'bad_option' }),
    );
  });
});

test('every step equals what is read at its revision, whatever the history', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.constantFrom(1 as const, 2 as const),
      fc.constantFrom(drive, textList),
      fc.integer({ min: -1, max: 45 }),
      async (seed, protocol, model, from) => {
        const history = randomHistory(seededRandom(seed), { model, length: 40, protocol });
        const made = await setUp([history], { keyframeInterval: 7, ringBufferSize: 3 });
        if (seed % 2) await made.read(history);
        const head = (history.operations['global']?.length ?? 0) - 1;
        const steps = await walked(made, history, from);
        expect(steps.map(({ revision }) => revision)).toEqual(
          Array.from({ length: Math.max(0, head - from + 1) }, (_, i) => from + i),
        );
        for (const { revision, document } of steps) expect(seen(document)).toEqual(right(history, revision));
      },
    ),
    { numRuns: 100 },
  );
});
