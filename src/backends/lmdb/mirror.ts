/** What the file remembers of a log that lives elsewhere, for when it is a tier above another backend. */
import type { Dependency } from '../../engine/dependency.ts';
import type { Mark } from '../../engine/entry.ts';
import type { Page, Position, StampsAnswer } from '../../engine/log.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import type { Mirror } from '../../engine/mirror.ts';
import type { Call } from '../../engine/store.ts';
import type { LmdbFile } from './file.ts';
import type { Ledger } from './ledger.ts';

const INCARNATION = 'mirror-incarnation';

/** A mirror in rows: the stamps of the other log and how far they reach. */
export class LmdbMirror implements Mirror {
  readonly #file: LmdbFile;
  readonly #ledger: Ledger;

  constructor(file: LmdbFile) {
    this.#file = file;
    this.#ledger = file.mirrored;
  }

  /** The ledger, if it is of this incarnation. */
  ledgerOf(incarnation: string): Ledger | undefined {
    return incarnation !== '' && this.#incarnation === incarnation ? this.#ledger : undefined;
  }

  get #incarnation(): string {
    return this.#file.environment.meta.getBinary(INCARNATION)?.toString() ?? '';
  }

  position(): Position | undefined {
    const { environment } = this.#file;
    return environment.read(() => {
      environment.refresh();
      const incarnation = this.#incarnation;
      return incarnation === '' ? undefined : { incarnation, head: this.#ledger.standing.head };
    });
  }

  record(incarnation: string, from: Mark, to: Mark, changes: Page['changes'], { signal }: Call): MaybePromise<void> {
    const { environment } = this.#file;
    const record = () => {
      if (this.#incarnation !== incarnation || this.#ledger.standing.head < from) {
        environment.meta.putSync(INCARNATION, Buffer.from(incarnation));
        this.#ledger.beginAt(from);
      }
      const { head } = this.#ledger.standing;
      for (const { mark, change } of changes)
        if (mark > head) for (const dependency of change) this.#ledger.record(dependency, mark);
      if (to > head) this.#ledger.advance(to);
    };
    return environment.write(record, { signal, bytes: 200 * changes.length });
  }

  stamps(dependencies: readonly Dependency[], after: Mark): StampsAnswer | undefined {
    const { environment } = this.#file;
    return environment.read(() => {
      const position = this.position();
      if (!position || this.#ledger.standing.floor > after) return undefined;
      return { ...position, stamps: dependencies.map((one) => this.#ledger.stampOf(one)) };
    });
  }
}
