/** How a demo with flags of its own is run: its terminal, its checks, and letting go of what it opened. */
import type { Check } from './checks.ts';
import { HELP, readFlags } from './flags.ts';
import { exitCodeOf, sumUp } from './report.ts';
import { closeAll, type Open } from './stage.ts';
import type { StoryOptions } from './story.ts';
import { Terminal } from './terminal.ts';

/** Shows something on a terminal, and answers with what it has checked; what it opens it puts into `open`. */
export type Show<Options> = (terminal: Terminal, open: Open, options: Options) => Promise<readonly Check[]>;

/** Run a demo. Resolves to its exit code: 1 if something is wrong, 130 if it was stopped. Rejects only for a bug of its own. */
export function telling<Options extends Omit<StoryOptions, 'folder'>>(
  options: Options,
  show: Show<Options>,
): Promise<number> {
  return exitCodeOf(async () => {
    const { out, env, args } = options;
    if (readFlags(args).help) {
      out.write(`${HELP}\n`);
      return 0;
    }
    const open: Open = [];
    const terminal = new Terminal(out, env);
    try {
      sumUp(terminal, await show(terminal, open, options));
      return 0;
    } finally {
      await closeAll(open);
    }
  }, options);
}
