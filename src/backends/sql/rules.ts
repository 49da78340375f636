/** Rules as rows: which keys they change is decided here, with the engine's matcher. */
import type { Dependency } from '../../engine/dependency.ts';
import type { Mark } from '../../engine/entry.ts';
import { decodePath, type Path } from '../../engine/key.ts';
import { decodePattern, matches, type Pattern } from '../../engine/pattern.ts';
import type { Row } from './query.ts';
import { textOfPlain } from './names.ts';
import { ruleIn } from './said.ts';

/** A rule and the mark at which it was said. */
export interface Rule {
  readonly mark: Mark;
  readonly soft: boolean;
  readonly pattern: Pattern;
}

/** The rule of a row. */
export function ruleOf(row: Row): Rule {
  const { soft, pattern } = ruleIn(textOfPlain(String(row.rule)))!;
  return { mark: Number(row.mark), soft, pattern: decodePattern(pattern) };
}

/** The path that rules are compared with, if a name is one of a key or its soft twin. */
export function ruledPathOf(name: Dependency): { readonly soft: boolean; readonly path: Path } | undefined {
  const soft = name.startsWith('?');
  const start = soft ? 1 : 0;
  return name.charAt(start) === '=' ? { soft, path: decodePath(name.slice(start + 1)) } : undefined;
}

/** The mark of the newest rule that changes what this name says, or 0. */
export function ruledAt(name: Dependency, rules: readonly Rule[]): Mark {
  const ruled = rules.length > 0 ? ruledPathOf(name) : undefined;
  if (!ruled) return 0;
  const marks = rules.filter(({ soft, pattern }) => soft === ruled.soft && matches(pattern, ruled.path));
  return Math.max(0, ...marks.map(({ mark }) => mark));
}
