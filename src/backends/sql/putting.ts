/** Storing what the log hasn't overtaken: the database looks at names, and what rules say is looked at here. */
import type { Dependency } from '../../engine/dependency.ts';
import type { Entry, Mark } from '../../engine/entry.ts';
import type { Call } from '../../engine/store.ts';
import type { Connection } from './connection.ts';
import { rowOf } from './names.ts';
import { ruledAt, ruleOf } from './rules.ts';

/** An entry that is to be stored. */
export interface Candidate {
  readonly row: string;
  readonly whole: string | null;
  readonly bytes: Uint8Array;
  readonly entry: Entry;
  /** Everything that it rests on. */
  readonly names: readonly Dependency[];
  /** Up to this mark no rule has overtaken it. */
  readonly ruled: Mark;
}

const MOST_TOGETHER = 1_000_000; // bytes in a statement, unless one entry has more
const MOST_TRIES = 4; // rules said while entries are being stored

/** Stores candidates through a connection. */
export class Putting {
  readonly #connection: Connection;
  readonly #largest: number;

  constructor(connection: Connection, largest: number) {
    this.#connection = connection;
    this.#largest = largest;
  }

  /** Store them in their order; those that were kept. */
  async put(candidates: readonly Candidate[], call: Call): Promise<ReadonlySet<Candidate>> {
    const kept = new Set<Candidate>();
    for (const group of groupsOf(candidates.filter(({ bytes }) => bytes.length <= this.#largest)))
      for (const one of await this.#putGroup(group, call)) kept.add(one);
    return kept;
  }

  async #putGroup(group: readonly Candidate[], call: Call): Promise<readonly Candidate[]> {
    const rulings = new Map(group.map((one) => [one, one.ruled]));
    const kept: Candidate[] = [];
    for (let tries = 0; tries < MOST_TRIES && rulings.size > 0; tries++) {
      const stored = await this.#store(rulings, call);
      for (const one of rulings.keys()) if (stored.has(one.row) && rulings.delete(one)) kept.push(one);
      if (rulings.size > 0) await this.#rule(rulings, call);
    }
    return kept;
  }

  /** The rows of those that could be stored. */
  async #store(rulings: ReadonlyMap<Candidate, Mark>, call: Call): Promise<ReadonlySet<unknown>> {
    const bytes = new Uint8Array([...rulings.keys()].reduce((sum, one) => sum + one.bytes.length, 0));
    let offset = 0;
    const records = [...rulings].map(([{ row, whole, bytes: own, entry, names }, ruled]) => {
      bytes.set(own, offset);
      offset += own.length;
      const keptUntil = Number.isFinite(entry.keptUntil) ? entry.keptUntil : null;
      // In the order of RECORD.
      return [row, whole, keptUntil, offset - own.length, own.length, entry.mark, ruled, names.map(rowOf)];
    });
    const [{ entry }] = rulings.keys();
    const given = [entry.incarnation, JSON.stringify(records), bytes];
    return new Set((await this.#connection.run(this.#connection.statements.put, given, call)).map(({ key }) => key));
  }

  /** Leave only those that a rule may have held up, and that it doesn't change. */
  async #rule(rulings: Map<Candidate, Mark>, call: Call): Promise<void> {
    const since = Math.min(...rulings.values());
    const rows = await this.#connection.run(this.#connection.statements.rules, [since], call);
    const rules = rows.map(ruleOf);
    const newest = Math.max(0, ...rules.map(({ mark }) => mark));
    const hard = rules.filter(({ soft }) => !soft);
    for (const [one, ruled] of rulings)
      if (newest > ruled && one.names.every((name) => ruledAt(name, hard) <= one.entry.mark)) rulings.set(one, newest);
      else rulings.delete(one);
  }
}

/** Parted so that no group has a row twice, entries of two logs, or too many bytes. */
function groupsOf(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  const groups: Candidate[][] = [];
  let rows = new Set<string>();
  let bytes = 0;
  for (const one of candidates) {
    const group = groups.at(-1);
    const fits =
      group !== undefined &&
      !rows.has(one.row) &&
      group[0].entry.incarnation === one.entry.incarnation &&
      bytes + one.bytes.length <= MOST_TOGETHER;
    if (fits) group.push(one);
    else {
      groups.push([one]);
      rows = new Set();
      bytes = 0;
    }
    rows.add(one.row);
    bytes += one.bytes.length;
  }
  return groups;
}
