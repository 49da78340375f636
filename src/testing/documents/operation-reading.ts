/** The part of the operation store suite about reading: stretches, pages, heads, and streams that are told apart. */
import type { Operation } from '../../documents/operation.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { ensure, ensureEqual, ensureRefused, errorOf } from '../expectations.ts';
import type { Test } from '../runner.ts';
import {
  operationAt,
  operationsFrom,
  type OperationTests,
  requestFor,
  type Stream,
  STREAM,
} from './operation-trial.ts';

/** Names that a careless key or comparison takes for one another. */
const ALIKE = [
  'a',
  'A',
  'a ',
  ' a',
  'a:b',
  'a/b',
  'a%',
  'a_',
  'é',
  'e\u0301',
  '漢',
  '🌊',
  `it's "so"`,
  '\\',
  '0',
  '00',
];
const NO_NAMES = ['a\0b', '\ud800', 'a\udc00b'];

export function readingTests(test: OperationTests): readonly Test[] {
  return [
    test('a stream that nobody has written to is empty', async (t) => {
      const page = await t.store.getSince(...STREAM, -1);
      ensureEqual([...page.results], [], 'its operations');
      ensureEqual(page.nextCursor, undefined, 'its cursor');
      ensureEqual(await t.heads({ scope: STREAM[1] }), [{ revision: -1, id: undefined }], 'its head');
    }),
    test('operations are answered in order, after an index and up to another one, which is included', async (t) => {
      const all = operationsFrom(0, 7);
      await t.append(all);
      for (let after = -1; after <= 8; after++)
        for (const until of [undefined, -1, 0, 3, 6, 7, 100]) {
          const { results, nextCursor } = await t.store.getSince(...STREAM, after, { until });
          const due = all.filter(({ index }) => index > after && index <= (until ?? Infinity));
          ensureEqual([...results], due, `after ${after}, until ${until}`);
          ensureEqual(nextCursor, undefined, 'the cursor of a last page');
        }
    }),
    test('a page has a hundred operations unless another number is asked for, and the last one has no cursor', async (t) => {
      const all = operationsFrom(0, 250);
      await t.append(all);
      const sizes = async (...asked: Parameters<typeof t.pages>): Promise<readonly number[]> =>
        (await t.pages(...asked)).map(({ length }) => length);
      ensureEqual(await sizes(), [100, 100, 50], 'the sizes of pages');
      ensureEqual(await sizes({ until: 199 }), [100, 100], 'the sizes of pages that are full to the last');
      ensureEqual(await sizes({ until: 105, limit: 3 }, STREAM, 95), [3, 3, 3, 1], 'the sizes of small pages');
      ensureEqual(await sizes({ limit: 1000 }), [250], 'the size of a large page');
    }),
    test('from page to page nothing is missed and nothing comes twice, also while others append', async (t) => {
      const all = operationsFrom(0, 60);
      await t.append(all.slice(0, 10));
      const found: Operation[] = [];
      let cursor: string | undefined;
      for (let written = 10; ;) {
        const page = await t.store.getSince(...STREAM, 2, { until: 50, limit: 4, cursor });
        found.push(...page.results);
        cursor = page.nextCursor;
        if (cursor === undefined) break;
        if (written < all.length) await t.other.append(requestFor(all.slice(written, (written += 5))));
      }
      ensureEqual(found, all.slice(3, 51), 'what the pages held');
    }),
    test('heads are answered by position, each with the id that was asked for', async (t) => {
      await t.append(operationsFrom(0, 3, 'g'));
      await t.append(operationsFrom(0, 1, 'l'), {}, [STREAM[0], 'local', STREAM[2]]);
      const asked = [
        { scope: 'local' },
        { scope: 'global', at: 1 },
        { scope: 'missing' },
        { scope: 'global' },
        { scope: 'global', at: 7 },
        { scope: 'global', at: -1 },
        { scope: 'missing', at: 0 },
        { scope: 'local', at: undefined },
      ];
      ensureEqual(
        await t.heads(...asked),
        [
          { revision: 0, id: 'l-0' },
          { revision: 2, id: 'g-1' },
          { revision: -1, id: undefined },
          { revision: 2, id: 'g-2' },
          { revision: 2, id: undefined },
          { revision: 2, id: undefined },
          { revision: -1, id: undefined },
          { revision: 0, id: 'l-0' },
        ],
        'the heads',
      );
      ensureEqual([...(await t.heads())], [], 'the heads of no streams');
    }),
    test('streams whose names look alike are strangers', async (t) => {
      const streams: Stream[] = ALIKE.flatMap((name): Stream[] => [
        [name, 's', 'b'],
        ['d', name, 'b'],
        ['d', 's', name],
      ]);
      for (const [i, stream] of streams.entries()) await t.append([operationAt(0, `${i}`)], {}, stream);
      for (const [i, stream] of streams.entries())
        await t.ensureStream([operationAt(0, `${i}`)], `the stream ${JSON.stringify(stream)}`, stream);
    }),
    test('a name that is no text for everybody is kept apart, or refused with bad_option and unknown', async (t) => {
      const beside: readonly Stream[] = ['a', 'ab', 'a\ufffdb', '\ufffd'].map((name) => [name, 's', 'b']);
      for (const stream of beside) await t.append([operationAt(0, 'beside')], {}, stream);
      for (const name of NO_NAMES)
        for (const stream of [[name, 's', 'b'] as const, ['d', name, 'b'] as const, ['d', 's', name] as const]) {
          const refusal = await errorOf(() => t.append([operationAt(0)], {}, stream));
          const refused = refusal instanceof TidemarkError && refusal.code === 'bad_option';
          ensure(refused || refusal === undefined, `${JSON.stringify(name)}: failed with ${String(refusal)}`);
          await t.ensureStream(refused ? [] : [operationAt(0)], `the stream ${JSON.stringify(stream)}`, stream);
        }
      for (const stream of beside) await t.ensureStream([operationAt(0, 'beside')], 'a stream beside', stream);
    }),
    test('what was read is no handle on the store', async (t) => {
      await t.append(operationsFrom(0, 2));
      for (const operation of await t.all())
        try {
          Object.assign(operation, { id: 'changed' });
          Object.assign(operation.action.input as object, { changed: true });
        } catch {
          // it is frozen, which is as good
        }
      await t.ensureStream(operationsFrom(0, 2), 'the stream');
    }),
    test('a question that can not be answered is refused with bad_option, one that was given up is not answered', async (t) => {
      for (const options of [{ limit: 0 }, { limit: 1.5 }, { until: Number.NaN }, { cursor: 'x' }])
        await ensureRefused('bad_option', () => t.store.getSince(...STREAM, -1, options), JSON.stringify(options));
      await ensureRefused('bad_option', () => t.store.getSince(...STREAM, Number.NaN), 'after NaN');
      const given = new Error('given up');
      const signal = AbortSignal.abort(given);
      ensureEqual(await errorOf(() => t.store.getSince(...STREAM, -1, { signal })), given, 'getSince');
      ensureEqual(await errorOf(() => t.store.getHeads('d', 'b', [{ scope: 's' }], signal)), given, 'getHeads');
    }),
  ];
}
