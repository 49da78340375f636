/** A change log that remembers nothing but where it stands: of all that changed it says only that it may have. */
import type { Dependency } from '../engine/dependency.ts';
import type { Mark } from '../engine/entry.ts';
import type { Change, ChangeLog, Page, Position } from '../engine/log.ts';

/** For tests of what happens when the log has always forgotten: every gap is a real one, every stamp is the floor. */
export function nullLog(): ChangeLog {
  return new Forgetful();
}

let made = 0;

class Forgetful implements ChangeLog {
  readonly sync = true;
  readonly #incarnation = `null log ${++made}`;
  readonly #watchers = new Set<() => void>();
  #head: Mark = 0;

  append(_change: Change): Position {
    this.#head++;
    for (const wake of this.#watchers) wake();
    return this.position();
  }

  position(): Position {
    return { incarnation: this.#incarnation, head: this.#head };
  }

  read(): Page {
    return { ...this.position(), complete: this.#head, changes: [] };
  }

  stamps(dependencies: readonly Dependency[]): Position & { readonly stamps: readonly Mark[] } {
    return { ...this.position(), stamps: dependencies.map(() => this.#head) };
  }

  watch(wake: () => void): () => void {
    this.#watchers.add(wake);
    return () => this.#watchers.delete(wake);
  }
}
