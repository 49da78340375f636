/** How checks are shown while they are made, and how a demo ends. */
import type { Check, Report } from './checks.ts';
import type { Screen, Terminal } from './terminal.ts';
import { Trouble } from './trouble.ts';

const FOUND = 27; // the longest of what checks find when all is well

/** The exit code of a demo: 1 if something is wrong, 130 if it was stopped. Rejects only for a bug of its own. */
export async function exitCodeOf(
  demo: () => Promise<number>,
  { err, signal }: { readonly err: Screen; readonly signal: AbortSignal },
): Promise<number> {
  try {
    return await demo();
  } catch (error) {
    if (!signal.aborted && !(error instanceof Trouble)) throw error;
    err.write(`\ndemo: ${signal.aborted ? 'stopped' : (error as Trouble).message}\n`);
    return signal.aborted ? 130 : 1;
  }
}

/** Throws {@link Trouble} if a check failed. */
export function sumUp(terminal: Terminal, checks: readonly Check[]): void {
  const wrong = checks.filter((check) => !check.right);
  if (wrong.length > 0) {
    const list = wrong.map(({ what, found }) => `\n  ${what}: ${found}`).join('');
    throw new Trouble(`${wrong.length} of ${checks.length} checks failed:${list}`);
  }
  terminal.line();
  terminal.line(terminal.paint(['bold', 'green'], `All ${checks.length} checks hold.`));
}

/** Shows checks on a terminal. */
export function reportOn(terminal: Terminal): Report {
  return {
    working: (text) => terminal.working(text),
    step: (text) => terminal.say(text, 'bold'),
    check({ what, found, right }) {
      const room = Math.min(terminal.width - FOUND - 4, 60);
      const text = `${terminal.cut(what, room).padEnd(room)}  ${found}`;
      if (right) terminal.tick(text);
      else terminal.cross(text);
    },
  };
}
