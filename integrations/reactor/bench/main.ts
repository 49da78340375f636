/** The reactor's cache and ours on the same store, registry and documents. */
import type { IWriteCache } from '@powerhousedao/reactor';
import { kyselyHeads } from '../src/index.ts';
import { type KeptKeyframes, keptKeyframes } from '../test/support/keyframes.ts';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { Compression } from 'tidemark/documents';
import { openOurs } from '../test/support/open-ours.ts';
import { openReactor, type OpenReactor, type StoredDocument } from '../test/support/open-reactor.ts';
import { folders, rename, type Step } from '../test/support/steps.ts';
import { inTurns, line, timed } from './measure.ts';

const HITS = 20_000;
const CHECKED = 300;

await using reactor = await openReactor();
console.log(`${''.padEnd(62)}${'theirs'.padStart(12)}${'ours'.padStart(12)}${'ratio'.padStart(10)}`);

const growing = await reactor.drive();
await growing.append(...folders(1000));
const renaming = await reactor.drive();
await renaming.append(...folders(100), ...renames(9900));
const walked = await reactor.drive();
await walked.append(...folders(100), ...renames(900));

/** As a program hands it in. */
const brotli: Compression = {
  name: 'brotli',
  compress: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  decompress: (bytes, size) => brotliDecompressSync(bytes, { maxOutputLength: size }),
};

await coldHead('cold newest state, keyframe 9 below, 1,000 that grow', growing, 999, 5);
await coldHead('cold newest state, keyframe 9 below, 10,000 on 100 nodes', renaming, 9999, 3);
await concurrent(walked);
await hits(growing);
await catchUp(walked, 999);

function renames(count: number): Step[] {
  return Array.from({ length: count }, (_, at) => rename(`n${at % 100}`, `name ${at}`));
}

async function coldHead(what: string, { id }: StoredDocument, head: number, rounds: number): Promise<void> {
  const below = head - (head % 10);
  const [keyframes, small] = [keptKeyframes(), keptKeyframes()];
  for (const options of [{ keyframes }, { keyframes: small, compression: brotli }]) {
    const writer = openOurs(reactor, { ...options, keyframeInterval: 1 });
    await writer.getState(id, 'global', 'main', below);
    await writer.shutdown();
  }
  await reactor.theirs().getState(id, 'global', 'main', below);
  while ((await reactor.keyframes.listKeyframes(id, 'global')).length === 0) await new Promise(setImmediate);
  const times = await inTurns(rounds, (who) => {
    const cache = who === 'theirs' ? reactor.theirs() : openOurs(reactor, { keyframes });
    return timed(() => cache.getState(id, 'global', 'main'));
  });
  console.log(line(what, times, 'ms'));
  const theirBytes = await rowBytes(reactor, id);
  console.log(line('  bytes of that keyframe', { theirs: theirBytes, ours: largest(keyframes) }, 'B'));
  console.log(line('  the same with brotli', { theirs: theirBytes, ours: largest(small) }, 'B'));
}

/** What their table keeps of a keyframe, after Postgres' own compression. */
async function rowBytes({ database }: OpenReactor, id: string): Promise<number> {
  const { bytes } = await database
    .selectFrom('Keyframe')
    .select((select) => select.fn<number>('pg_column_size', ['document']).as('bytes'))
    .where('documentId', '=', id)
    .where('scope', '=', 'global')
    .executeTakeFirstOrThrow();
  return bytes;
}

function largest({ kept }: KeptKeyframes): number {
  return Math.max(...[...kept.values()].map(({ byteLength }) => byteLength));
}

async function concurrent({ id }: StoredDocument): Promise<void> {
  const times = await inTurns(3, (who) => {
    const cache = who === 'theirs' ? reactor.theirs() : openOurs(reactor);
    return timed(() => Promise.all(Array.from({ length: 16 }, () => cache.getState(id, 'global', 'main'))));
  });
  console.log(line('16 cold readers of the same state, 1,000 on 100 nodes', times, 'ms'));
}

async function hits({ id }: StoredDocument): Promise<void> {
  const theirs = reactor.theirs();
  const narrow = openOurs(reactor, { heads: kyselyHeads(reactor.database) });
  const ours = openOurs(reactor);
  const trusted = () => ours.cache.getState(id, '', 'global', 'main', undefined, { check: 'trusted' });
  for (const [what, calls, read] of [
    ['hit, ours trusted as theirs always does', HITS, trusted],
    ['hit, ours checked by their store', CHECKED, () => ours.getState(id, 'global', 'main')],
    ['hit, ours checked by one narrow query', CHECKED, () => narrow.getState(id, 'global', 'main')],
  ] as const) {
    await Promise.all([theirs.getState(id, 'global', 'main'), ours.getState(id, 'global', 'main'), read()]);
    const times = await inTurns(5, async (who) => {
      const ms = await timed(async () => {
        for (let call = 0; call < calls; call++)
          await (who === 'theirs' ? theirs.getState(id, 'global', 'main') : read());
      });
      return (ms * 1000) / calls;
    });
    console.log(line(what, times, 'us'));
  }
}

async function catchUp({ id }: StoredDocument, head: number): Promise<void> {
  const byPosition = async (cache: IWriteCache): Promise<void> => {
    for (let revision = 0; revision <= head; revision++) await cache.getState(id, 'global', 'main', revision);
  };
  const walk = async (): Promise<void> => {
    for await (const { revision } of openOurs(reactor).cache.walk(id, '', 'global', 'main', 0))
      if (revision > head) return;
  };
  const theirs = await timed(() => byPosition(reactor.theirs()));
  const narrow = openOurs(reactor, { heads: kyselyHeads(reactor.database) });
  for (const [what, cache] of [
    ['each of 1,000 revisions in turn, checked by their store', openOurs(reactor)],
    ['each of 1,000 revisions in turn, checked by one narrow query', narrow],
  ] as const)
    console.log(line(what, { theirs, ours: await timed(() => byPosition(cache)) }, 'ms'));
  console.log(line('each of 1,000 revisions in turn, ours by its walk', { theirs, ours: await timed(walk) }, 'ms'));
}
