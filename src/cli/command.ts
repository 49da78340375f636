/** What a command of the CLI is, and what it may touch of the world. */

/** Where a command speaks. */
export interface Terminal {
  /** A line of what was asked for. */
  out(line: string): void;
  /** A line about how it goes. */
  say(line: string): void;
  /** Replace the line that is drawn while something takes long; nothing is drawn where nobody watches. */
  draw(line: string): void;
  /** Bytes as they are. Resolves when there is room for more: true, or false once nobody reads any longer. */
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<boolean>;
  /** Whether a person watches what is said. */
  readonly isWatched: boolean;
  /** Aborts when whoever watches wants it to end. */
  readonly signal: AbortSignal;
  /** Where variables are looked up, and the directory in which the command was called. */
  readonly environment: NodeJS.ProcessEnv;
  readonly directory: string;
}

/** How a command ended, if not simply well: an exit code, or the signal that ended what it ran. */
export type Ending = number | NodeJS.Signals;

/** A command. */
export interface Command {
  /** What follows its name. */
  readonly usage: string;
  /** What it does, and its options, in lines. */
  readonly help: readonly string[];
  /** Do it. Rejects with what went wrong, and with a {@link UsageError} if it was called wrongly. */
  run(args: readonly string[], terminal: Terminal): Promise<Ending | void>;
}

/** The command was called in a way that it can't be called in. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

/** Our own arguments, and the command that stands after `--`. */
export function split(args: readonly string[]): { readonly own: string[]; readonly command: readonly string[] } {
  const end = args.indexOf('--');
  return end < 0 ? { own: [...args], command: [] } : { own: args.slice(0, end), command: args.slice(end + 1) };
}

/** Exactly these positional arguments. Throws {@link UsageError}. */
export function exactly<const Names extends readonly string[]>(
  positionals: readonly string[],
  names: Names,
): { readonly [Name in keyof Names]: string } {
  if (positionals.length !== names.length)
    throw new UsageError(`${names.map((name) => `<${name}>`).join(' ')} expected, not ${positionals.length} arguments`);
  return positionals as unknown as { readonly [Name in keyof Names]: string };
}
