/** Catching up: the state at each of a thousand revisions. */
import { createWriteCache } from 'tidemark/documents';
import { median, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { BRANCH, operationsOf, registry, SCOPE, write } from './histories.ts';
import { counted, type Place } from './places.ts';

const COUNT = 1000;
const ID = 'walked';
const ROUNDS = 5;

/** Measure a walk against reading each revision, and against one replay. */
export async function walking(place: Place): Promise<Table> {
  await write(place.operations, ID, operationsOf(ID, 'rename', COUNT));
  const subjects = {
    replay: async (operations: typeof place.operations) => {
      const cache = createWriteCache({ operations, registry: registry('plain') });
      await cache.getState(ID, '', SCOPE, BRANCH);
    },
    walk: async (operations: typeof place.operations) => {
      const cache = createWriteCache({ operations, registry: registry('plain') });
      let seen = 0;
      for await (const { revision } of cache.walk(ID, '', SCOPE, BRANCH, 0)) seen += revision >= 0 ? 1 : 0;
      if (seen !== COUNT) throw new Error('a revision is missing');
    },
    forward: async (operations: typeof place.operations) => {
      const cache = createWriteCache({ operations, registry: registry('plain') });
      for (let revision = 0; revision < COUNT; revision++) await cache.getState(ID, '', SCOPE, BRANCH, revision);
    },
    anew: async (operations: typeof place.operations) => {
      const cache = createWriteCache({ operations, registry: registry('plain') });
      for (let revision = 0; revision < COUNT; revision += SAMPLE) {
        await cache.getState(ID, '', SCOPE, BRANCH, revision);
        cache.clear();
      }
    },
  };
  const names = Object.keys(subjects) as (keyof typeof subjects)[];
  const seen = new Map(names.map((name) => [name, { ns: [] as number[], rows: 0, calls: 0 }]));
  for (let round = 0; round < ROUNDS + 1; round++)
    for (const name of names) {
      const source = { ...counted(place.operations), append: place.operations.append.bind(place.operations) };
      const counting = counted(source);
      const begin = process.hrtime.bigint();
      await subjects[name](Object.assign(counting, { append: source.append }));
      const ns = Number(process.hrtime.bigint() - begin) / (name === 'anew' ? COUNT / SAMPLE : COUNT);
      const facts = seen.get(name)!;
      if (round > 0) facts.ns.push(ns);
      Object.assign(facts, { rows: counting.rows, calls: counting.calls });
    }
  const ns = (name: keyof typeof subjects) => median(seen.get(name)!.ns);
  const share = (name: keyof typeof subjects) => (name === 'anew' ? COUNT / SAMPLE : COUNT);
  const rows = (name: keyof typeof subjects) => seen.get(name)!.rows / share(name);
  const told = (name: keyof typeof subjects) =>
    `${rows(name).toFixed(2)} rows, ${(seen.get(name)!.calls / share(name)).toFixed(2)} questions`;
  return {
    title: `Catching up over ${COUNT} revisions of a drive that is renamed, operations in ${place.name}; time of one operation`,
    rows: [
      { name: `one replay to the head: ${told('replay')}`, figure: time(ns('replay')), ratios: {} },
      {
        name: `walk: ${told('walk')}`,
        figure: time(ns('walk')),
        ratios: { 'one replay': ns('walk') / ns('replay') },
        budget: { text: '≤ 2 rows an operation', kept: rows('walk') <= 2 },
      },
      {
        name: `getState of each, in order: ${told('forward')}`,
        figure: time(ns('forward')),
        ratios: { walk: ns('forward') / ns('walk') },
      },
      {
        name: `getState of each, from nothing: ${told('anew')}`,
        figure: time(ns('anew')),
        ratios: { walk: ns('anew') / ns('walk') },
        budget: { text: '≥ 30 × a walk', kept: ns('anew') >= 30 * ns('walk') },
      },
    ],
  };
}

const SAMPLE = 10; // reading from nothing is done for every tenth revision
