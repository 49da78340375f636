/**
 * The log of a database within one transaction: the scheme of the engine's stamp table, kept in rows. Stamps are forgotten
 * by generation (when the young table is full it becomes the old one, and the old one is dropped as a whole), and the floor
 * is the largest mark that was ever forgotten. Rules are few and are kept as one row; one too many lives on as a stamp of
 * the prefix that it begins with.
 */
import { type Dependency, prefixDependency } from '../../engine/dependency.ts';
import type { Mark } from '../../engine/entry.ts';
import { decodePath } from '../../engine/key.ts';
import type { Change } from '../../engine/log.ts';
import { decodePattern, literalPrefix, matches, type Pattern } from '../../engine/pattern.ts';
import { answer, type Rows, type Transaction } from './platform.ts';
import type { Standing } from './standing.ts';

/** How much the log remembers. */
export interface LedgerLimits {
  readonly changes: number;
  /** Stamps in a generation. */
  readonly stamps: number;
  readonly rules: number;
}

/** A change as a row. */
export interface ChangeRow {
  readonly mark: Mark;
  readonly change: Change;
  readonly at: number;
}

interface Rule {
  readonly mark: Mark;
  readonly rule: Dependency;
  readonly pattern: Pattern;
  readonly soft: boolean;
}

/** Thrown within a transaction that finds rows but not where the log stands: someone else has cleared them. */
export class Lost extends Error {}

/** The log in a transaction. */
export class Ledger {
  readonly standing: Standing;
  readonly #meta: Rows;
  readonly #tables: readonly [Rows, Rows];
  readonly #rules: readonly Rule[];

  private constructor(transaction: Transaction, standing: Standing, rules: readonly Rule[]) {
    this.standing = standing;
    this.#meta = transaction.objectStore('meta');
    this.#tables = [transaction.objectStore('stamps-a'), transaction.objectStore('stamps-b')];
    this.#rules = rules;
  }

  /** In a transaction over `meta` and both tables of stamps. */
  static async open(transaction: Transaction): Promise<Ledger> {
    const meta = transaction.objectStore('meta');
    const standing = await standingIn(transaction);
    if (standing.newestRule === 0) return new Ledger(transaction, standing, []);
    const rows = ((await answer(meta.get('rules'))) ?? []) as readonly (readonly [Mark, Dependency])[];
    return new Ledger(
      transaction,
      standing,
      rows.map(([mark, rule]) => ruleOf(mark, rule)),
    );
  }

  get #young(): Rows {
    return this.#tables[this.standing.young];
  }

  get #old(): Rows {
    return this.#tables[1 - this.standing.young];
  }

  /** Append a change; in a readwrite transaction over `changes`, too. Answers with its mark. */
  async append(changes: Rows, change: Change, at: number, limits: LedgerLimits): Promise<Mark> {
    const { standing } = this;
    const mark = ++standing.head;
    changes.put({ mark, change: [...change], at } satisfies ChangeRow, mark);
    changes.delete(mark - limits.changes);
    const rules = change.filter(isRule).map((rule) => ruleOf(mark, rule));
    const names = [...new Set(change.filter((name) => !isRule(name)))];
    await this.#record(names.map((name) => [name, mark] as const));
    if (rules.length > 0) await this.#addRules(rules, limits.rules);
    if (standing.youngCount >= limits.stamps) this.#turn();
    await answer(this.#meta.put(standing, 'standing'));
    return mark;
  }

  async #record(stamps: readonly (readonly [Dependency, Mark])[]): Promise<void> {
    const { standing } = this;
    const there = await Promise.all(stamps.map(([name]) => answer(this.#young.getKey(name))));
    for (const [name, mark] of stamps) {
      this.#young.put(mark, name);
      standing.youngNewest = Math.max(standing.youngNewest, mark);
    }
    standing.youngCount += there.filter((key) => key === undefined).length;
  }

  #turn(): void {
    const { standing } = this;
    standing.floor = Math.max(standing.floor, standing.oldNewest);
    standing.oldNewest = standing.youngNewest;
    standing.young = standing.young === 0 ? 1 : 0;
    standing.youngCount = standing.youngNewest = 0;
    this.#young.clear();
  }

  async #addRules(rules: readonly Rule[], most: number): Promise<void> {
    const list = [...this.#rules, ...rules];
    this.standing.newestRule = rules[0].mark;
    const kept = list.slice(-most).map(({ mark, rule }) => [mark, rule]);
    this.#meta.put(kept, 'rules');
    for (const { mark, pattern, soft } of list.slice(0, -most)) {
      const prefix = (soft ? '?' : '') + prefixDependency(literalPrefix(pattern));
      const [known] = await this.#find([prefix]);
      if (mark > known) await this.#record([[prefix, mark]]);
    }
  }

  /** By position the mark of each last change, rules left out, or the floor if that isn't known more exactly. */
  async #find(names: readonly Dependency[]): Promise<Mark[]> {
    const look = (table: Rows) =>
      Promise.all(names.map((name) => answer(table.get(name)) as Promise<Mark | undefined>));
    const [young, old] = await Promise.all([look(this.#young), look(this.#old)]);
    return names.map((_, i) => young[i] ?? old[i] ?? this.standing.floor);
  }

  /** By position the mark of each last change, rules included, or the floor if that isn't known more exactly. */
  async stampsOf(names: readonly Dependency[]): Promise<Mark[]> {
    const marks = await this.#find(names);
    return this.#rules.length === 0
      ? marks
      : names.map((name, i) => Math.max(marks[i], this.#ruledAfter(marks[i], name)));
  }

  #ruledAfter(mark: Mark, name: Dependency): Mark {
    const soft = name.startsWith('?');
    if (name.charAt(soft ? 1 : 0) !== '=') return 0;
    const path = decodePath(name.slice(soft ? 2 : 1));
    const found = this.#rules.findLast((rule) => rule.mark > mark && rule.soft === soft && matches(rule.pattern, path));
    return found?.mark ?? 0;
  }
}

/** Where the log stands, in a transaction over `meta`. */
export async function standingIn(transaction: Transaction): Promise<Standing> {
  const standing = (await answer(transaction.objectStore('meta').get('standing'))) as Standing | undefined;
  if (!standing) throw new Lost();
  return standing;
}

function isRule(dependency: Dependency): boolean {
  return dependency.charAt(dependency.startsWith('?') ? 1 : 0) === '*';
}

function ruleOf(mark: Mark, rule: Dependency): Rule {
  const soft = rule.startsWith('?');
  return { mark, rule, soft, pattern: decodePattern(rule.slice(soft ? 2 : 1)) };
}
