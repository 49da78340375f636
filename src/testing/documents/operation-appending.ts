/** The part of the operation store suite about appending: what is kept, what is refused, and what a replay is answered. */
import type { Operation } from '../../documents/operation.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { ensure, ensureEqual, ensureRefused, errorOf } from '../expectations.ts';
import type { Test } from '../runner.ts';
import { plainSamples } from '../samples.ts';
import { operationAt, operationsFrom, type OperationTests, requestFor } from './operation-trial.ts';

/** What JSON can't say, or would say as something else. */
const UNSAYABLE: Readonly<Record<string, unknown>> = {
  NaN: Number.NaN,
  infinity: { deep: [Infinity] },
  'a bigint': [1n],
  'a date': { when: new Date(0) },
  'a map': new Map([[1, 2]]),
  'a set': [new Set([1])],
  bytes: Uint8Array.of(1),
  'a function': { run: () => {} },
  'a symbol': Symbol('s'),
  'undefined in an array': [undefined],
  'an instance of a class': new Error('an instance'),
  'an object that contains itself': itself(),
};

/** Texts that some databases can't keep as such. */
const AWKWARD = ['\0', 'a\0b', '\ud800', 'a\udc00b', '\\u0000', '\u0001', '\u2028', '\ufeff', '\uffff'];

export function appendingTests(test: OperationTests): readonly Test[] {
  return [
    test('an append is answered with the revision that it brings the stream to', async (t) => {
      ensureEqual(await t.append(operationsFrom(0, 3)), 2, 'the first answer');
      ensureEqual(await t.append(operationsFrom(3, 4)), 3, 'the second answer');
      await t.ensureStream(operationsFrom(0, 4), 'the stream');
    }),
    test('to append nothing does nothing', async (t) => {
      ensureEqual(await t.append([], { revision: 4 }), 4, 'the answer');
      await t.ensureStream([], 'the stream');
    }),
    test('every part of an operation comes back as it was', async (t) => {
      const operations = [
        operationAt(0, 'w', { skip: 3, hash: 'h4sh=', error: 'it "failed"', resultingState: '{"a":1}' }),
        operationAt(1, 'w', { deniedReason: '', action: { context: { signer: { keys: ['k', 1, null] } } } }),
        operationAt(2, '🌊 é', { timestampUtcMs: '', action: { type: 'NOOP', scope: '', input: null } }),
      ];
      await t.append(operations);
      await t.ensureStream(operations, 'the stream');
      const { error: _, ...without } = operationAt(3, 'w', { error: undefined });
      await t.append([{ ...without, error: undefined }]);
      ensureEqual(JSON.stringify((await t.all())[3]), JSON.stringify(without), 'an operation with a part undefined');
    }),
    test('inputs of every kind that JSON knows come back equal', async (t) => {
      const inputs = Object.entries(plainSamples).map(([name, make]) => [name, withoutNul(make())] as const);
      for (const [index, [name, input]] of inputs.entries()) {
        const operation = operationAt(index, 'w', { action: { input } });
        await t.append([operation]);
        const { results } = await t.store.getSince('document', 'global', 'main', index - 1);
        ensureEqual([...results], [operation], name);
      }
    }),
    test('an awkward text comes back equal, or is refused with bad_value', async (t) => {
      const kept: Operation[] = [];
      for (const text of AWKWARD)
        for (const make of [inputOf, nameOf, idOf]) {
          const operation = make(kept.length, text);
          const refusal = await errorOf(() => t.append([operation]));
          const refused = refusal instanceof TidemarkError && refusal.code === 'bad_value';
          ensure(refused || refusal === undefined, `${JSON.stringify(text)}: failed with ${String(refusal)}`);
          if (!refused) kept.push(operation);
        }
      await t.ensureStream(kept, 'the stream');
    }),
    test('what JSON can not say is refused with bad_value, and nothing is written', async (t) => {
      for (const [name, input] of Object.entries(UNSAYABLE)) {
        const operations = [operationAt(0), operationAt(1, 'w', { action: { input } })];
        await ensureRefused('bad_value', () => t.append(operations), name);
      }
      await ensureRefused('bad_value', () => t.append([operationAt(0, 'w', { id: '' })]), 'an operation without an id');
      await t.ensureStream([], 'the stream');
    }),
    test('what was appended does not change when the operations do that were given', async (t) => {
      const operations = structuredClone(operationsFrom(0, 2)) as Operation[];
      await t.append(operations);
      Object.assign(operations[0].action.input as object, { changed: true });
      operations.length = 0;
      await t.ensureStream(operationsFrom(0, 2), 'the stream');
    }),
    test('a writer who has seen too little or too much meets a conflict, and nothing is written', async (t) => {
      await t.append(operationsFrom(0, 5));
      for (const revision of [-1, 0, 3, 5, 100]) {
        const operations = operationsFrom(revision + 1, revision + 4, 'late');
        await ensureRefused('conflict', () => t.append(operations), `an append after ${revision}`);
      }
      await t.ensureStream(operationsFrom(0, 5), 'the stream');
    }),
    test('the same append again is answered as done, also when the stream has grown', async (t) => {
      for (const [first, end] of [
        [0, 3],
        [3, 4],
        [4, 9],
      ]) {
        await t.append(operationsFrom(first, end));
        ensureEqual(await t.append(operationsFrom(first, end)), end - 1, 'the second answer');
      }
      ensureEqual(await t.append(operationsFrom(0, 3)), 2, 'the answer after others have come');
      ensureEqual(await t.append(operationsFrom(2, 5)), 4, 'the answer to a part of two');
      await t.ensureStream(operationsFrom(0, 9), 'the stream');
    }),
    test('an append that was there in part, or with other ids, is a conflict', async (t) => {
      await t.append(operationsFrom(0, 3));
      await ensureRefused('conflict', () => t.append(operationsFrom(0, 4)), 'one operation more');
      await ensureRefused('conflict', () => t.append(operationsFrom(2, 4)), 'the last one and one more');
      const mixed = [operationAt(0), operationAt(1, 'other'), operationAt(2)];
      await ensureRefused('conflict', () => t.append(mixed), 'another id in the middle');
      await t.ensureStream(operationsFrom(0, 3), 'the stream');
    }),
    test('indices that do not follow the revision one by one are refused with bad_history', async (t) => {
      const wrong = {
        'a gap': [0, 2],
        'one twice': [0, 0],
        backwards: [1, 0],
        'none at the beginning': [1, 2],
        'a half': [0.5],
      };
      for (const [name, indices] of Object.entries(wrong)) {
        const operations = indices.map((index) => operationAt(index));
        await ensureRefused('bad_history', () => t.append(operations, { revision: -1 }), name);
      }
      await t.ensureStream([], 'the stream');
    }),
    test('a request that can not be used is refused with bad_option', async (t) => {
      const wrong = [
        { documentId: '' },
        { scope: '' },
        { branch: '' },
        { documentType: '' },
        { revision: -2 },
        { revision: 0.5 },
        { operations: 'w-0' },
        { signal: 'soon' },
        { revisions: 0 },
      ];
      for (const rest of wrong) {
        const request = requestFor([operationAt(0)], rest as never);
        await ensureRefused('bad_option', () => t.store.append(request), JSON.stringify(rest));
      }
      await t.ensureStream([], 'the stream');
    }),
    test('a thousand operations are one append: all of them, or none', async (t) => {
      const all = operationsFrom(0, 1000);
      await ensureRefused(
        'bad_value',
        () => t.append([...all.slice(0, 999), operationAt(999, 'w', { action: { input: 1n } })]),
        'an append whose last operation is bad',
      );
      await t.ensureStream([], 'the stream after a bad append');
      ensureEqual(await t.append(all), 999, 'the answer');
      await t.ensureStream(all, 'the stream');
    }),
    test('what was given up before it began is not written', async (t) => {
      const given = new Error('given up');
      const failure = await errorOf(() => t.append([operationAt(0)], { signal: AbortSignal.abort(given) }));
      ensureEqual(failure, given, 'what the append fails with');
      await t.ensureStream([], 'the stream');
    }),
  ];
}

const inputOf = (index: number, text: string): Operation =>
  operationAt(index, 'w', { action: { input: { text, texts: [text] } } });
const nameOf = (index: number, text: string): Operation =>
  operationAt(index, 'w', { action: { input: { [text]: 1 } } });
const idOf = (index: number, text: string): Operation => operationAt(index, text);

function withoutNul(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(String.raw`\u0000`, '0'));
}

function itself(): unknown {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  return value;
}
