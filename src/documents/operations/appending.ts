/** What is asked of operations before they are appended, wherever that is. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { checkOptions, list, nonEmptyText, signalOrNothing } from '../../engine/options.ts';
import type { Append } from '../operation-store.ts';
import { textOf } from './operation-text.ts';

/** An operation that is fit to be kept: its place, its id, and itself as JSON. */
export type Row = readonly [index: number, id: string, text: string];

const NAMES: readonly (keyof Append)[] = [
  'documentId',
  'documentType',
  'scope',
  'branch',
  'revision',
  'operations',
  'transaction',
  'signal',
];
const TEXTS = ['documentId', 'documentType', 'scope', 'branch'] as const;

/** The operations of a request as rows. Throws as {@link OperationStore.append} says, before anything is changed. */
export function rowsToAppend(request: Append): readonly Row[] {
  checkOptions('append', request, NAMES);
  for (const name of TEXTS) nonEmptyText(`append: ${name}`, request[name]);
  const { revision, operations, signal } = request;
  if (!Number.isSafeInteger(revision) || revision < -1)
    throw new TidemarkError(
      'bad_option',
      `append: revision must be a whole number from -1 up, not ${describe(revision)}`,
    );
  list('append: operations', operations);
  signalOrNothing('append: signal', signal);
  return operations.map((operation, i) => {
    const index = revision + 1 + i;
    if (operation?.index !== index)
      throw new TidemarkError(
        'bad_history',
        `append: after revision ${revision} the index of operation ${i + 1} must be ${index}, not ${describe(operation?.index)}`,
      );
    if (typeof operation.id !== 'string' || operation.id === '')
      throw new TidemarkError('bad_value', `append: operation ${index} must have an id, not ${describe(operation.id)}`);
    return [index, operation.id, textOf(operation)];
  });
}

/** Others were there before. `found` is the revision that they brought the stream to, where that is known. */
export function conflict(request: Append, found: number | undefined, cause?: unknown): TidemarkError {
  const { documentId, scope, branch, revision } = request;
  const stream = `${describe(documentId)}, scope ${describe(scope)}, branch ${describe(branch)}`;
  const where = found === undefined ? 'others append at the same time' : `it is at revision ${found}`;
  return new TidemarkError('conflict', `can't append to ${stream} after revision ${revision}: ${where}`, cause);
}
