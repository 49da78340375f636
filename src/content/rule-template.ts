/** A key, prefix, pattern or tag with placeholders, and how they are filled so that no value is more than a literal part. */
import { TidemarkError } from '../engine/errors.ts';
import { describe, type Segment, segmentOf } from '../engine/key.ts';
import { parsePattern } from '../engine/pattern.ts';

/** What a template is of. */
export type TemplateKind = 'key' | 'prefix' | 'pattern' | 'tag';

/** The values of a placeholder; `undefined` if nobody knows them. */
export type Lookup = (name: string) => readonly string[] | undefined;

/** A filled template. The segments of a pattern are written as the engine reads them. */
export type Part =
  | { readonly kind: 'key' | 'prefix' | 'pattern'; readonly path: readonly string[] }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'all' };

/** A template that has been read. */
export interface Template {
  /** The names that its placeholders ask for. */
  readonly asks: readonly string[];
  /**
   * Fill it, once for each value. Where the values aren't known, or are too many for patterns, which cost more than names,
   * more falls instead: any segment in a pattern, all that is below the part before it otherwise.
   */
  fill(values: Lookup): readonly Part[];
}

/** Text, and in it the names of placeholders. */
type Line = readonly (string | { readonly asks: string })[];

const MOST_PATTERNS = 20;
const NAME = /^[A-Za-z][\w.-]*$/;

/** Read a template. Throws `bad_option` naming the place. */
export function parseTemplate(place: string, kind: TemplateKind, given: string | readonly Segment[]): Template {
  const whole = typeof given === 'string' ? given : undefined;
  if (whole === '' || (whole === undefined && (kind === 'tag' || !Array.isArray(given) || given.length === 0)))
    throw bad(place, `non-empty text${kind === 'tag' ? '' : ' or an array of segments'}`, given);
  const lines =
    whole === undefined
      ? (given as readonly Segment[]).flatMap((segment) => linesOf(place, kind, segmentAt(place, segment)))
      : linesOf(place, kind, whole, kind === 'tag' ? undefined : ':');
  if (kind === 'pattern') checkPattern(place, lines);
  return new LineTemplate(kind, lines);
}

function segmentAt(place: string, segment: Segment): string {
  try {
    return segmentOf(segment);
  } catch (error) {
    throw bad(place, 'made of texts and numbers', segment, error);
  }
}

function bad(place: string, wanted: string, value: unknown, cause?: unknown): TidemarkError {
  return new TidemarkError('bad_option', `${place} must be ${wanted}, not ${describe(value)}`, cause);
}

/** Read text, parted where `separator` stands: literal text, and names in braces. */
function linesOf(place: string, kind: TemplateKind, text: string, separator?: string): Line[] {
  const lines: (string | { readonly asks: string })[][] = [[]];
  const add = (literal: string) => {
    const line = lines[lines.length - 1];
    const last = line.at(-1);
    if (typeof last === 'string') line[line.length - 1] = last + literal;
    else line.push(literal);
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\' && i + 1 < text.length) add(literally(kind, text[++i]));
    else if (char === '\\') add(literally(kind, char));
    else if (char === separator) lines.push([]);
    else if (char === '{') {
      const end = text.indexOf('}', i);
      const asks = text.slice(i + 1, end < 0 ? text.length : end);
      if (end < 0 || !NAME.test(asks))
        throw bad(place, "text in which '{name}' is a placeholder and '\\{' a brace", text);
      lines[lines.length - 1].push({ asks });
      i = end;
    } else if (char === '?' && kind === 'pattern')
      throw bad(place, "a pattern without '?', which stands for nothing there ('\\?' is a question mark)", text);
    else add(char);
  }
  return lines;
}

/** A character as it stands for itself: in patterns a star and a backslash have to say so. */
function literally(kind: TemplateKind, text: string): string {
  return kind === 'pattern' ? text.replace(/[\\*]/g, '\\$&') : text;
}

function checkPattern(place: string, lines: readonly Line[]): void {
  try {
    parsePattern(lines.map((line) => textOf(line, () => 'x')));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TidemarkError('bad_option', `${place} can't be a pattern: ${why}`, error);
  }
}

function textOf(line: Line, value: (name: string) => string): string {
  return line.map((piece) => (typeof piece === 'string' ? piece : value(piece.asks))).join('');
}

class LineTemplate implements Template {
  readonly asks: readonly string[];
  readonly #kind: TemplateKind;
  readonly #lines: readonly Line[];
  readonly #always: readonly Part[] | undefined;

  constructor(kind: TemplateKind, lines: readonly Line[]) {
    this.#kind = kind;
    this.#lines = lines;
    this.asks = [...new Set(lines.flat().flatMap((piece) => (typeof piece === 'string' ? [] : [piece.asks])))];
    this.#always = this.asks.length === 0 ? [this.#part(new Map())] : undefined;
  }

  fill(values: Lookup): readonly Part[] {
    if (this.#always) return this.#always;
    let rows: ReadonlyMap<string, string>[] = [new Map()];
    for (const name of this.asks) {
      const known = values(name);
      if (known === undefined || (this.#kind === 'pattern' && known.length > MOST_PATTERNS)) continue;
      rows = rows.flatMap((row) => known.map((value) => new Map(row).set(name, value)));
    }
    return rows.map((row) => this.#part(row));
  }

  #part(row: ReadonlyMap<string, string>): Part {
    const kind = this.#kind;
    const known = (line: Line) => line.every((piece) => typeof piece === 'string' || row.has(piece.asks));
    const text = (line: Line) => textOf(line, (name) => literally(kind, row.get(name)!));
    if (kind === 'pattern') return { kind, path: this.#lines.map((line) => (known(line) ? text(line) : '*')) };
    const end = this.#lines.findIndex((line) => !known(line));
    if (end === 0) return { kind: 'all' };
    if (kind === 'tag') return { kind, tag: text(this.#lines[0]) };
    if (end > 0) return { kind: 'prefix', path: this.#lines.slice(0, end).map(text) };
    return { kind, path: this.#lines.map(text) };
  }
}
