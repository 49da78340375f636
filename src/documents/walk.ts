/** Walking over the revisions of a stream, each operation read once: the state at each is made from that of its parent. */
import type { Core } from './core.ts';
import type { Document } from './document.ts';
import { Lineage, stepOf } from './lineage.ts';
import { DOCUMENT_SCOPE } from './operation.ts';
import type { OperationSource } from './operation-source.ts';
import type { Reader } from './reader.ts';
import { originAt } from './rebuild.ts';
import type { Where } from './reduce.ts';
import { replay, type Start } from './replay.ts';
import { documentOf, type Snapshot, snapshotOf } from './snapshot.ts';
import { pagesOf } from './window.ts';

const KEPT = 256; // states that an undo may go back to; for more a state is made anew

/** A walk. */
export interface Walk {
  readonly core: Core;
  readonly reader: Reader;
  readonly source: OperationSource;
  readonly where: Where;
  readonly documentType: string;
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal | undefined;
}

/** The states from one revision to another. */
export async function* walk({
  core,
  reader,
  source,
  where,
  documentType,
  from,
  to,
  signal,
}: Walk): AsyncGenerator<{ readonly revision: number; readonly document: Document }, void> {
  const { registry, clock } = core;
  const wanted = { where, documentType, signal };
  const present = await reader.present({ ...wanted, revision: undefined });
  const { lifecycle, boundaries, head } = present;
  const last = Math.min(to, head);
  const at = async (revision: number): Promise<Snapshot> => (await reader.checked({ ...wanted, revision })).snapshot;
  if (where.scope === DOCUMENT_SCOPE) {
    // Its states aren't made of one another, and it is short.
    for (let revision = Math.max(from, 0); revision <= last; revision++)
      yield { revision, document: documentOf(await at(revision)) };
    return;
  }
  if (from > last) return;
  const first = await at(Math.max(from - 1, -1));
  if (from === -1) yield { revision: -1, document: documentOf(first) };
  const states = new Map<number, Start>([[first.revision, startOf(first)]]);
  const lineage = new Lineage(lifecycle.protocol, first.revision);
  for await (const page of pagesOf(source, where, first.revision, last, signal))
    for (const operation of page) {
      const { index: revision } = operation;
      const parent = lineage.add(stepOf(operation));
      const start = parent === undefined ? undefined : states.get(parent);
      const snapshot = start
        ? snapshotOf(
            (
              await replay({
                ...present,
                where,
                start,
                operations: [[operation]],
                sureFrom: revision,
                revision,
                registry,
                clock,
                signal,
              })
            ).document,
            {
              scope: where.scope,
              revision,
              operation,
              documentRevision: lifecycle.revision,
              documentOperation: lifecycle.operation,
              origin: originAt({ lifecycle, boundaries }, revision),
            },
            start.document,
          )
        : await at(revision);
      states.set(revision, startOf(snapshot));
      states.delete(revision - KEPT);
      yield { revision, document: documentOf(snapshot) };
    }
}

function startOf(snapshot: Snapshot): Start {
  return { document: { ...snapshot, operations: {}, clipboard: [] }, upgrades: snapshot.origin?.upgrades ?? 0 };
}
