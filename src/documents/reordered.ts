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
import type { Step } from './lineage.ts';

/** The indices of the operations that lead to the end of a history, in order. Undos aren't among them. */
export function whatCounts(history: readonly Step[]): number[] {
  let left: Step[] = [];
  for (const step of history) {
    left.push(step);
    if (step.skip > 0 && !step.undo) left = collected(left);
  }
  const path: number[] = [];
  let undos = 0;
  for (const { index, undo } of left.toReversed())
    if (undo) undos++;
    else if (undos > 0) undos--;
    else path.push(index);
  return path.toReversed();
}

function collected(steps: readonly Step[]): Step[] {
  const kept: Step[] = [];
  let end = Infinity;
  for (const step of steps.toReversed()) {
    if (step.index >= end) continue;
    kept.push(step);
    end = step.index - step.skip;
  }
  return kept.toReversed();
}
