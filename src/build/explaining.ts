/** Why a task would run, or wouldn't: what differs from what is kept, or what became of it. */
import type { BuildContext } from './build-context.ts';
import { candidateBy, declaredSpec, type Facts } from './fingerprint.ts';
import { findHere, isDeclared } from './finding.ts';
import type { Attempt } from './local-state.ts';
import type { ActionRecord, Digest } from './record.ts';
import { identityOf, titleOf } from './resolved-task.ts';
import { type Difference, differences, nearestRecord } from './why.ts';

/** The answer to why. */
export interface Explanation {
  readonly task: string;
  /** `'hit'`: it would come back. Else why it wouldn't. */
  readonly verdict: 'hit' | 'never kept' | 'changed' | 'gone' | 'damaged' | 'not kept';
  /** The key that is wanted; null where it isn't known what the command reads. */
  readonly key: Digest | null;
  /** The kept result that is nearest. */
  readonly nearest?: { readonly key: Digest; readonly createdAt: string };
  /** What differs from that. */
  readonly differences: readonly Difference[];
  /** All of it in sentences. */
  readonly text: readonly string[];
  /** Variables that don't reach the command. */
  readonly withheld: readonly string[];
}

/** Explain. Looks at the local store only, and changes nothing. */
export function explain(facts: Facts, context: BuildContext): Explanation {
  const { task, environment } = facts;
  const { store } = context;
  const state = context.stateOf(task.workspace);
  const [title, identity] = [titleOf(task), identityOf(task)];
  const { candidates, found, reason } = findHere(facts, context);
  const common = { task: title, withheld: environment.withheld };
  if (found) {
    const { key, createdAt } = found.record;
    const text = [`${title} is kept since ${createdAt}: it would come back`];
    return { ...common, verdict: 'hit', key, nearest: { key, createdAt }, differences: [], text };
  }
  const [wanted] = isDeclared(facts) ? [candidateBy(declaredSpec(task), facts, state.index)] : candidates;
  const key = wanted?.key ?? null;
  const last = state
    .attempts()
    .findLast((attempt) => attempt.task === identity && (key === null || attempt.key === key));
  const nearest = nearestTo(facts, wanted?.inputs ?? [], key, store.records());
  if (reason !== 'absent' && key !== null) {
    const text = [`${title} was kept under this key, but ${wordsOf(reason)}`];
    return { ...common, verdict: 'damaged', key, differences: [], text };
  }
  if (key !== null && last && last.reason === undefined) {
    const text = [
      `${title} was kept on ${dateOf(last)}, and is gone since: pruned, cleaned, or kept in another directory`,
    ];
    return { ...common, verdict: 'gone', key, differences: [], text };
  }
  if (key !== null && last?.reason !== undefined) {
    const text = [`${title} ran on ${dateOf(last)} as it is now, and wasn't kept: ${last.reason}`];
    return { ...common, verdict: 'not kept', key, differences: [], text };
  }
  if (!nearest) {
    const before = state.attempts().findLast((attempt) => attempt.task === identity);
    const why = before?.reason === undefined ? '' : `; on ${dateOf(before)}: ${before.reason}`;
    return { ...common, verdict: 'never kept', key, differences: [], text: [`no result of ${title} is kept${why}`] };
  }
  const now = { key: key ?? '', inputs: wanted?.inputs ?? nearest.inputs, fields: facts.fields };
  const differing = differences(nearest, now);
  const { createdAt } = nearest;
  const text = [
    `${title} was kept on ${createdAt}; since then:`,
    ...differing.map((difference) => `  ${difference.text}`),
  ];
  return { ...common, verdict: 'changed', key, nearest: { key: nearest.key, createdAt }, differences: differing, text };
}

function nearestTo(
  { task, fields }: Facts,
  inputs: ActionRecord['inputs'],
  key: Digest | null,
  records: Iterable<ActionRecord>,
): ActionRecord | undefined {
  return nearestRecord(records, { package: task.package, name: task.name }, { key: key ?? '', inputs, fields });
}

function wordsOf(reason: string): string {
  return reason === 'damaged record' ? 'its record is damaged' : `a ${reason.replace('blob ', 'blob is ')}`;
}

function dateOf({ at }: Attempt): string {
  return new Date(at).toISOString();
}
