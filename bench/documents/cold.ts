/** A head that isn't in memory: by replaying everything, and from a keyframe ten operations back. */
import { createWriteCache, type KeyValueStore } from 'tidemark/documents';
import { rounds, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { BRANCH, type Cost, operationsOf, registry, SCOPE, type Shape, write } from './histories.ts';
import type { Place } from './places.ts';

const BACK = 10; // operations from the keyframe to the head

interface Case {
  readonly count: number;
  readonly shape: Shape;
  readonly cost: Cost;
}

const CASES: readonly Case[] = (['plain', 'digest'] as const).flatMap((cost) =>
  (['grow', 'rename'] as const).flatMap((shape) =>
    [100, 1000, 10_000]
      .filter((count) => !(cost === 'digest' && shape === 'grow' && count > 1000)) // the square of it: minutes
      .map((count) => ({ count, shape, cost })),
  ),
);

/** Measure cold reads of heads in a place. */
export async function cold(place: Place): Promise<Table> {
  for (const shape of ['grow', 'rename'] as const)
    for (const count of [100, 1000, 10_000])
      await write(place.operations, nameOf(shape, count), operationsOf(nameOf(shape, count), shape, count));
  const rows = [];
  for (const one of CASES) rows.push(await compare(place, one));
  return {
    title: `Cold read of a head, operations and keyframes in ${place.name}; a keyframe ${BACK} operations back against none`,
    rows,
  };
}

async function compare({ operations, keyframes }: Place, { count, shape, cost }: Case): Promise<Table['rows'][number]> {
  const documentId = nameOf(shape, count);
  const models = registry(cost);
  const head = count - 1;
  const read = async (store: KeyValueStore | undefined, revision?: number) => {
    const cache = createWriteCache({ operations, registry: models, ...(store && { keyframes: store }) });
    await cache.getState(documentId, '', SCOPE, BRANCH, revision);
    return cache;
  };
  const store = keyframes();
  await store.startup();
  await (await read(store, head - BACK)).shutdown(); // which writes the keyframe
  await store.startup();
  const { resumed, replayed } = (await read(store)).stats();
  if (resumed !== 1 || replayed !== BACK) throw new Error('the keyframe was not used');
  const times = count === 100 ? 5 : 1;
  const repeated = (from: KeyValueStore | undefined) => async (n: number) => {
    for (let i = 0; i < n; i++) await read(from);
  };
  const ns = await rounds({ without: repeated(undefined), with: repeated(store) }, times, count > 1000 ? 5 : 15);
  await store.shutdown();
  return {
    name: `${count.toLocaleString('en')} ${shape}, ${cost}: ${time(ns.without)} without`,
    figure: time(ns.with),
    ratios: { 'faster than without': ns.without / ns.with },
    budget: { text: '≥ 10 ×', kept: ns.without >= 10 * ns.with },
  };
}

function nameOf(shape: Shape, count: number): string {
  return `${shape}-${count}`;
}
