/** The cache that a migration fills: what is there, what is added, and a note of how far it has come. */
import { hash } from 'node:crypto';
import { digestOf } from './checksum.ts';
import type { LivingRow } from './level-rows.ts';
import type { Opening, Step } from './opening.ts';
import { type Space, textOf } from './space.ts';

/** A row, and the place that it gets. */
export interface Placed {
  readonly space: Space;
  readonly key: string;
  readonly row: LivingRow;
}

/** The target, opened. */
export class MigrationTarget {
  readonly #opening: Opening;
  readonly #name: string;

  /** `task` says what is copied and how: the note of one task is none for another. */
  constructor(opening: Opening, task: string) {
    this.#opening = opening;
    this.#name = 'migration ' + hash('sha256', task);
  }

  /** The digest of the entry in a row's place, `'none'` if it has none; `undefined` if there is no entry. */
  digestAt({ space, key, row }: Placed): string | undefined {
    const text = textOf(space, key);
    const value = this.#opening.look(space, key, text);
    const entry = value === undefined ? undefined : this.#opening.file.read(text);
    return entry && (digestOf(row.whole, value, entry.keptUntil) ?? 'none');
  }

  /** Store rows, those of a namespace in one step. Throws `bad_value` for what the cache's codec can't represent. */
  async put(rows: readonly Placed[]): Promise<void> {
    const groups = new Map<Space, Step[]>();
    for (const { space, key, row } of rows) {
      const step = { key, value: row.value, until: row.keptUntil };
      const group = groups.get(space);
      if (group) group.push(step);
      else groups.set(space, [step]);
    }
    for (const [space, steps] of groups) await this.#opening.write(space, steps);
  }

  /** The note of an interrupted run. */
  get note(): string | undefined {
    const { environment } = this.#opening.file;
    return environment.read(() => environment.meta.getBinary(this.#name)?.toString());
  }

  /** Keep a note of how far this run has come; without one, it is done. */
  async keepNote(note: string | undefined): Promise<void> {
    const { environment } = this.#opening.file;
    await environment.write(() => {
      if (note === undefined) environment.meta.removeSync(this.#name);
      else environment.meta.putSync(this.#name, Buffer.from(note));
    });
  }
}
