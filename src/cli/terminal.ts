/** The terminal of this process: its streams, and Ctrl-C as a signal. */
import type { Terminal } from './command.ts';

const REDRAW = 100; // milliseconds

/** What was asked for goes to the standard output, all else to the standard error. A second Ctrl-C ends the process at once. */
export function systemTerminal(): Terminal {
  const { stdout, stderr } = process;
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  for (const stream of [stdout, stderr]) stream.on('error', onClosed);
  let drawn = -Infinity;
  const wipe = () => {
    if (drawn !== -Infinity) stderr.write('\r\u001b[K');
    drawn = -Infinity;
  };
  return {
    environment: process.env,
    directory: process.cwd(),
    isWatched: stderr.isTTY,
    async write(name, bytes) {
      wipe();
      return written(name === 'stdout' ? stdout : stderr, bytes);
    },
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

const closed = new WeakSet<NodeJS.WriteStream>();

/** Bytes to a stream. Who reads it may have gone, as `head` does: that is no error, and told to who writes. */
function written(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<boolean> {
  if (closed.has(stream)) return Promise.resolve(false);
  return new Promise((resolve) => stream.write(bytes, (error) => resolve(!error)));
}

function onClosed(this: NodeJS.WriteStream, error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  closed.add(this);
}
