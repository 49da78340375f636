/** Output of several tasks at once: whole lines, each led by whose it is. */
import type { OnOutput } from '../../build/command-log.ts';
import type { Terminal } from '../command.ts';

const BREAK = 10;

/** The lines of tasks on one terminal. */
export class Lines {
  readonly #terminal: Terminal;
  readonly #stdout: 'stdout' | 'stderr';
  /** What was printed without the end of its line yet, by prefix and stream. */
  readonly #begun = new Map<string, Uint8Array>();

  constructor(terminal: Terminal, stdout: 'stdout' | 'stderr') {
    this.#terminal = terminal;
    this.#stdout = stdout;
  }

  /** As it comes. */
  plain(): OnOutput {
    return async (stream, bytes) => void (await this.#terminal.write(this.#of(stream), bytes));
  }

  /** Line by line. A line that gets too long is told in parts. */
  prefixed(prefix: string): OnOutput {
    const lead = Buffer.from(prefix);
    return async (stream, bytes) => {
      const id = `${stream} ${prefix}`;
      const all = Buffer.concat([this.#begun.get(id) ?? new Uint8Array(), bytes]);
      const end = all.length > LONGEST ? all.length : all.lastIndexOf(BREAK) + 1;
      this.#begun.set(id, all.subarray(end));
      if (end > 0) await this.#terminal.write(this.#of(stream), led(all.subarray(0, end), lead));
    };
  }

  /** Tell what has no end of its line. */
  end(prefix: string): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const rest = this.#begun.get(`${stream} ${prefix}`);
      this.#begun.delete(`${stream} ${prefix}`);
      if (rest && rest.length > 0)
        void this.#terminal.write(this.#of(stream), Buffer.concat([Buffer.from(prefix), rest, Buffer.of(BREAK)]));
    }
  }

  #of(stream: 'stdout' | 'stderr'): 'stdout' | 'stderr' {
    return stream === 'stdout' ? this.#stdout : 'stderr';
  }
}

const LONGEST = 64 * 1024;

function led(bytes: Uint8Array, lead: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const found = bytes.indexOf(BREAK, at);
    const end = found < 0 ? bytes.length : found + 1;
    parts.push(lead, bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat(parts);
}
