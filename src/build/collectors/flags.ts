/** The flags of a command line, as most tools of this world read them. */

/** What is peculiar to a tool's flags: names, separated by spaces, in camel case: `--out-dir` and `--outDir` are one. */
export interface FlagSpec {
  /** Flags whose next word is their value; of `a` those of `a.b`, too. */
  readonly valued?: string;
  /** Flags whose next word is their value unless it begins with `-`. */
  readonly optional?: string;
  /** Long names by letter, as in `c=config`. `h` is `help` and `v` and `V` are `version` unless another meaning is given. */
  readonly letters?: string;
  /** The first word that is neither a flag nor a value begins another command. */
  readonly stop?: 'first word';
}

/** The flags of one command line. */
export class Flags {
  /** Words that are neither flags nor their values. */
  readonly rest: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>, rest: readonly string[]) {
    this.#values = values;
    this.rest = rest;
  }

  /** Every flag that was given. */
  get names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** Whether the flag was given, and not as `--no-flag` or `--flag=false`. */
  has(name: string): boolean {
    const values = this.#values.get(name);
    return values !== undefined && values.at(-1) !== 'false';
  }

  /** Every value that the flag was given, in order. */
  values(name: string): readonly string[] {
    return (this.#values.get(name) ?? []).filter((value) => value !== '' && value !== 'true' && value !== 'false');
  }

  /** The last value that the flag was given: it is the one that counts. */
  value(name: string): string | undefined {
    return this.values(name).at(-1);
  }
}

/** Reads `--flag value`, `--flag=value`, `--no-flag`, `-f value`, `-fvalue` and joined letters; after `--` nothing is a flag. */
export function flagsOf(words: readonly string[], spec: FlagSpec): Flags {
  const [valued, optional] = [spec.valued, spec.optional].map((names = '') => new Set(names.split(/\s+/)));
  const long = new Map(
    `h=help v=version V=version ${spec.letters ?? ''}`.split(' ').map((pair) => pair.split('=')) as [string, string][],
  );
  const values = new Map<string, string[]>();
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === '--') return new Flags(values, [...rest, ...words.slice(at + 1)]);
    if (!/^-./.test(word)) {
      if (spec.stop !== undefined) return new Flags(values, words.slice(at));
      rest.push(word);
      continue;
    }
    for (const [name, given] of word.startsWith('--') ? [longFlag(word)] : shortFlags(word, long, valued)) {
      const next = words[at + 1];
      const takes = isIn(valued, name) || (optional.has(name) && !next?.startsWith('-'));
      const value = given ?? (takes && next !== undefined ? words[++at] : 'true');
      values.set(name, [...(values.get(name) ?? []), value]);
    }
  }
  return new Flags(values, rest);
}

function isIn(valued: ReadonlySet<string>, name: string): boolean {
  return valued.has(name) || valued.has(name.split('.')[0]);
}

type Parsed = readonly [name: string, value: string | undefined];

function longFlag(word: string): Parsed {
  const [, name, value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  return name.startsWith('no-') ? [camelCase(name.slice(3)), 'false'] : [camelCase(name), value];
}

function shortFlags(word: string, long: ReadonlyMap<string, string>, valued: ReadonlySet<string>): readonly Parsed[] {
  const parsed: Parsed[] = [];
  for (let at = 1; at < word.length; at++) {
    const name = long.get(word[at]) ?? word[at];
    const following = word.slice(at + 1);
    if (following.startsWith('=') || (following !== '' && valued.has(name)))
      return [...parsed, [name, following.replace(/^=/, '')]];
    parsed.push([name, undefined]);
  }
  return parsed;
}

function camelCase(name: string): string {
  return name.replace(/-+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
