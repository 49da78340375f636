/** A value as text for people: of any size and shape, it costs no more than the text that is shown. */

/** What is shown of a value. */
export interface Preview {
  readonly text: string;
  /** There is more of it. */
  readonly cut: boolean;
}

const DEEPEST = 20;

/** The beginning of a value, up to so many characters. */
export function preview(value: unknown, most = 16_384): Preview {
  const page = new Sheet(most);
  write(page, value, 0);
  return { text: page.text, cut: page.full };
}

class Sheet {
  text = '';
  full = false;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  add(text: string): void {
    const room = this.#most - this.text.length;
    this.text += text.slice(0, room);
    this.full ||= text.length > room;
  }

  get room(): number {
    return this.#most - this.text.length;
  }
}

function write(page: Sheet, value: unknown, depth: number): void {
  if (typeof value === 'string') return page.add(quoted(value, page.room));
  if (typeof value === 'bigint') return page.add(`${value}n`);
  if (Object.is(value, -0)) return page.add('-0');
  if (typeof value !== 'object' || value === null) return page.add(String(value));
  if (value instanceof Date)
    return page.add(`Date(${Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString()})`);
  if (value instanceof ArrayBuffer) return page.add(`ArrayBuffer(${value.byteLength})`);
  if (depth >= DEEPEST) return page.add('…');
  if (value instanceof Map) return block(page, `Map(${value.size}) {`, '}', pairs(value, ' => '), depth);
  if (value instanceof Set) return block(page, `Set(${value.size}) {`, '}', items(value), depth);
  if (ArrayBuffer.isView(value)) {
    const name = value.constructor.name;
    if (value instanceof DataView) return page.add(`${name}(${value.byteLength})`);
    return page.add(`${name}(${value.byteLength} bytes)`);
  }
  if (Array.isArray(value)) return block(page, '[', ']', items(value), depth);
  block(page, '{', '}', pairs(fields(value), ': '), depth);
}

/** A text as JSON has it, of which no more is made than there is room for. */
function quoted(text: string, room: number): string {
  const json = JSON.stringify(text.slice(0, room + 1));
  return text.length > room + 1 ? json.slice(0, -1) : json;
}

type Member = readonly [label: unknown, between: string, value: unknown];

function* items(values: Iterable<unknown>): Iterable<Member> {
  for (const value of values) yield [undefined, '', value];
}

function* pairs(entries: Iterable<readonly [unknown, unknown]>, between: string): Iterable<Member> {
  for (const [label, value] of entries) yield [label, between, value];
}

function* fields(value: object): Iterable<readonly [string, unknown]> {
  for (const name in value) if (Object.hasOwn(value, name)) yield [name, (value as Record<string, unknown>)[name]];
}

function block(page: Sheet, open: string, close: string, members: Iterable<Member>, depth: number): void {
  const indent = '\n' + '  '.repeat(depth + 1);
  page.add(open);
  let first = true;
  for (const [label, between, value] of members) {
    page.add((first ? '' : ',') + indent);
    first = false;
    if (between !== '') {
      write(page, label, depth + 1);
      page.add(between);
    }
    write(page, value, depth + 1);
    if (page.full) return;
  }
  page.add(first ? close : '\n' + '  '.repeat(depth) + close);
}
