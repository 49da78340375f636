/**
 * What keyframes cost whoever executes jobs. A job reads a document's head, applies an operation, appends it and puts the state.
 * Two hundred drives of a hundred nodes are chosen by Zipf's law; an operation renames a node and digests the whole state.
 */
import {
  byCost,
  createWriteCache,
  type DocumentModel,
  everyNth,
  type KeyframePolicy,
  type WriteCache,
} from 'tidemark/documents';
import { seededRandom } from 'tidemark/testing';
import { median, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { BRANCH, NODES, operationAt, operationsOf, registry, SCOPE, TYPE, write } from './histories.ts';
import type { Place } from './places.ts';

const DOCUMENTS = 200;
const JOBS = 500;
const ROUNDS = 7;
const WARM = 2;

const VARIANTS: Readonly<Record<string, KeyframePolicy | undefined>> = {
  'without keyframes': undefined,
  'everyNth(10)': everyNth(10),
  'byCost()': byCost(),
  'everyNth(100)': everyNth(100),
};

interface Executor {
  readonly name: string;
  readonly cache: WriteCache;
  readonly model: DocumentModel;
  readonly next: () => string;
  readonly place: Place;
  /** By job, nanoseconds: the whole, the put, and how long after the put the caller could go on. */
  readonly jobs: number[];
  readonly puts: number[];
  readonly after: number[];
  readonly processor: number[];
}

/** Measure jobs with and without keyframes, all documents in memory, and the hit ratio with half of them in memory. */
export async function executor(place: Place): Promise<Table> {
  const executors: Executor[] = [];
  for (const [name, keyframePolicy] of Object.entries(VARIANTS)) {
    const keyframes = keyframePolicy && place.keyframes();
    executors.push(await start(place, name, { ...(keyframes && { keyframes, keyframePolicy }) }));
  }
  const half = await start(place, 'half', { keyframes: place.keyframes(), maxDocuments: DOCUMENTS / 2 });
  for (let round = 0; round < ROUNDS + WARM; round++)
    for (const one of [...executors, half]) await run(one, round >= WARM);
  const [base] = executors;
  const rows: Table['rows'][number][] = [];
  for (const one of executors) {
    const job = sum(one.processor) / sum(base.processor);
    const put = median(one.puts);
    const { written, coalesced } = one.cache.stats().keyframes;
    rows.push(
      {
        name: `a job ${one.name}: processor time, all threads`,
        figure: time(median(one.processor)),
        ratios: one === base ? {} : { [base.name]: job },
        ...(one === base ? {} : { budget: { text: '< 1.05 ×', kept: job < 1.05 } }),
      },
      {
        name: `  its time from begin to end`,
        figure: time(mean(one.jobs)),
        ratios: compared(mean(one.jobs), mean(base.jobs), one === base),
      },
      { name: `  putState in it, middle`, figure: time(put), ratios: compared(put, median(base.puts), one === base) },
      {
        name: `  putState in it, mean`,
        figure: time(mean(one.puts)),
        ratios: compared(mean(one.puts), mean(base.puts), one === base),
      },
      {
        name: `  until the caller goes on after it, mean`,
        figure: time(mean(one.after)),
        ratios: compared(mean(one.after), mean(base.after), one === base),
      },
      { name: `  keyframes: ${written} written, ${coalesced} coalesced`, figure: '', ratios: {} },
    );
  }
  const { hitRatio } = half.cache.stats();
  rows.push({
    name: `hits when half the documents fit, least recently used`,
    figure: `${(100 * hitRatio).toFixed(1)} %`,
    ratios: { 'job time, all in memory': mean(half.jobs) / mean(executors[1].jobs) },
    budget: { text: '> 80 %', kept: hitRatio > 0.8 },
  });
  for (const { cache } of [...executors, half]) await cache.shutdown();
  return {
    title: `Executing ${JOBS} jobs a round on ${DOCUMENTS} drives of ${NODES} nodes, by Zipf's law, everything in ${place.name}`,
    rows,
  };
}

type Rest = Partial<Parameters<typeof createWriteCache>[0]>;

async function start(place: Place, name: string, rest: Rest): Promise<Executor> {
  const models = registry('digest');
  const cache = createWriteCache({ operations: place.operations, registry: models, ...rest });
  await cache.startup();
  const ids = Array.from({ length: DOCUMENTS }, (_, i) => `${place.name} ${name} ${i}`);
  for (const id of ids) {
    await write(place.operations, id, operationsOf(id, 'rename', NODES));
    await cache.getState(id, TYPE, SCOPE, BRANCH);
  }
  const shares = ids.map((_, i) => 1 / (i + 1));
  const all = sum(shares);
  const random = seededRandom(7);
  const next = (): string => {
    let at = random() * all;
    return ids[
      Math.max(
        0,
        shares.findIndex((share) => (at -= share) < 0),
      )
    ];
  };
  return { name, cache, model: models.getModel(TYPE, 1), next, place, jobs: [], puts: [], after: [], processor: [] };
}

/** A round, with whatever of keyframes it leaves to be done. */
async function run(one: Executor, counts: boolean): Promise<void> {
  const { cache, model, next, place } = one;
  const began = process.cpuUsage();
  for (let i = 0; i < JOBS; i++) {
    const id = next();
    const begin = now();
    const document = await cache.getState(id, TYPE, SCOPE, BRANCH);
    const revision = document.header.revision[SCOPE];
    const operation = operationAt(id, 'rename', revision);
    const changed = model.reducer(document, operation);
    const stream = { documentId: id, documentType: TYPE, scope: SCOPE, branch: BRANCH };
    await place.operations.append({ ...stream, revision: revision - 1, operations: [operation] });
    changed.operations[SCOPE] = [operation];
    const put = now();
    cache.putState(id, TYPE, SCOPE, BRANCH, revision, changed);
    const done = now();
    await Promise.resolve();
    const end = now();
    if (!counts) continue;
    one.jobs.push(end - begin);
    one.puts.push(done - put);
    one.after.push(end - done);
  }
  while (cache.stats().keyframes.depth > 0) await new Promise((resolve) => setImmediate(resolve));
  const { user, system } = process.cpuUsage(began);
  if (counts) one.processor.push(((user + system) * 1000) / JOBS);
}

function compared(figure: number, than: number, isBase: boolean): Record<string, number> {
  return isBase ? {} : { 'without keyframes': figure / than };
}

function now(): number {
  return Number(process.hrtime.bigint());
}

function sum(figures: readonly number[]): number {
  return figures.reduce((all, figure) => all + figure, 0);
}

function mean(figures: readonly number[]): number {
  return sum(figures) / figures.length;
}
