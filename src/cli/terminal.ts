/** The terminal of this process: its streams, and Ctrl-C as a signal. */
import type { Terminal } from './command.ts';

const REDRAW = 100; // milliseconds

/** What was asked for goes to the standard output, all else to the standard error. A second Ctrl-C ends the process at once. */
export function systemTerminal(): Terminal {
  const { stdout, stderr } = process;
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  let drawn = -Infinity;
  const wipe = () => {
    if (drawn !== -Infinity) stderr.write('\r\u001b[K');
    drawn = -Infinity;
  };
  return {
    out(line) {
      wipe();
      stdout.write(line + '\n');
    },
    say(line) {
      wipe();
      stderr.write(line + '\n');
    },
    draw(line) {
      if (!stderr.isTTY || performance.now() - drawn < REDRAW) return;
      drawn = performance.now();
      stderr.write('\r\u001b[K' + line);
    },
    signal: controller.signal,
  };
}
