/** What is remembered of a task that ran: what went in, what came out, and how its key was made. */
import type { Digest } from './digest.ts';

export type { Digest } from './digest.ts';

/** Something that a task made: a file, a symbolic link, or an empty directory. */
export type OutputEntry =
  | {
      readonly kind: 'file';
      /** Relative to the package; see {@link ActionRecord}. */
      readonly path: string;
      readonly digest: Digest;
      /** In bytes. */
      readonly size: number;
      /** Permission bits, up to 0o777. */
      readonly mode: number;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number };

/**
 * Something that a task read: a file, a symbolic link with its target's text, a directory's names as one digest, or that
 * there is a directory (`here: 'directory'`), something that can't be read (`'other'`) or nothing (`'nothing'`) at a path.
 */
export type InputEntry =
  | { readonly path: string; readonly digest: Digest; readonly executable: boolean }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly names: Digest }
  | { readonly path: string; readonly here: 'directory' | 'other' | 'nothing' };

/**
 * What is remembered of a task that ran well. Paths are relative to the package, separated by `/`, in the bytes of the
 * disk (never renormalised), sorted by their bytes, each once, and without `.`, `..`, empty parts, backslashes and drives.
 */
export interface ActionRecord {
  readonly version: 1;
  readonly key: Digest;
  readonly task: { readonly package: string; readonly name: string; readonly command: readonly string[] };
  readonly inputs: readonly InputEntry[];
  readonly outputs: readonly OutputEntry[];
  /** What the task wrote to stdout and stderr, as captured. */
  readonly log: Digest | null;
  readonly durationMs: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Everything else that the key was made of, by name. */
  readonly fields: Readonly<Record<string, string>>;
}
