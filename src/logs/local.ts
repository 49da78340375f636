/** A change log in this process's memory: the authority of a cache that has no backend. */
import type { Dependency } from '../engine/dependency.ts';
import type { Mark } from '../engine/entry.ts';
import { checkOptions, positiveInteger } from '../engine/options.ts';
import type { Change, ChangeLog, Page, Position } from '../engine/log.ts';
import { STAMP_LIMITS, StampTable } from '../engine/stamp-table.ts';

/** Options of {@link localLog}. */
export interface LocalLogOptions {
  /** How many changes are kept for followers to replay. Default 1,024. */
  readonly keep?: number;
  /** How many stamps are kept in a generation (two are held). Default 16,384. */
  readonly stamps?: number;
}

/**
 * A change log in memory. Several caches of one process may share it; it ends with the process, and so does all that
 * was stored under it.
 *
 * @throws `bad_option` naming the option.
 */
export function localLog(options: LocalLogOptions = {}): ChangeLog {
  checkOptions('localLog', options, ['keep', 'stamps']);
  const keep = positiveInteger('localLog: keep', options.keep ?? 1024);
  const stamps = positiveInteger('localLog: stamps', options.stamps ?? STAMP_LIMITS.stamps);
  return new LocalLog(keep, new StampTable(0, { ...STAMP_LIMITS, stamps }));
}

/**
 * The log of one cache alone, which says and knows all that is in it: it keeps nothing itself. `known` answers with the mark
 * of a dependency's last change, or any larger one.
 */
export function privateLog(known: (dependency: Dependency) => Mark): ChangeLog {
  return new LocalLog(1, { record: () => {}, stampOf: known });
}

class LocalLog implements ChangeLog {
  readonly sync = true;
  #drawn: string | undefined;
  readonly #keep: number;
  readonly #recent: Change[] = []; // a ring: the change of mark m is at m % keep
  readonly #table: Pick<StampTable, 'record' | 'stampOf'>;
  readonly #watchers = new Set<() => void>();
  #head: Mark = 0;

  constructor(keep: number, table: Pick<StampTable, 'record' | 'stampOf'>) {
    this.#keep = keep;
    this.#table = table;
  }

  /** Drawn when it is needed first: in Workers there is no chance outside of a request, where a log may well be made. */
  get #incarnation(): string {
    return (this.#drawn ??= newIncarnation());
  }

  append(change: Change): Position {
    const incarnation = this.#incarnation; // first: without one nothing is appended
    const mark = ++this.#head;
    this.#recent[mark % this.#keep] = change;
    for (const dependency of change) this.#table.record(dependency, mark);
    for (const wake of this.#watchers) wake();
    return { incarnation, head: mark };
  }

  position(): Position {
    return { incarnation: this.#incarnation, head: this.#head };
  }

  read(after: Mark): Page {
    const complete = Math.max(after, this.#head - this.#keep);
    const changes: Page['changes'][number][] = [];
    for (let mark = complete + 1; mark <= this.#head; mark++)
      changes.push({ mark, change: this.#recent[mark % this.#keep] });
    return { incarnation: this.#incarnation, head: this.#head, complete, changes };
  }

  stamps(dependencies: readonly Dependency[]): Position & { readonly stamps: readonly Mark[] } {
    return { ...this.position(), stamps: dependencies.map((dependency) => this.#table.stampOf(dependency)) };
  }

  watch(wake: () => void): () => void {
    this.#watchers.add(wake);
    return () => this.#watchers.delete(wake);
  }
}

declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array };

/** A text that no other log has. Pages without TLS have no `randomUUID`, so it is made of random bytes. */
export function newIncarnation(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
