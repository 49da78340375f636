/** A binary heap that finds its members again: what comes first is known at once, and anything may move or leave. */

/** Members in an order that `before` gives; of two that are equal either may be first. */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean;
  readonly #members: T[] = [];
  readonly #places = new Map<T, number>();

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#members.length;
  }

  /** The one that comes first. */
  get first(): T | undefined {
    return this.#members[0];
  }

  /** A member that isn't in yet. */
  add(member: T): void {
    this.#put(member, this.#members.length);
    this.#rise(member);
  }

  /** Its place in the order has changed. */
  moved(member: T): void {
    this.#rise(member);
    this.#sink(member);
  }

  /** Take a member out; answers whether it was in. */
  delete(member: T): boolean {
    const place = this.#places.get(member);
    if (place === undefined) return false;
    const last = this.#members.pop()!;
    this.#places.delete(member);
    if (last !== member) {
      this.#put(last, place);
      this.moved(last);
    }
    return true;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#members.values();
  }

  #put(member: T, place: number): void {
    this.#members[place] = member;
    this.#places.set(member, place);
  }

  #rise(member: T): void {
    for (let place = this.#places.get(member)!; place > 0;) {
      const above = (place - 1) >> 1;
      if (!this.#before(member, this.#members[above])) return;
      this.#put(this.#members[above], place);
      this.#put(member, (place = above));
    }
  }

  #sink(member: T): void {
    for (let place = this.#places.get(member)!; ;) {
      const [left, right] = [2 * place + 1, 2 * place + 2];
      const { length } = this.#members;
      const below = right < length && this.#before(this.#members[right], this.#members[left]) ? right : left;
      if (below >= length || !this.#before(this.#members[below], member)) return;
      this.#put(this.#members[below], place);
      this.#put(member, (place = below));
    }
  }
}
