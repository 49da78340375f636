/** Texts signed under a secret: who doesn't know it can't make one. HMAC with SHA-256 (RFC 2104). */
import { TidemarkError } from '../engine/errors.ts';
import { nonEmptyText } from '../engine/options.ts';
import { sameText } from './same-text.ts';

const SHORTEST_SECRET = 16;

const encoder = new TextEncoder();

/** A secret that is long enough, or none. Throws `bad_option` naming `what`. */
export function checkedSecret(what: string, secret: string | undefined): string | undefined {
  if (secret !== undefined && nonEmptyText(what, secret).length < SHORTEST_SECRET)
    throw new TidemarkError('bad_option', `${what} must have at least ${SHORTEST_SECRET} characters`);
  return secret;
}

/** Signs texts, and knows its signatures: 64 hexadecimal digits. */
export class Signer {
  #raw: Uint8Array<ArrayBuffer> | undefined;

  /** Without a secret, one is drawn when it is first needed: in Workers there is no chance outside of a request. */
  constructor(secret: string | undefined) {
    this.#raw = secret === undefined ? undefined : encoder.encode(secret);
  }

  async sign(text: string): Promise<string> {
    const raw = (this.#raw ??= crypto.getRandomValues(new Uint8Array(32)));
    const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    const signed = await crypto.subtle.sign('HMAC', key, encoder.encode(text));
    return Array.from(new Uint8Array(signed), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  async knows(text: string, signature: string): Promise<boolean> {
    return sameText(signature, await this.sign(text));
  }
}
