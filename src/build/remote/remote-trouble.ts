/** What is told of remotes. None of it makes a build fail. */

/**
 * Something that went wrong, or is right again.
 *
 * - `'failed'`: an operation failed, took too long, or brought what it wasn't asked for (`bad_bytes`). What isn't tried, as
 *   the remote is left alone, is only counted.
 * - `'left alone'`: it kept failing, and is left alone for a while; `'back'`: it works again. Reading and writing apart.
 * - `'local'`: the local store failed, at keeping what was fetched or at reading what was to be sent.
 * - `'not sent'`: a result or specs weren't sent: something failed, or took longer than uploads may.
 */
export interface RemoteTrouble {
  readonly what: 'failed' | 'left alone' | 'back' | 'local' | 'not sent';
  readonly remote: string;
  /** A sentence for people. */
  readonly text: string;
  readonly error?: unknown;
}
