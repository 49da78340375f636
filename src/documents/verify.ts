/** Comparing what is kept of a document with full replays. */
import { deepEqual } from './equal.ts';
import type { Core } from './core.ts';
import { DOCUMENT_SCOPE } from './operation.ts';
import type { Reader } from './reader.ts';
import type { Where } from './reduce.ts';
import type { Snapshot } from './snapshot.ts';
import type { Streams } from './streams.ts';
import type { Verification, Wrong } from './write-cache.ts';

/** What is verified by whom. */
export interface Verify {
  readonly core: Core;
  readonly reader: Reader;
  readonly streams: Streams;
  readonly documentId: string;
  readonly signal: AbortSignal | undefined;
}

/** See {@link WriteCache.verify}. */
export async function verify({ core, reader, streams, documentId, signal }: Verify): Promise<Verification> {
  const wrong: Wrong[] = [];
  let checked = 0;
  let useless = 0;
  let documentType = ''; // of a document that was never created nothing else says it than what has been read
  const replayed = (where: Where, revision: number): Promise<Snapshot> =>
    reader.replayed({ where, documentType, revision, signal });

  for (const [branch, { streams: held }] of streams.branches(documentId))
    for (const [scope, { ring }] of held)
      for (const snapshot of ring.all()) {
        if (snapshot.documentRevision < 0) ({ documentType } = snapshot.header);
        const right = await replayed({ documentId, scope, branch }, snapshot.revision);
        checked++;
        if (right.operation?.id === snapshot.operation?.id && isSameState(right, snapshot)) continue;
        wrong.push({ scope, branch, revision: snapshot.revision, where: 'memory' });
        streams.remove(documentId, branch, snapshot);
      }

  const { keyframes, writer } = core;
  for (const where of keyframes && writer ? await keyframes.streams(documentId, signal) : []) {
    const { lifecycle } = await reader.present({ where, documentType, revision: undefined, signal });
    for (const [revision] of await keyframes!.list(where, Infinity, signal)) {
      const right = await replayed(where, revision);
      const expected = right.origin && writer!.expected(lifecycle, right.origin);
      const fits = right.revision === revision && right.operation && expected;
      const found = fits && (await keyframes!.load(where, right.operation, expected, signal));
      if (found) checked++;
      else useless++;
      if (found && isSameState(found, right)) continue;
      if (found) wrong.push({ scope: where.scope, branch: where.branch, revision, where: 'keyframe' });
      await keyframes!.remove(where, revision, signal);
    }
  }
  return { checked, wrong, useless };
}

/** The same state of all scopes but `document`, which is put in when it is read. */
function isSameState(a: Pick<Snapshot, 'state' | 'header'>, b: Pick<Snapshot, 'state' | 'header'>): boolean {
  const { [DOCUMENT_SCOPE]: _, ...ofA } = a.state;
  const { [DOCUMENT_SCOPE]: __, ...ofB } = b.state;
  return deepEqual(ofA, ofB) && a.header.name === b.header.name && a.header.slug === b.header.slug;
}
