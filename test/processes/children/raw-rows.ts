/** Rows written and read through the backend itself, without a cache. */
import { type Call, type Entry, implicitDependencies, type Mark, storageKey } from 'tidemark';
import type { LmdbBackend } from 'tidemark/backends/lmdb';
import { type Content, contentOf, isWhole } from './content.ts';

/** Rows of one writer; a later number takes the place of one that is this much smaller. */
export const SLOTS = 20_000;

const CALL: Call = { signal: new AbortController().signal };
const HOUR = 3_600_000;

const pathOf = (writer: string, number: number): string[] => ['rows', writer, String(number % SLOTS)];

/** The key of a writer's row. */
const keyOf = (writer: string, number: number): string => storageKey(pathOf(writer, number), 1);

/** What a commit of a writer's row says has changed. */
export const changeOf = (writer: string, number: number): string =>
  implicitDependencies(pathOf(writer, number)).at(-1)!;

/** The rows of all writers in one backend. */
export class RawRows {
  readonly #backend: LmdbBackend;

  constructor(backend: LmdbBackend) {
    this.#backend = backend;
  }

  async #entry(writer: string, number: number): Promise<Entry<Content>> {
    const { head, incarnation } = await this.#backend.log.position(CALL);
    const keptUntil = number % 3 === 0 ? Date.now() + HOUR : Infinity;
    const value = contentOf(writer, number);
    return { value, mark: head, incarnation, dependencies: [], freshUntil: keptUntil, keptUntil };
  }

  /** Store rows as one batch. Rejects if one of them was refused. */
  async put(writer: string, numbers: readonly number[]): Promise<void> {
    const entries = await Promise.all(numbers.map((number) => this.#entry(writer, number)));
    const records = entries.map((entry, i) => ({ key: keyOf(writer, numbers[i]), entry }));
    const kept = await this.#backend.setMany(records, CALL);
    if (!kept.every(Boolean)) throw new Error(`${writer}: the backend refused one of the rows ${numbers.join(', ')}`);
  }

  /** Store a row together with the change that it is. */
  async commit(writer: string, number: number): Promise<Mark> {
    const record = { key: keyOf(writer, number), entry: await this.#entry(writer, number) };
    const { head } = await this.#backend.commit([changeOf(writer, number)], [record], CALL);
    return head;
  }

  /** The number that stands at the place of a row, `undefined` if there is none, `'wrong'` if it isn't what was written. */
  async find(writer: string, number: number): Promise<number | 'wrong' | undefined> {
    const [entry] = await this.#backend.getMany([keyOf(writer, number)], CALL);
    if (!entry) return undefined;
    const { value } = entry;
    return isWhole(value) && value.writer === writer && value.number % SLOTS === number % SLOTS
      ? value.number
      : 'wrong';
  }

  /** The changes after a mark, up to the head: mark and what has changed. */
  async changesAfter(mark: Mark): Promise<Map<Mark, readonly string[]>> {
    const changes = new Map<Mark, readonly string[]>();
    for (let last = mark, head = Infinity; last < head;) {
      const page = await this.#backend.log.read(last, CALL);
      if (page.complete > last) throw new Error(`the log has forgotten what changed after ${last}`);
      for (const one of page.changes) changes.set((last = one.mark), one.change);
      head = page.head;
    }
    return changes;
  }
}
