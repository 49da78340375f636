/** The reactor's own executor, with our cache in the place of its own. */
import { addFolder } from 'document-drive';
import { actions, deriveOperationId, type Action, type Operation } from 'document-model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reactorWriteCache } from '../src/reactor-write-cache.ts';
import { openExecutor, type OpenExecutor } from './support/open-executor.ts';

let theirs: OpenExecutor;
let ours: OpenExecutor;
beforeAll(async () => {
  [theirs, ours] = await Promise.all([
    openExecutor(),
    openExecutor(({ operationStore, documentModelRegistry }) =>
      reactorWriteCache({ operations: operationStore, registry: documentModelRegistry }),
    ),
  ]);
});
afterAll(() => Promise.all([theirs, ours].map((one) => one[Symbol.asyncDispose]())));

const add = (id: string): Action => addFolder({ id, name: id, parentFolder: null });
const { undo } = actions;

/** Actions of one job; or an action of another replica's that belongs before those that came after the `place`th. */
type Job = readonly Action[] | { readonly action: Action; readonly place: number };

const from = (place: number, id: string): Job => ({ action: add(id), place });

/** What executing left in the store. The hash is that of the state that the executor had. */
async function stored({ module }: OpenExecutor, id: string): Promise<unknown[]> {
  const { results } = await module.operationStore.getSince(id, 'global', 'main', -1);
  return results.map(({ index, skip, hash, error, action: { type, input } }: Operation) => [
    index,
    type,
    input,
    skip,
    hash,
    error,
  ]);
}

async function executed(executor: OpenExecutor, jobs: readonly Job[]): Promise<unknown> {
  const id = await executor.create();
  const failed: number[] = [];
  for (const [place, job] of jobs.entries()) await run(executor, id, place, job).catch(() => failed.push(place));
  return { failed, operations: await stored(executor, id) };
}

function run(executor: OpenExecutor, id: string, place: number, job: Job): Promise<void> {
  if (!('action' in job)) return executor.execute(id, ...job.map((action) => at(place, action)));
  const action = at(job.place + 0.5, job.action);
  const { timestampUtcMs } = action;
  const index = job.place + 1;
  return executor.load(id, {
    id: deriveOperationId(id, 'global', 'main', action.id),
    index,
    skip: 0,
    hash: '',
    timestampUtcMs,
    action,
  });
}

/** Loads are ordered by time, so it must be the same in both. */
function at(second: number, action: Action): Action {
  return { ...action, timestampUtcMs: new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString() };
}

const one = (...ids: string[]): Job[] => ids.map((id) => [id === 'undo' ? undo(1) : add(id)]);

test.each<[string, readonly Job[]]>([
  ['one action a job', one('a', 'b', 'c')],
  ['many actions in a job', [['a', 'b', 'c', 'd'].map(add), ['e', 'f'].map(add)]],
  ['an undo', one('a', 'b', 'undo', 'c')],
  ['undos of undos', one('a', 'b', 'c', 'undo', 'undo', 'd', 'undo', 'undo', 'e')],
  ['more undos than actions', one('a', 'undo', 'undo', 'b')],
  ['an undo in the middle of a job', [[add('a'), add('b'), undo(1), add('c')]]],
  ['an action that fails, and its undo', one('a', 'a', 'undo', 'b')],
  ['a job that is rolled back', [[add('a')], [add('b'), actions.redo(1)], [add('c')]]],
  ['a load that reorders', [...one('a', 'b', 'c'), from(0, 'x'), ...one('d')]],
  ['loads one after the other', [...one('a', 'b', 'c'), from(0, 'x'), from(1, 'y'), ...one('d')]],
  ['a load that reorders undos', [...one('a', 'b', 'c', 'd', 'undo', 'undo'), from(0, 'x'), ...one('e')]],
  ['undos after a load', [...one('a', 'b', 'c', 'd', 'e'), from(1, 'x'), ...one('undo', 'undo', 'undo', 'f')]],
])('%s: the same operations with the same hashes', async (_, jobs) => {
  expect(await executed(ours, jobs)).toEqual(await executed(theirs, jobs));
});
