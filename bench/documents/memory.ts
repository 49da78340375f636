/** What states take in memory, beside what the cache believes that they take, and what copies would take. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  createWriteCache,
  type Document,
  type Operation,
  type OperationSource,
  type WriteCache,
} from 'tidemark/documents';
import type { Table } from '../table.ts';
import { BRANCH, creation, operationAt, registry, SCOPE, type Shape, TYPE } from './histories.ts';

const REVISIONS = 10;
const BUDGET = 16 * 2 ** 20;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

function used(): number {
  for (let i = 0; i < 4; i++) gc();
  return process.memoryUsage().heapUsed;
}

/** Operations as a database answers with them: new objects each time, none of which is held. */
function fromTexts(shape: Shape, count: number): OperationSource {
  return {
    async getSince(documentId, scope, _branch, after, { until = Infinity, cursor, limit = 100 } = {}) {
      if (scope === 'document') return { results: [anew(creation(documentId))] };
      const first = cursor === undefined ? after + 1 : Number(cursor);
      const last = Math.min(until, count - 1);
      const end = Math.min(first + limit - 1, last);
      const results = Array.from({ length: end - first + 1 }, (_, i) =>
        anew(operationAt(documentId, shape, first + i, 'uuids')),
      );
      return { results, nextCursor: end < last ? String(end + 1) : undefined };
    },
    async getHeads(documentId, _branch, streams) {
      return streams.map(({ scope, at }) =>
        scope === 'document'
          ? { revision: 0, id: `${documentId}/c` }
          : { revision: count - 1, id: `${documentId}/${at ?? count - 1}` },
      );
    },
  };
}

function anew(operation: Operation): Operation {
  return JSON.parse(JSON.stringify(operation)) as Operation;
}

/** How states come into memory. */
const WAYS = {
  /** One replay, and what is executed after it. */
  async executed(cache: WriteCache, id: string, head: number, shape: Shape) {
    await cache.getState(id, TYPE, SCOPE, BRANCH, head - REVISIONS + 1);
    for (let revision = head - REVISIONS + 2; revision <= head; revision++) {
      const document: Document = await cache.getState(id, TYPE, SCOPE, BRANCH, revision - 1, { check: 'trusted' });
      const operation = anew(operationAt(id, shape, revision, 'uuids'));
      const next = registry('plain').getModel(TYPE, 1).reducer(document, operation);
      next.operations[SCOPE] = [operation];
      cache.putState(id, TYPE, SCOPE, BRANCH, revision, next);
    }
  },
  /** The same a hundred times, so that the first states have left. */
  async executedLong(cache: WriteCache, id: string, head: number, shape: Shape) {
    await WAYS.executed(cache, id, head - 100, shape);
    for (let at = head - 100; at < head; at += REVISIONS) await WAYS.executed(cache, id, at + REVISIONS, shape);
  },
  /** Each revision read, in order. */
  async read(cache: WriteCache, id: string, head: number) {
    for (let revision = head - REVISIONS + 1; revision <= head; revision++)
      await cache.getState(id, TYPE, SCOPE, BRANCH, revision);
  },
  /** The head alone. */
  async head(cache: WriteCache, id: string) {
    await cache.getState(id, TYPE, SCOPE, BRANCH);
  },
};

interface Case {
  readonly documents: number;
  readonly nodes: number;
  readonly shape: Shape;
  readonly way: keyof typeof WAYS | 'cloned';
  readonly maxBytes?: number;
}

const CASES: readonly Case[] = [
  { documents: 50, nodes: 1000, shape: 'grow', way: 'executed' },
  { documents: 100, nodes: 1000, shape: 'grow', way: 'executed' },
  { documents: 50, nodes: 1000, shape: 'grow', way: 'executedLong' },
  { documents: 500, nodes: 400, shape: 'grow', way: 'executedLong' },
  { documents: 100, nodes: 1000, shape: 'grow', way: 'read' },
  { documents: 100, nodes: 1000, shape: 'grow', way: 'head' },
  { documents: 1000, nodes: 100, shape: 'grow', way: 'executed' },
  { documents: 500, nodes: 400, shape: 'rename', way: 'executed' },
  { documents: 500, nodes: 400, shape: 'rename', way: 'read' },
  { documents: 500, nodes: 400, shape: 'rename', way: 'head' },
  { documents: 2000, nodes: 10, shape: 'grow', way: 'executed' },
  { documents: 2000, nodes: 10, shape: 'grow', way: 'head' },
];

interface Measured {
  readonly real: number;
  readonly estimated: number;
  readonly documents: number;
  readonly states: number;
  readonly evicted: number;
}

/** Measure. */
export async function memory(): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  const each: number[] = [];
  for (const one of CASES) {
    const { documents, nodes, shape, way } = one;
    const { real, estimated, states } = await alone(one);
    each.push(real / documents);
    rows.push({
      name: `${documents} drives, ${shape} ${nodes}, ${way}: ${(real / states / 1024).toFixed(2)} kB a state`,
      figure: `${(real / documents / 1024).toFixed(1)} kB`,
      ratios: { 'as estimated': estimated / real },
      budget: { text: 'within 10 %', kept: Math.abs(estimated / real - 1) <= 0.1 },
    });
  }
  const budget = await alone({ ...CASES[0], documents: 400, maxBytes: BUDGET });
  const copied = await alone({ ...CASES[0], documents: 20, way: 'cloned' });
  const linear = each[1] / each[0];
  const times = copied.real / copied.documents / each[1];
  rows.push(
    {
      name: 'a drive among 100 beside one among 50',
      figure: '',
      ratios: { 'as large': linear },
      budget: { text: 'linear: within 5 %', kept: Math.abs(linear - 1) < 0.05 },
    },
    {
      name: `a budget of 16 MB: ${budget.documents} drives stay, ${budget.evicted} have left`,
      figure: `${(budget.real / 2 ** 20).toFixed(1)} MB`,
      ratios: { 'of the budget': budget.real / BUDGET },
      budget: { text: 'within 10 %', kept: Math.abs(budget.real / BUDGET - 1) <= 0.1 },
    },
    {
      name: `clones of ${REVISIONS} revisions of 1,000 nodes`,
      figure: `${(copied.real / copied.documents / 1024).toFixed(1)} kB`,
      ratios: { 'what is shared': times },
      budget: { text: '≥ 3 ×', kept: times >= 3 },
    },
  );
  return {
    title: `Memory of a drive, ${REVISIONS} revisions of each where not only the head; operations from texts`,
    rows,
  };
}

/** In a heap of its own, so that nothing that was measured before is in the way. */
function alone(one: Case): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: one });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function measured(one: Case): Promise<Measured> {
  const source = fromTexts(one.shape, one.nodes);
  const maker = one.way === 'cloned' ? clones : fill;
  await maker(one, source, 2); // warm code is measured, not its compilation
  const before = used();
  const held = await maker(one, source, one.documents);
  const real = used() - before;
  if (Array.isArray(held)) return { real, estimated: 0, documents: one.documents, states: held.length, evicted: 0 };
  const { bytes, ...rest } = held.stats().memory;
  return { real, estimated: bytes, ...rest };
}

async function fill(
  { nodes, shape, way, maxBytes }: Case,
  source: OperationSource,
  documents: number,
): Promise<WriteCache> {
  const limits = { maxDocuments: 100_000, ...(maxBytes && { maxBytes }) };
  const cache = createWriteCache({ operations: source, registry: registry('plain'), ...limits });
  for (let i = 0; i < documents; i++) await WAYS[way as keyof typeof WAYS](cache, `document-${i}`, nodes - 1, shape);
  return cache;
}

/** What a cache would hold that copies. */
async function clones({ nodes }: Case, source: OperationSource, documents: number): Promise<Document[]> {
  const cache = createWriteCache({ operations: source, registry: registry('plain') });
  const held: Document[] = [];
  for (let i = 0; i < documents; i++) {
    for (let revision = nodes - REVISIONS; revision < nodes; revision++)
      held.push(structuredClone(await cache.getState(`document-${i}`, TYPE, SCOPE, BRANCH, revision)));
    cache.clear();
  }
  return held;
}

if (!isMainThread) parentPort?.postMessage(await measured(workerData as Case));
