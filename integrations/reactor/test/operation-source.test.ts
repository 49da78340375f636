/** The reactor's operation store as an operation source. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kyselyHeads } from '../src/kysely-heads.ts';
import { operationSource } from '../src/operation-source.ts';
import { gated } from './support/gate.ts';
import { openReactor, type OpenReactor, type StoredDocument } from './support/open-reactor.ts';
import { folder, folders } from './support/steps.ts';

let reactor: OpenReactor;
let drive: StoredDocument;
beforeAll(async () => {
  reactor = await openReactor();
  drive = await reactor.drive();
  await drive.append(...folders(25));
});
afterAll(() => reactor[Symbol.asyncDispose]());

test('reads after an index, up to and including another one, page by page', async () => {
  const source = operationSource(reactor.operations);
  const pages: number[][] = [];
  let cursor: string | undefined;
  do {
    const page = await source.getSince(drive.id, 'global', 'main', 3, { until: 12, limit: 4, cursor });
    pages.push(page.results.map(({ index }) => index));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(pages).toEqual([[4, 5, 6, 7], [8, 9, 10, 11], [12]]);
});

test('asks for no row beyond the bound', async () => {
  const asked: unknown[] = [];
  const { operations } = reactor;
  const source = operationSource({
    getRevisions: operations.getRevisions.bind(operations),
    getSince(...wanted) {
      asked.push(wanted[5]?.limit);
      return operations.getSince(...wanted);
    },
  });
  const { results, nextCursor } = await source.getSince(drive.id, 'global', 'main', 3, { until: 5 });
  expect([results.length, nextCursor, asked]).toEqual([2, undefined, [2]]);
  expect(await source.getSince(drive.id, 'global', 'main', 5, { until: 5 })).toEqual({ results: [] });
  expect(asked).toHaveLength(1);
});

test('an empty stream and one that nobody knows are empty', async () => {
  const source = operationSource(reactor.operations);
  expect(await source.getSince(drive.id, 'local', 'main', -1)).toEqual({ results: [] });
  expect(await source.getSince('nobody', 'global', 'main', -1)).toEqual({ results: [] });
});

describe.each(['by the store', 'by the table'])('heads, %s', (way) => {
  const source = () =>
    operationSource(reactor.operations, {
      heads: way === 'by the table' ? kyselyHeads(reactor.database) : undefined,
    });

  test('tell the end of each stream, and the id at the end or where it was asked for', async () => {
    const { results } = await reactor.operations.getSince(drive.id, 'global', 'main', -1);
    const [created, upgraded] = (await reactor.operations.getSince(drive.id, 'document', 'main', -1)).results;
    expect(
      await source().getHeads(drive.id, 'main', [
        { scope: 'global' },
        { scope: 'global', at: 24 },
        { scope: 'global', at: 7 },
        { scope: 'global', at: 99 },
        { scope: 'document' },
        { scope: 'document', at: 0 },
        { scope: 'local' },
        { scope: 'local', at: 3 },
      ]),
    ).toEqual([
      { revision: 24, id: results[24].id },
      { revision: 24, id: results[24].id },
      { revision: 24, id: results[7].id },
      { revision: 24, id: undefined },
      { revision: 1, id: upgraded.id },
      { revision: 1, id: created.id },
      { revision: -1, id: undefined },
      { revision: -1, id: undefined },
    ]);
  });

  test('move with what is appended', async () => {
    const other = await reactor.drive();
    const head = async (at?: number) => (await source().getHeads(other.id, 'main', [{ scope: 'global', at }]))[0];
    expect(await head(-1)).toEqual({ revision: -1, id: undefined });
    await other.append(folder('a'), folder('b'));
    expect(await head(-1)).toMatchObject({ revision: 1 });
    expect(await head(0)).toMatchObject({ revision: 1 });
    expect(await head(1)).toMatchObject({ revision: 1 });
  });
});

test('the end of a stream is found by one read where it is near to where it was', async () => {
  const grown = await reactor.drive();
  await grown.append(...folders(25));
  const gate = gated(reactor.operations);
  const source = operationSource(gate.operations);
  const readsFor = async (revision: number): Promise<number> => {
    const before = gate.reads;
    expect(await source.getHeads(grown.id, 'main', [{ scope: 'global' }])).toMatchObject([{ revision }]);
    return gate.reads - before;
  };
  expect(await readsFor(24)).toBe(3);
  expect(await readsFor(24)).toBe(1);
  await grown.append(...folders(3, 'more'));
  expect(await readsFor(27)).toBe(1);
  await grown.append(...folders(20, 'many'));
  expect(await readsFor(47)).toBe(3);
});

test('a stream that is shorter than it was is seen as it is', async () => {
  const cut = await reactor.drive();
  await cut.append(...folders(5));
  const source = operationSource(reactor.operations);
  const head = async () => (await source.getHeads(cut.id, 'main', [{ scope: 'global' }]))[0].revision;
  expect(await head()).toBe(4);
  const rows = reactor.database.deleteFrom('Operation').where('documentId', '=', cut.id).where('scope', '=', 'global');
  await rows.where('index', '>', 1).execute();
  expect(await head()).toBe(1);
  await rows.execute();
  expect(await head()).toBe(-1);
});
