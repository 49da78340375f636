/** The store in memory keeps the contract of operation stores. */
import { describe, expect, it, test } from 'vitest';
import { operationStoreSuite } from 'tidemark/testing';
import { memoryOperations } from '../../../src/documents/operations/memory.ts';
import { operationAt, operationsFrom, requestFor, STREAM } from '../../../src/testing/documents/operation-trial.ts';

operationStoreSuite({ describe, it }, { name: 'memoryOperations()', make: () => ({ store: memoryOperations() }) });

test('what it answers with is frozen, so that all may share it', async () => {
  const store = memoryOperations();
  await store.append(requestFor([operationAt(0, 'w', { action: { input: { list: [{}] } } })]));
  const [operation] = (await store.getSince(...STREAM, -1)).results;
  expect(() => ((operation.action.input as { list: object[] }).list[0] = { a: 1 })).toThrow(TypeError);
});

test('transactions are refused by name: there are none in memory', async () => {
  const request = requestFor(operationsFrom(0, 1), { transaction: () => [] });
  await expect(memoryOperations().append(request)).rejects.toMatchObject({ code: 'bad_option' });
});
