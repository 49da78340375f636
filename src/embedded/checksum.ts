/** A checksum over entries in any order: each is digested, and the digests are added up. */
import { hash } from 'node:crypto';

/** A sum of digests: the same for the same entries in whatever order, and another one if an entry is there twice. */
export class Checksum {
  #high = 0;
  #low = 0;

  /** Add a digest made by {@link digestOf}. */
  add(digest: string): void {
    this.#high = (this.#high + Number.parseInt(digest.slice(0, 8), 16)) >>> 0;
    this.#low = (this.#low + Number.parseInt(digest.slice(8, 16), 16)) >>> 0;
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return [this.#high, this.#low].map((half) => half.toString(16).padStart(8, '0')).join('');
  }
}

/**
 * A digest of a key, a value, and an end in milliseconds since the epoch. Of values that differ only in what JSON can't say,
 * such as a date and its text, the digest is the same; of one that it can't say at all there is none.
 */
export function digestOf(key: string, value: unknown, keptUntil: number): string | undefined {
  try {
    return hash('sha256', JSON.stringify([key, value, keptUntil]));
  } catch {
    return undefined;
  }
}
