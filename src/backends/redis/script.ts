/** A script that servers remember by its digest. */
import type { Call } from '../../engine/store.ts';
import type { Connection } from './connection.ts';
import type { Argument, Reply } from './link.ts';

declare const crypto: {
  readonly subtle: { digest(algorithm: 'SHA-1', bytes: Uint8Array): Promise<ArrayBuffer> };
};

/**
 * A Lua script. It is asked for by the digest of its text, and sent as a whole to a server that doesn't know it: one that
 * was restarted, was told to forget its scripts, or has only just got the key.
 */
export class Script {
  readonly #source: string;
  #digest: string | undefined;
  #digesting: Promise<string> | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  /** Run it where the keys lie; in a cluster they all must lie in one slot. */
  run(connection: Connection, keys: readonly string[], args: readonly Argument[], call?: Call): Promise<Reply> {
    const rest = [String(keys.length), ...keys, ...args];
    const ask = (digest: string) =>
      connection.command(['EVALSHA', digest, ...rest], keys[0], call).catch((error: unknown) => {
        if (!isUnknownScript(error)) throw error;
        return connection.command(['EVAL', this.#source, ...rest], keys[0], call);
      });
    if (this.#digest !== undefined) return ask(this.#digest); // in the same tick, so that many go as one
    return (this.#digesting ??= this.#digestOfSource()).then(ask);
  }

  async #digestOfSource(): Promise<string> {
    const bytes = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(this.#source)));
    return (this.#digest = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''));
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
