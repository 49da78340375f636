/** Where processes are: the directory from which each of them names relative paths, which children have from their parents. */
import type { Call } from './calls.ts';

interface Place {
  cwd: string | undefined;
}

/** Follows forks. Threads share a place; other children get one of their own, which begins as their parent's. */
export class Processes {
  readonly #places: Map<number, Place> = new Map();
  /** Calls that make a child and haven't answered: the child's own lines may come before the answer. */
  readonly #forking: Map<number, string> = new Map();
  readonly #first: string;

  constructor(cwd: string) {
    this.#first = cwd;
  }

  /** Whether processes are there that haven't ended. */
  get areLeft(): boolean {
    return this.#places.size > 0;
  }

  /** Where a process is; `undefined` where that can't be told. */
  cwd(pid: number): string | undefined {
    return this.#place(pid).cwd;
  }

  moved(pid: number, cwd: string | undefined): void {
    this.#place(pid).cwd = cwd;
  }

  begun(pid: number, text: string): void {
    this.#place(pid);
    if (/^(?:v?fork|clone3?)\(/.test(text)) this.#forking.set(pid, text);
  }

  forked({ pid, result, args }: Call): void {
    this.#forking.delete(pid);
    if (typeof result !== 'number' || result <= 0) return;
    const known = this.#places.get(result);
    if (known === undefined || known.cwd === undefined)
      this.#places.set(result, child(this.#place(pid), args.join(',')));
  }

  ended(pid: number): void {
    this.#places.delete(pid);
    this.#forking.delete(pid);
  }

  #place(pid: number): Place {
    let place = this.#places.get(pid);
    if (place === undefined) this.#places.set(pid, (place = this.#orphan()));
    return place;
  }

  /** The place of a child whose parent hasn't been told yet: that of the one that is making a child, if there is but one. */
  #orphan(): Place {
    if (this.#places.size === 0) return { cwd: this.#first };
    const parents = [...this.#forking].map(([pid, text]) => ({ place: this.#place(pid), text }));
    const [parent] = parents;
    if (parents.length === 1) return child(parent.place, parent.text);
    const cwds = new Set(parents.map(({ place }) => place.cwd));
    // Whether it is a thread of one of them can't be told: if that one moves, it may be elsewhere, too.
    const areAlike = cwds.size === 1 && !parents.some(({ text }) => text.includes('CLONE_FS'));
    return { cwd: areAlike ? parent.place.cwd : undefined };
  }
}

function child(parent: Place, flags: string): Place {
  return flags.includes('CLONE_FS') ? parent : { cwd: parent.cwd };
}
