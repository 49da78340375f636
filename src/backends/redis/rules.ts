/** Rules as they were at one moment: matched here, where the matcher is, and known to the server by a version. */
import { type Dependency, keyPathOf } from '../../engine/dependency.ts';
import type { Mark } from '../../engine/entry.ts';
import { decodePattern, matches, type Pattern } from '../../engine/pattern.ts';
import type { Reply } from './link.ts';
import { listOf, numberOf, textOf } from './reply.ts';

interface Rule {
  readonly mark: Mark;
  readonly soft: boolean;
  readonly pattern: Pattern;
}

/** The rules of a log up to its newest one. */
export class Rules {
  readonly incarnation: string;
  readonly newest: Mark;
  readonly #rules: readonly Rule[];

  private constructor(incarnation: string, newest: Mark, rules: readonly Rule[]) {
    this.incarnation = incarnation;
    this.newest = newest;
    this.#rules = rules;
  }

  static readonly none: Rules = new Rules('', 0, []);

  /** What the server answers to whoever doesn't know its rules: incarnation and newest mark, then each rule and its mark. */
  static from(reply: Reply): Rules {
    const [incarnation, newest, ...flat] = listOf(reply);
    const rules: Rule[] = [];
    for (let i = 0; i < flat.length; i += 2) rules.push(ruleOf(textOf(flat[i]), numberOf(flat[i + 1])));
    return new Rules(textOf(incarnation), numberOf(newest), rules);
  }

  /** What the server compares its own rules with. */
  get version(): string {
    return `${this.incarnation} ${this.newest}`;
  }

  /** The mark of the newest rule after `mark` that touches a dependency, or `mark` itself. */
  stampOf(dependency: Dependency, mark: Mark): Mark {
    if (this.newest <= mark) return mark;
    const soft = dependency.startsWith('?');
    const path = keyPathOf(soft ? dependency.slice(1) : dependency);
    if (!path) return mark;
    return this.#rules.reduce(
      (newest, rule) => (rule.mark > newest && rule.soft === soft && matches(rule.pattern, path) ? rule.mark : newest),
      mark,
    );
  }

  /** The better one of two to remember: of one log the newer one, of two logs the one that was learnt last. */
  or(learnt: Rules): Rules {
    return learnt.incarnation === this.incarnation && learnt.newest < this.newest ? this : learnt;
  }
}

function ruleOf(name: Dependency, mark: Mark): Rule {
  const soft = name.startsWith('?');
  return { mark, soft, pattern: decodePattern(name.slice(soft ? 2 : 1)) };
}

/** Is this the name of a rule? */
export function isRule(dependency: Dependency): boolean {
  return dependency.startsWith('*') || dependency.startsWith('?*');
}
