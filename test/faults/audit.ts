/** What processes have said and seen, and which of it must not have been. */
import type { Said, Sighting } from './children/roamer.ts';

/** Versions of keys, who said what of them, and who saw what. */
export class Audit {
  readonly #versions = new Map<string, number>();
  readonly #said = new Map<string, Said[]>();
  readonly #sightings: Sighting[] = [];

  /** The version that a load sees now. */
  version(key: string): number {
    return this.#versions.get(key) ?? 1;
  }

  /** Make another version. */
  commit(key: string): number {
    const version = this.version(key) + 1;
    this.#versions.set(key, version);
    return version;
  }

  /** A change has been said to everybody. */
  said(said: Said): void {
    const all = this.#said.get(said.key) ?? this.#said.set(said.key, []).get(said.key)!;
    all.push(said);
  }

  saw(sightings: readonly Sighting[]): void {
    this.#sightings.push(...sightings);
  }

  /** Every key that anything was said of, and the newest version of it that was. */
  get newestSaid(): ReadonlyMap<string, number> {
    return new Map([...this.#said].map(([key, all]) => [key, Math.max(...all.map(({ version }) => version))]));
  }

  /** Reads that began more than `bound` milliseconds after a newer version than theirs had been said, in words. */
  stale(bound: number): readonly string[] {
    return this.#sightings.flatMap(({ key, version, began }) => {
      const missed = this.#said.get(key)?.find((said) => said.version > version && began > said.at + bound);
      return missed
        ? [`${key}: ${version} was read ${began - missed.at} ms after ${missed.version} had been said`]
        : [];
    });
  }
}
