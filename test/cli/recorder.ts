/** A terminal that remembers what was said, and can be interrupted. */
import type { Ending, Terminal } from '../../src/cli/command.ts';
import { run } from '../../src/cli/run.ts';

export interface Ran {
  readonly code: Ending;
  /** Lines on the standard output, and on the standard error. */
  readonly out: readonly string[];
  readonly said: readonly string[];
  /** What was drawn while it ran. */
  readonly drawn: readonly string[];
  /** The bytes that were passed on, as text. */
  readonly written: { readonly stdout: string; readonly stderr: string };
}

/** Run a command line; `onDraw` may interrupt it. */
export async function ran(
  args: readonly string[],
  onDraw?: (interrupt: () => void) => void,
  place: Partial<Pick<Terminal, 'environment' | 'directory' | 'isWatched'>> = {},
): Promise<Ran> {
  const controller = new AbortController();
  const out: string[] = [];
  const said: string[] = [];
  const drawn: string[] = [];
  const written = { stdout: '', stderr: '' };
  const terminal: Terminal = {
    environment: process.env,
    directory: process.cwd(),
    isWatched: true,
    ...place,
    write: async (stream, bytes) => {
      written[stream] += Buffer.from(bytes).toString();
      return true;
    },
    out: (line) => void out.push(line),
    say: (line) => void said.push(line),
    draw: (line) => {
      drawn.push(line);
      onDraw?.(() => controller.abort());
    },
    signal: controller.signal,
  };
  return { code: await run(args, terminal), out, said, drawn, written };
}
