/** A value in a JSON file with the line that it stands on, so that what is wrong with it can be said exactly. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { unreadable } from '../file-digest.ts';
import { suggestion } from './nearest.ts';

/** How the text of a file is read: `json` for package.json, which other tools read strictly, `jsonc` with comments. */
type Syntax = 'json' | 'jsonc';

/** One reader for each option. */
export type Readers<T> = { readonly [K in keyof T]-?: (value: Located) => Exclude<T[K], undefined> };

interface Source {
  readonly file: string;
  readonly text: string;
}

/** A value and where it stands. Its methods throw `bad_option` with file, line and name for what isn't as it must be. */
export class Located {
  /** `tasks.build.inputs`, or the empty text for the whole file. */
  readonly name: string;
  /** The last part of the name: its own in the object that it is in. */
  readonly key: string;
  readonly #source: Source;
  readonly #node: Node;
  readonly #names: readonly string[];

  constructor(source: Source, node: Node, names: readonly string[]) {
    this.name = names.join('.');
    this.key = names.at(-1) ?? '';
    this.#names = names;
    this.#source = source;
    this.#node = node;
  }

  /** The value, as JSON has it; its objects have no prototype. */
  get value(): unknown {
    return getNodeValue(this.#node) as unknown;
  }

  /** `/repository/tidemark.build.json:12` */
  get where(): string {
    return `${this.#source.file}:${lineAt(this.#source.text, this.#node.offset)}`;
  }

  /** The directory of the file. */
  get directory(): string {
    return dirname(this.#source.file);
  }

  error(message: string): TidemarkError {
    return new TidemarkError('bad_option', `${this.where}: ${message}`);
  }

  /** The members of an object, in their order. */
  members(): ReadonlyMap<string, Located> {
    if (this.#node.type !== 'object') throw this.#bad('an object');
    const members = new Map<string, Located>();
    for (const { children = [] } of this.#node.children ?? []) {
      const [key, value] = children;
      const member = this.#inner(value, String(key.value));
      if (members.has(String(key.value))) throw member.error(`${member.name} is said twice`);
      members.set(String(key.value), member);
    }
    return members;
  }

  /** The elements of a list. */
  items(): readonly Located[] {
    if (this.#node.type !== 'array') throw this.#bad('a list');
    return (this.#node.children ?? []).map((item, i) => this.#inner(item, String(i)));
  }

  /** A text that isn't empty. */
  text(): string {
    const { value } = this;
    if (typeof value !== 'string' || value === '') throw this.#bad('non-empty text');
    return value;
  }

  texts(): readonly string[] {
    return this.items().map((item) => item.text());
  }

  flag(): boolean {
    const { value } = this;
    if (typeof value !== 'boolean') throw this.#bad('true or false');
    return value;
  }

  oneOf<T extends string>(words: readonly T[]): T {
    const found = words.find((word) => word === this.value);
    if (found === undefined) throw this.#bad(`one of ${words.map((word) => `"${word}"`).join(', ')}`);
    return found;
  }

  /** What the readers make of an object's members. A member without a reader is an error that names the nearest option. */
  options<T>(readers: Readers<T>): Partial<T> {
    const read = [...this.members()].map(([name, member]) => {
      if (!Object.hasOwn(readers, name)) throw member.unknown(Object.keys(readers));
      return [name, readers[name as keyof T](member)];
    });
    return Object.fromEntries(read) as Partial<T>;
  }

  /** The error that there is no option of this name. */
  unknown(known: readonly string[]): TidemarkError {
    const owner = this.#names.slice(0, -1).join('.');
    return this.error(`${owner || 'the file'} has no option ${describe(this.key)}; ${suggestion(this.key, known)}`);
  }

  #inner(node: Node, name: string): Located {
    return new Located(this.#source, node, [...this.#names, name]);
  }

  #bad(wanted: string): TidemarkError {
    return this.error(`${this.name === '' ? 'the file' : this.name} must be ${wanted}, not ${describe(this.value)}`);
  }
}

/** What a JSON file says; `undefined` if there is none. Throws `bad_option` with the line of a mistake, `store_failed` if it can't be read. */
function readLocated(file: string, syntax: Syntax): Located | undefined {
  if (!existsSync(file)) return undefined;
  const text = readText(file);
  const errors: ParseError[] = [];
  const lenient = syntax === 'jsonc';
  const tree = parseTree(text, errors, { allowTrailingComma: lenient, disallowComments: !lenient });
  const [error] = errors;
  if (error === undefined && tree !== undefined) return new Located({ file, text }, tree, []);
  const what =
    error === undefined
      ? 'nothing in it'
      : printParseErrorCode(error.error)
          .replaceAll(/\B[A-Z]/g, ' $&')
          .toLowerCase();
  throw new TidemarkError('bad_option', `${file}:${lineAt(text, error?.offset ?? 0)}: this isn't JSON: ${what}`);
}

/** Reads a file. */
export type ReadFile = typeof readLocated;

/** For one look at a workspace: each file is read once, although several ask for it. */
export function readingOnce(): ReadFile {
  const known = new Map<string, Located | undefined>();
  return (file, syntax) => {
    if (!known.has(file)) known.set(file, readLocated(file, syntax));
    return known.get(file);
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw unreadable(file, error);
  }
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
