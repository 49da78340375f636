/**
 * What counts in a history of protocol 2, from its first operation on, if operations in it skip that are no undos. They
 * come from elsewhere: they were appended late, and replace what stood behind the place that they belong to.
 *
 * Such an operation is followed by a collection: from the end backwards, each operation that is left takes away those
 * at the `skip` indices before its own, undos too, and what they had taken back is gone for good. Then undos are undone as
 * always: from the end backwards, each takes back the nearest operation before it that no other has taken. So an undo
 * may weigh on an older operation than before, which is why no state from before such an operation is of use behind it.
 * These are the rules of the documents that exist; nobody would make them so.
 */
import { isUndo, type Operation, skipOf } from './operation.ts';

/** Does it reorder? */
function reorders(operation: Operation): boolean {
  return skipOf(operation) > 0 && !isUndo(operation);
}

/** The operations that lead to the end of a history, in order. Undos aren't among them. */
export function whatCounts(history: readonly Operation[]): readonly Operation[] {
  let left: Operation[] = [];
  for (const operation of history) {
    left.push(operation);
    if (reorders(operation)) left = collected(left);
  }
  const path: Operation[] = [];
  let undos = 0;
  for (const operation of left.toReversed())
    if (isUndo(operation)) undos++;
    else if (undos > 0) undos--;
    else path.push(operation);
  return path.toReversed();
}

function collected(operations: readonly Operation[]): Operation[] {
  const kept: Operation[] = [];
  let end = Infinity;
  for (const operation of operations.toReversed()) {
    if (operation.index >= end) continue;
    kept.push(operation);
    end = operation.index - skipOf(operation);
  }
  return kept.toReversed();
}
