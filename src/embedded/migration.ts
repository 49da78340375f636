/** One migration: copies a snapshot's rows a step at a time, noting how far it has come, and compares the two. */
import type { Clock } from '../engine/clock.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { Census } from './census.ts';
import { Checksum, digestOf } from './checksum.ts';
import { isWithin, readRow } from './level-rows.ts';
import type { LevelSnapshot, RawRow } from './level-snapshot.ts';
import type { MigrationFault, MigrationProgress, MigrationResult, MigrationTally } from './migration-report.ts';
import type { MigrationTarget, Placed } from './migration-target.ts';
import type { Space } from './space.ts';

/** What a migration is made of, checked. */
export interface MigrationSettings {
  readonly source: LevelSnapshot;
  readonly target: MigrationTarget;
  /** Where the rows of a namespace belong, or why the target can't have it. */
  readonly place: (namespace: string) => Space | string;
  /** True if a key stays as it is in the source, with its namespace before it. */
  readonly whole: boolean;
  /** The only namespace to copy, with those below it. */
  readonly namespace: string | undefined;
  readonly batchSize: number;
  /** True if a damaged row ends the migration. */
  readonly strict: boolean;
  readonly clock: Clock;
  readonly onProgress: ((progress: MigrationProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What is noted in the target after each step. */
interface Note {
  readonly fingerprint: string;
  /** The last key, in hexadecimal digits. */
  readonly after: string;
  readonly tally: MigrationTally;
  readonly faults: readonly MigrationFault[];
}

/** A migration under way. */
export class Migration {
  readonly #s: MigrationSettings;
  readonly #census: Census;
  readonly #resumed: boolean;
  #after: Uint8Array | undefined;
  #verified: MigrationResult['verified'];

  /** Begins, or takes up what was interrupted. Throws `bad_option` if the source isn't what it was then. */
  constructor(settings: MigrationSettings) {
    this.#s = settings;
    const text = settings.target.note;
    const note = text === undefined ? undefined : (JSON.parse(text) as Note);
    if (note && note.fingerprint !== settings.source.fingerprint)
      throw new TidemarkError(
        'bad_option',
        'the source has changed since its migration was interrupted: remove the target and begin anew',
      );
    this.#census = new Census(note);
    this.#resumed = note !== undefined;
    this.#after = note && Buffer.from(note.after, 'hex');
  }

  /** Copy what hasn't been copied yet. Throws `in_use` if the source has been written to. */
  async copy(): Promise<void> {
    const { source, target, batchSize } = this.#s;
    for await (const rows of source.rows(this.#after, batchSize)) {
      this.#s.signal?.throwIfAborted();
      await this.#copyStep(rows);
      this.#after = rows[rows.length - 1][0];
      await target.keepNote(this.#note());
      this.#tell('copying', 0);
    }
    if (!source.current) throw new TidemarkError('in_use', 'the source was written to while it was copied');
  }

  async #copyStep(rows: readonly RawRow[]): Promise<void> {
    const missing: Placed[] = [];
    for (const placed of this.#living(rows, this.#census)) {
      const there = this.#s.target.digestAt(placed);
      this.#census.count(there === undefined || there === digestOfRow(placed) ? 'copied' : 'kept');
      if (there === undefined) missing.push(placed);
    }
    await this.#s.target.put(missing);
  }

  /** The rows that have a value and a place; all others are counted. */
  *#living(rows: readonly RawRow[], census: Census): Generator<Placed> {
    const { clock, namespace, whole } = this.#s;
    const now = clock.now();
    for (const [key, value] of rows) {
      const row = readRow(key, value, now);
      if (namespace !== undefined && !isWithin(row.namespace, namespace)) continue;
      if (row.kind === 'damaged') this.#damaged(row, census);
      else if (row.kind !== 'living') census.count(row.kind);
      else {
        const space = this.#s.place(row.namespace);
        if (typeof space === 'string') this.#damaged({ whole: row.whole, reason: space }, census);
        else yield { space, key: whole ? row.whole : row.key, row };
      }
    }
  }

  #damaged(row: { readonly whole: string; readonly reason: string }, census: Census): void {
    if (this.#s.strict)
      throw new TidemarkError('bad_bytes', `the row of ${describe(row.whole)} can't be copied: ${row.reason}`);
    census.damaged(row);
  }

  #note(): string {
    const after = Buffer.from(this.#after ?? []).toString('hex');
    const { tally, faults } = this.#census;
    const note: Note = { fingerprint: this.#s.source.fingerprint, after, tally, faults };
    return JSON.stringify(note);
  }

  #tell(phase: MigrationProgress['phase'], compared: number): void {
    this.#s.onProgress?.({ phase, ...this.#census.tally, compared });
  }

  /**
   * Go through the source once more, and compare each living row with what the target answers.
   *
   * @throws `store_failed` if a row is missing or differs that wasn't in the target before. The next migration begins anew.
   */
  async verify(): Promise<void> {
    const { source, target, batchSize, clock, signal } = this.#s;
    const compared = new Census();
    const checksum = new Checksum();
    const found = { same: 0, missing: 0, other: 0 };
    let example = '';
    for await (const rows of source.rows(undefined, batchSize)) {
      signal?.throwIfAborted();
      for (const placed of this.#living(rows, compared)) {
        compared.count('copied');
        const there = target.digestAt(placed);
        if (there !== undefined && there === digestOfRow(placed)) {
          found.same++;
          checksum.add(there);
        } else if (there !== undefined || placed.row.keptUntil > clock.now()) {
          found[there === undefined ? 'missing' : 'other']++;
          example ||= placed.row.whole;
        }
      }
      this.#tell('verifying', compared.tally.rows);
    }
    const differing = found.other - this.#census.tally.kept;
    if (found.missing > 0 || differing > 0) {
      await target.keepNote(undefined);
      const what = `${found.missing} rows are missing and ${Math.max(differing, 0)} differ`;
      throw new TidemarkError(
        'store_failed',
        `the target isn't what was copied: ${what}, for example ${describe(example)}`,
      );
    }
    this.#verified = { entries: found.same, checksum: checksum.toString() };
  }

  /** Nothing is left to take up. */
  async finish(): Promise<MigrationResult> {
    await this.#s.target.keepNote(undefined);
    const { tally, faults } = this.#census;
    return { ...tally, faults, resumed: this.#resumed, verified: this.#verified };
  }
}

function digestOfRow({ row }: Placed): string | undefined {
  return digestOf(row.whole, row.value, row.keptUntil);
}
