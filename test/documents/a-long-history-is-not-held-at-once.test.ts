/** A replay of thousands of operations holds some pages of them at a time, and is right all the same. */
import { expect, test } from 'vitest';
import { createWriteCache, memoryOperations, type Operation, type OperationSource } from 'tidemark/documents';
import { DocumentHistory, drive, driveActions } from 'tidemark/testing';
import { comparable, fullReplay } from './support/full-replay.ts';

const LENGTH = 2500;
const PAGES = 12; // a thousand operations, and the pages at both ends

/** Operations that can't be looked at any more once so many pages have been read after them. */
function forgetting(source: OperationSource) {
  let pages = 0;
  const counts = { rows: 0 };
  const watched: OperationSource = {
    getHeads: (...query) => source.getHeads(...query),
    async getSince(...query) {
      const page = await source.getSince(...query);
      const read = ++pages;
      counts.rows += page.results.length;
      return {
        ...page,
        results: page.results.map((operation): Operation => ({
          ...operation,
          get action() {
            // The last one is a part of the answer, and so is that of the document's life.
            const held = operation.action.scope === 'global' && operation.index !== query[4]?.until;
            if (held && pages - read > PAGES)
              throw new Error(`operation ${operation.index} was held over ${PAGES} pages`);
            return operation.action;
          },
        })),
      };
    },
  };
  return { watched, counts };
}

test.each([1, 2] as const)(
  'in protocol %i, undos and what reorders included',
  { timeout: 60_000 },
  async (protocol) => {
    const history = new DocumentHistory({ model: drive, protocol });
    for (let i = 0; i < LENGTH; i++) {
      if (i % 97 === 96) history.undo();
      else if (i === 1200) history.attempt(driveActions.addFolder('late'), { skip: 30 });
      else if (i % 100 < 40) history.add(driveActions.addFolder(`folder ${i}`));
      else history.attempt(driveActions.updateNode(`folder ${i - (i % 100)}`, `${i}`));
    }
    const { documentId, documentType, operations, registry } = history;
    const stored = memoryOperations();
    for (const [scope, stream] of Object.entries(operations))
      await stored.append({ documentId, documentType, scope, branch: 'main', revision: -1, operations: stream });
    const { watched, counts } = forgetting(stored);
    for (const target of [LENGTH - 1, 1300, 1199]) {
      const cache = createWriteCache({ operations: watched, registry });
      counts.rows = 0;
      const document = await cache.getState(documentId, documentType, 'global', 'main', target);
      expect(comparable(document, 'global')).toEqual(
        fullReplay(operations, registry, { documentId, scope: 'global', target }),
      );
      expect(counts.rows).toBeLessThanOrEqual(2 * (target + 2) + 100);
    }
  },
);
