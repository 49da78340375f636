/** How a program meets the test that has started it: what it was given, and the questions that it answers. */
import { type Answers, Line } from './line.ts';

/** What the test has given the program to begin with. */
export function given(): unknown {
  return JSON.parse(process.argv[2]);
}

/** What every program answers. */
export interface Leaving extends Answers {
  /** Let go of everything: the process then ends by itself. */
  readonly leave: () => unknown;
}

/** Answer questions until told to leave. When the test is gone, so is the program. */
export function serve(answers: Leaving): Line {
  let leaving = false;
  process.once('disconnect', () => {
    if (!leaving) process.exit(1);
  });
  return new Line(process, {
    ...answers,
    leave: async () => {
      await answers.leave();
      leaving = true;
    },
  });
}

/** So many milliseconds of real time. */
export const passing = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
