/**
 * The stamps of a log in rows: the scheme of the engine's stamp table, kept on disk. Stamps are forgotten by generation (when
 * the young one is full it becomes the old one, and the old one is dropped as a whole), and the floor is the largest mark
 * that was ever forgotten. Rules are few and are kept as one row; one too many lives on as a stamp of the prefix that it
 * begins with.
 */
import { type Dependency, prefixDependency } from '../../engine/dependency.ts';
import type { Mark } from '../../engine/entry.ts';
import { decodePath } from '../../engine/key.ts';
import { decodePattern, literalPrefix, matches, type Pattern } from '../../engine/pattern.ts';
import type { StampLimits } from '../../engine/stamp-table.ts';
import type { Environment, Participant, Rows } from './environment.ts';
import { rowOfName } from './keys.ts';

/** Where a log stands and what its stamps reach back to. */
interface Standing {
  head: Mark;
  /** The oldest change that is still listed. */
  oldest: Mark;
  floor: Mark;
  youngNewest: Mark;
  oldNewest: Mark;
  /** Which of the two tables is the young one. */
  young: number;
  youngCount: number;
  newestRule: Mark;
}

const NUMBERS = 8;

interface Rule {
  readonly mark: Mark;
  readonly rule: Dependency;
  readonly pattern: Pattern;
  readonly soft: boolean;
}

/** One log's standing and stamps. Its changes to them take part in whatever transaction is under way. */
export class Ledger implements Participant {
  readonly #environment: Environment;
  readonly #name: string;
  #meta!: Rows;
  #tables!: readonly [Rows, Rows];
  readonly #limits: StampLimits;
  readonly #bytes = Buffer.alloc(8 * NUMBERS);
  readonly #stamp = Buffer.alloc(8);
  #standing: Standing | undefined; // within a transaction
  #within = false;
  #changed = false;
  #rules: { readonly row: Buffer; readonly list: readonly Rule[] } = { row: Buffer.alloc(0), list: [] };

  constructor(environment: Environment, name: string, limits: StampLimits) {
    this.#environment = environment;
    this.#name = name;
    this.#limits = limits;
    environment.join(this);
  }

  bind(): void {
    const { meta } = this.#environment;
    this.#meta = meta;
    this.#tables = [this.#environment.rows(`${this.#name}-stamps-a`), this.#environment.rows(`${this.#name}-stamps-b`)];
  }

  begin(): void {
    this.forget();
    this.#within = true;
  }

  finish(): void {
    if (this.#changed) this.#save(this.#standing!);
    this.forget();
  }

  forget(): void {
    this.#standing = undefined;
    this.#within = this.#changed = false;
  }

  /** Where the log stands, in the snapshot that is being read. */
  get standing(): Readonly<Standing> {
    return this.#now();
  }

  #now(): Standing {
    if (!this.#within) return this.#load();
    return (this.#standing ??= this.#load());
  }

  #load(): Standing {
    const row = this.#meta.getBinaryFast(this.#name);
    const at = (i: number) => (row ? row.readDoubleLE(8 * i) : i === 1 ? 1 : 0);
    return {
      head: at(0),
      oldest: at(1),
      floor: at(2),
      youngNewest: at(3),
      oldNewest: at(4),
      young: at(5),
      youngCount: at(6),
      newestRule: at(7),
    };
  }

  #save(s: Standing): void {
    [s.head, s.oldest, s.floor, s.youngNewest, s.oldNewest, s.young, s.youngCount, s.newestRule].forEach((n, i) =>
      this.#bytes.writeDoubleLE(n, 8 * i),
    );
    this.#meta.putSync(this.#name, this.#bytes);
  }

  #change(): Standing {
    this.#changed = true;
    return this.#now();
  }

  /** Move the head. Only within a transaction, as all that changes. */
  advance(head: Mark): void {
    this.#change().head = head;
  }

  /** Say which change is the oldest that is listed. */
  keepFrom(oldest: Mark): void {
    this.#change().oldest = oldest;
  }

  /** Forget everything: of what changed up to `mark` nothing is known. */
  beginAt(mark: Mark): void {
    for (const table of this.#tables) table.clearSync();
    this.#meta.removeSync(`${this.#name}-rules`);
    this.#standing = {
      head: mark,
      oldest: mark + 1,
      floor: mark,
      youngNewest: 0,
      oldNewest: 0,
      young: 0,
      youngCount: 0,
      newestRule: 0,
    };
    this.#changed = true;
  }

  /** A dependency changed at a mark. */
  record(dependency: Dependency, mark: Mark): void {
    const soft = dependency.startsWith('?');
    if (dependency.charAt(soft ? 1 : 0) === '*') return this.#addRule(dependency, mark);
    const row = rowOfName(dependency);
    const known = this.#find(row, this.#now()) ?? this.#now().floor;
    if (mark <= known) return;
    const standing = this.#change();
    const young = this.#tables[standing.young];
    if (!young.doesExist(row)) standing.youngCount++;
    this.#stamp.writeDoubleLE(mark);
    young.putSync(row, this.#stamp);
    standing.youngNewest = Math.max(standing.youngNewest, mark);
    if (standing.youngCount >= this.#limits.stamps) this.#turn(standing);
  }

  #turn(standing: Standing): void {
    standing.floor = Math.max(standing.floor, standing.oldNewest);
    standing.oldNewest = standing.youngNewest;
    standing.young = 1 - standing.young;
    standing.youngCount = standing.youngNewest = 0;
    this.#tables[standing.young].clearSync();
  }

  #addRule(rule: Dependency, mark: Mark): void {
    const list = [...this.#rulesOf(this.#now()), ruleOf(mark, rule)].toSorted((a, b) => a.mark - b.mark);
    const standing = this.#change();
    standing.newestRule = Math.max(standing.newestRule, mark);
    const kept = list.slice(-this.#limits.rules);
    this.#meta.putSync(`${this.#name}-rules`, Buffer.from(JSON.stringify(kept.map((r) => [r.mark, r.rule]))));
    for (const { mark: since, pattern, soft } of list.slice(0, -this.#limits.rules))
      this.record((soft ? '?' : '') + prefixDependency(literalPrefix(pattern)), since);
  }

  /** The rules, taken apart anew only where their row isn't what it was. */
  #rulesOf({ newestRule }: Standing): readonly Rule[] {
    if (newestRule === 0) return [];
    const row = this.#meta.getBinary(`${this.#name}-rules`);
    if (!row) return [];
    if (!this.#rules.row.equals(row)) {
      const list = (JSON.parse(row.toString()) as [Mark, Dependency][]).map(([mark, rule]) => ruleOf(mark, rule));
      this.#rules = { row, list };
    }
    return this.#rules.list;
  }

  #find(row: string, { young }: Readonly<Standing>): Mark | undefined {
    return markOf(this.#tables[young].getBinaryFast(row)) ?? markOf(this.#tables[1 - young].getBinaryFast(row));
  }

  /** The mark of a dependency's last change, rules included, or the floor if that isn't known more exactly. */
  stampOf(dependency: Dependency, standing: Readonly<Standing> = this.#now()): Mark {
    const mark = this.#find(rowOfName(dependency), standing) ?? standing.floor;
    if (standing.newestRule <= mark) return mark;
    const soft = dependency.startsWith('?');
    if (dependency.charAt(soft ? 1 : 0) !== '=') return mark;
    const path = decodePath(dependency.slice(soft ? 2 : 1));
    const rules = this.#rulesOf(standing);
    for (let i = rules.length - 1; i >= 0 && rules[i].mark > mark; i--)
      if (rules[i].soft === soft && matches(rules[i].pattern, path)) return rules[i].mark;
    return mark;
  }
}

function ruleOf(mark: Mark, rule: Dependency): Rule {
  const soft = rule.startsWith('?');
  return { mark, rule, soft, pattern: decodePattern(rule.slice(soft ? 2 : 1)) };
}

function markOf(row: Buffer | undefined): Mark | undefined {
  return row?.readDoubleLE(0);
}
