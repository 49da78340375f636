/** Writes under a condition: what somebody edited is replaced only if it is still what is there (RFC 9110 §13.1). */
import { TidemarkError } from '../../engine/errors.ts';
import { aFunction, checkOptions, positiveInteger, trueOrFalse } from '../../engine/options.ts';
import { type Current, judgeConditions, preconditionFailed } from './conditions.ts';

/** What a write answers with that found something else than it was shown: it has done nothing. */
export const OVERTAKEN: unique symbol = Symbol('overtaken');

/** How a write is guarded. */
export interface GuardedWrite<C extends Current> {
  /** What is there now, from the source itself; `undefined` if nothing is. */
  readonly current: () => Promise<C | undefined>;
  /**
   * Writes, if what is there is still what it is shown: in one statement (`UPDATE … WHERE version = ?`) or in a transaction
   * that has locked it. If it isn't, it does nothing and answers {@link OVERTAKEN}, or throws a `conflict`, as a repository
   * does for `ifSame`.
   */
  readonly write: (current: C | undefined) => Promise<Response | typeof OVERTAKEN>;
  /** Whether a request without If-Match, If-None-Match and If-Unmodified-Since is refused with 428. Default no. */
  readonly required?: boolean;
  /** How often an unconditional write that is overtaken is tried. Default 5; then it is a 409. */
  readonly tries?: number;
}

const CONDITIONS: readonly string[] = ['if-match', 'if-none-match', 'if-unmodified-since'];

/**
 * Answers a write: 412 if the request's condition doesn't hold, else what `write` answers. Of several editors who send what
 * they have seen under If-Match exactly one is written, in whichever processes they meet, since the condition is judged
 * about what `write` then compares with. Throws `bad_option`, and what the two functions throw, but for conflicts.
 *
 * @example
 * await guardedWrite(request, {
 *   current: async () => { const post = await read(id); return post && { post, etag: `"${post.version}"` }; },
 *   write: async (current) => (await updateIf(id, current?.post.version, body)) ? Response.json({}) : OVERTAKEN,
 * });
 */
export async function guardedWrite<C extends Current>(request: Request, guard: GuardedWrite<C>): Promise<Response> {
  checkOptions('guardedWrite', guard, ['current', 'write', 'required', 'tries']);
  aFunction('guardedWrite: current', guard.current);
  aFunction('guardedWrite: write', guard.write);
  const tries = positiveInteger('guardedWrite: tries', guard.tries ?? 5);
  const conditional = CONDITIONS.some((name) => request.headers.has(name));
  if (trueOrFalse('guardedWrite: required', guard.required) && !conditional) return refusal(428);
  for (let tried = 0; tried < tries; tried++) {
    const current = await guard.current();
    const seen: Current = current ?? { exists: false };
    if (judgeConditions(request, seen, Date.now()) !== 'proceed') return preconditionFailed(seen);
    const answer = await guard.write(current).catch(overtakenByConflict);
    if (answer !== OVERTAKEN) return answer;
  }
  return refusal(conditional ? 412 : 409);
}

function overtakenByConflict(error: unknown): typeof OVERTAKEN {
  if (error instanceof TidemarkError && error.code === 'conflict') return OVERTAKEN;
  throw error;
}

function refusal(status: number): Response {
  return new Response(null, { status, headers: { 'cache-control': 'no-store' } });
}
