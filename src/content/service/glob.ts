/**
 * Patterns over key texts, as a service's callers write them, as one change of the engine.
 *
 * There `*` stands for any characters, colons included, and `?` for one. Here a segment with either stands for one or more
 * whole segments: whatever a pattern matches as text is reached, and perhaps something more, since dropping too much costs
 * a load, and dropping too little an old answer. Nothing is scanned or compiled: what is matched is matched when it is
 * read, in time bounded by the pattern's length times the key's.
 */
import type { Selector } from '../../engine/invalidate.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { describe, type Path } from '../../engine/key.ts';
import { DEEPEST, OTHER, REST, segmentsOf } from './key-paths.ts';

/** Of each kind of selection, what a pattern says. */
interface Said {
  readonly keys: Path[];
  readonly prefixes: Path[];
  readonly patterns: Path[];
}

/**
 * What a pattern drops, asked of the service of a namespace. One that begins with another name may mean keys of this
 * service that leave the namespace out, or another namespace: both are dropped. One that begins with a wildcard stays within
 * the namespace.
 */
export function selectorOf(namespace: string, glob: string): Selector {
  if (typeof glob !== 'string')
    throw new TidemarkError('bad_pattern', `CacheService: a pattern must be text, not ${describe(glob)}`);
  const said: Said = { keys: [], prefixes: [], patterns: [] };
  const [first, ...rest] = glob.split(':');
  if (isWild(first)) {
    if (rest.every(isWild)) said.prefixes.push([namespace]);
    else say(said, [namespace], rest, 'anywhere');
  } else if (first === namespace && rest.length > 0) say(said, [namespace], rest);
  else {
    say(said, [namespace], [first, ...rest]);
    say(said, [namespace, OTHER], [first, ...rest]);
    if (rest.length > 0) say(said, [first], rest);
  }
  return said;
}

/** Say what lies below a path, beginning there or `anywhere` below. */
function say({ keys, prefixes, patterns }: Said, base: Path, glob: Path, where: 'there' | 'anywhere' = 'there'): void {
  const wild = where === 'anywhere' ? 0 : glob.findIndex(isWild);
  if (wild < 0) {
    keys.push([...base, ...segmentsOf(glob.join(':'))]);
    return;
  }
  const head = glob.slice(0, wild);
  const long = [...base, ...head.slice(0, DEEPEST - 1)];
  if (wild < DEEPEST && glob.slice(wild).every(isWild)) prefixes.push(long);
  else if (wild >= DEEPEST - 1) prefixes.push([...long, REST]);
  else {
    const lead = where === 'anywhere' ? ['**'] : [];
    if (glob.length <= DEEPEST) patterns.push([...base.map(literal), ...lead, ...glob.flatMap(tokensOf)]);
    patterns.push([...long.map(literal), '**', REST, '**']); // of a key of many segments the end can't be told apart
  }
}

const isWild = (segment: string): boolean => /[*?]/.test(segment);

const tokensOf = (segment: string): readonly string[] => (isWild(segment) ? ['*', '**'] : [literal(segment)]);

const literal = (segment: string): string => segment.replaceAll('\\', '\\\\').replaceAll('*', '\\*');
