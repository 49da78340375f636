/** Sixteen who read the same document at once, none of it in memory. */
import { createWriteCache } from 'tidemark/documents';
import { rounds, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { BRANCH, operationsOf, registry, SCOPE, write } from './histories.ts';
import { counted, type Place } from './places.ts';

const READERS = 16;
const COUNT = 1000;
const ID = 'read';

/** Measure one reader and sixteen. */
export async function readers(place: Place): Promise<Table> {
  await write(place.operations, ID, operationsOf(ID, 'rename', COUNT));
  const models = registry('digest');
  const calls = new Map<number, number>();
  const read = (many: number) => async () => {
    const source = counted(place.operations);
    const cache = createWriteCache({ operations: source, registry: models });
    await Promise.all(Array.from({ length: many }, () => cache.getState(ID, '', SCOPE, BRANCH)));
    calls.set(many, source.calls);
  };
  const ns = await rounds({ one: read(1), all: read(READERS) }, 1, 11);
  const same = calls.get(1) === calls.get(READERS);
  return {
    title: `Readers of one document at once, not in memory, 1,000 operations with a digest each, operations in ${place.name}`,
    rows: [
      { name: `1 reader: ${calls.get(1)} questions to the source`, figure: time(ns.one), ratios: {} },
      {
        name: `${READERS} readers: ${calls.get(READERS)} questions`,
        figure: time(ns.all),
        ratios: { 'one reader': ns.all / ns.one },
        budget: { text: 'the same questions', kept: same },
      },
    ],
  };
}
