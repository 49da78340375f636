/** Is there room on the disk? Asked before each write, since a commit that meets the disk's end corrupts the heap in lmdb. */
import { type StatsFs, statfsSync } from 'node:fs';
import { TidemarkError } from '../../engine/errors.ts';

const PAGES = 4 * 4096; // that any write may copy
const LEAST = 4 * 1024 * 1024; // the pages that a slice of a sweep may copy
const MOST = 64 * 1024 * 1024;
const LOOK_AGAIN = 2; // milliseconds

/** What is left of the disk that a directory lies on. */
export class DiskRoom {
  readonly #path: string;
  #seen = -Infinity;
  #left = 0; // bytes that may be written before looking again

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * There must be room for so many bytes, and some to spare.
   *
   * @throws `store_failed`; what the file system throws, if the directory is gone.
   */
  assert(bytes: number): void {
    const needed = 2 * bytes + PAGES;
    const now = performance.now();
    this.#left -= needed;
    if (this.#left > 0 && now - this.#seen < LOOK_AGAIN) return;
    const { free, spare } = roomIn(statfsSync(this.#path));
    if (free < spare + needed)
      throw new TidemarkError('store_failed', `${this.#path}: the disk is nearly full (${free} bytes are free)`);
    this.#seen = now;
    this.#left = Math.min(free - spare, spare) / 4;
  }
}

function roomIn({ bavail, blocks, bsize }: StatsFs): { readonly free: number; readonly spare: number } {
  return { free: bavail * bsize, spare: Math.min(Math.max((blocks * bsize) / 100, LEAST), MOST) };
}
