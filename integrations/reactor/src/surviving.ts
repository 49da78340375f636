/** The operations that the reactor's reducer wants to see of a history. */
import type { Operation } from 'tidemark/documents';

/**
 * Without those that a later one has replaced: an operation with a skip stands in the place of as many indices before it,
 * and so did those that are left. Undos (NOOPs) replace nothing: the reducer itself counts them against what is before them.
 */
export function surviving(operations: readonly Operation[]): Operation[] {
  let left: Operation[] = [];
  for (const operation of operations) {
    left.push(operation);
    if (operation.skip > 0 && operation.action.type !== 'NOOP') left = withoutReplaced(left);
  }
  return left;
}

function withoutReplaced(operations: readonly Operation[]): Operation[] {
  const left: Operation[] = [];
  let end = Infinity;
  for (const operation of operations.toReversed()) {
    if (operation.index >= end) continue;
    left.push(operation);
    end = operation.index - operation.skip;
  }
  return left.toReversed();
}
