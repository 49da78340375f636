/** A source of truth that outlives its writers and needs no database: a version is the size of a file. */
import { appendFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The versions of keys, and which of them have been acknowledged as told to all caches. Each key has one writer at a time. */
export class Truth {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The version that a load sees now. */
  version(key: string): number {
    return sizeOf(join(this.#folder, key));
  }

  /** Make the next version and answer with it. */
  change(key: string): number {
    appendFileSync(join(this.#folder, key), '.');
    return this.version(key);
  }

  /** The newest version whose invalidation has been acknowledged: no read that begins now may give an older one. */
  acknowledged(key: string): number {
    return sizeOf(join(this.#folder, `${key}.acknowledged`));
  }

  /** An invalidation for this version has been acknowledged. */
  acknowledge(key: string, version: number): void {
    appendFileSync(join(this.#folder, `${key}.acknowledged`), '.'.repeat(version - this.acknowledged(key)));
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
