/** Long work in steps, between which its caller may show how far it is, look after others, or end it. */

/** Yields how many files were looked at so far. */
export type Steps<Result> = Generator<number, Result, void>;

/** Do all of it. */
export function allOf<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
