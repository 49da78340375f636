/** States that are in memory: reading them, putting them, and what copying them instead would take. */
import { createWriteCache, type Document, type Operation, type WriteCache } from 'tidemark/documents';
import { rounds, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { BRANCH, operationAt, operationsOf, registry, SCOPE, TYPE, write } from './histories.ts';
import { inMemory, type Place } from './places.ts';

const SIZES = [10, 1000];
const TIMES = 2000;
const CHECKED = { check: 'checked' } as const;

/** Measure what is asked of memory. `database` is where checked reads look, besides memory. */
export async function hits(database: Place): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  for (const nodes of SIZES) {
    const here = await warm(inMemory(), nodes);
    const there = await warm(database, nodes);
    const { state } = here.document;
    const repeat = (read: () => unknown) => async (n: number) => {
      for (let i = 0; i < n; i++) await read();
    };
    const { id } = here.document.header;
    const ns = await rounds(
      {
        trusted: repeat(() => here.cache.getState(id, TYPE, SCOPE, BRANCH)),
        exact: repeat(() => here.cache.getState(id, TYPE, SCOPE, BRANCH, nodes - 1)),
        checked: repeat(() => here.cache.getState(id, TYPE, SCOPE, BRANCH, undefined, CHECKED)),
        clone: async (n) => {
          for (let i = 0; i < n / (nodes / 5); i++) structuredClone(state);
        },
        parse: async (n) => {
          const text = JSON.stringify(state);
          for (let i = 0; i < n / (nodes / 5); i++) JSON.parse(text);
        },
        put: puts(await warm(inMemory(), nodes)),
        making: puts({ ...here, cache: { ...here.cache, putState: () => {} } }),
      },
      TIMES,
      15,
    );
    const remote = await rounds(
      {
        checked: repeat(() => there.cache.getState(id, TYPE, SCOPE, BRANCH, undefined, CHECKED)),
        asked: repeat(() => there.heads()),
      },
      50,
      15,
    );
    const clone = (ns.clone * nodes) / 5;
    const budget = nodes === 1000 ? { budget: { text: '≥ 500 × faster', kept: clone >= 500 * ns.trusted } } : {};
    const name = (what: string) => `${nodes.toLocaleString('en')} nodes: ${what}`;
    rows.push(
      { name: name('getState of the head, trusted'), figure: time(ns.trusted), ratios: {} },
      { name: name('structuredClone'), figure: time(clone), ratios: { 'such a hit': clone / ns.trusted }, ...budget },
      {
        name: name('JSON.parse'),
        figure: time((ns.parse * nodes) / 5),
        ratios: { 'such a hit': (ns.parse * nodes) / 5 / ns.trusted },
      },
      { name: name('of a revision, trusted'), figure: time(ns.exact), ratios: {} },
      {
        name: name('checked, operations in memory'),
        figure: time(ns.checked),
        ratios: { trusted: ns.checked / ns.trusted },
      },
      {
        name: name('checked, operations in PGlite'),
        figure: time(remote.checked),
        ratios: { 'the question itself': remote.checked / remote.asked },
      },
      { name: name('putState after one operation'), figure: time(ns.put - ns.making), ratios: {} },
    );
    await here.cache.shutdown();
  }
  return { title: 'Hits, and states that are put', rows };
}

interface Warm {
  readonly cache: WriteCache;
  readonly document: Document;
  readonly heads: () => Promise<unknown>;
}

async function warm({ operations }: Place, nodes: number): Promise<Warm> {
  const documentId = `hit-${nodes}`;
  await write(operations, documentId, operationsOf(documentId, 'grow', nodes));
  const cache = createWriteCache({ operations, registry: registry('plain'), check: 'trusted' });
  const document = await cache.getState(documentId, TYPE, SCOPE, BRANCH);
  const at = nodes - 1;
  const heads = () => operations.getHeads(documentId, BRANCH, [{ scope: SCOPE, at }, { scope: 'document' }]);
  return { cache, document, heads };
}

/** Each put is of a document that a reducer has just made of the one before it. What making them takes is taken off. */
function puts({ cache, document }: Warm): (times: number) => Promise<void> {
  const { nodes } = document.state['global'] as { nodes: readonly object[] };
  let revision = nodes.length - 1;
  return async (times) => {
    for (let i = 0; i < times; i++) {
      revision++;
      const operation: Operation = operationAt(document.header.id, 'grow', revision);
      const changed = nodes.with(i % nodes.length, { ...nodes[i % nodes.length], name: operation.id });
      const state = { ...document.state, global: { ...(document.state['global'] as object), nodes: changed } };
      const next = { ...document, state, operations: { ...document.operations, [SCOPE]: [operation] } };
      cache.putState(document.header.id, TYPE, SCOPE, BRANCH, revision, next);
    }
  };
}
