/** A reading by its names: which method of which reader is called with what. Plain data that can be kept, and called again. */

/** One text for the arguments of a call; two calls that ask the same have the same. */
export type ArgumentText = string;

const LONGEST = 1000;
const DEEPEST = 16;

/**
 * The text of a call's arguments, or `undefined` if they aren't short and plain data, and so can't be kept. Left out is
 * what doesn't say what is read: an abort signal among options, and options that are empty.
 */
export function textOfArguments(given: readonly unknown[]): ArgumentText | undefined {
  const [first] = given;
  if (given.length === 1 && standsForItself(first)) return shortEnough(first);
  try {
    const texts = given.map((one) => textOf(one, 0));
    while (texts.at(-1) === undefined ? texts.length > 0 : texts.length > 1 && texts.at(-1) === '{}') texts.pop();
    if (texts.length === 1 && standsForItself(first)) return shortEnough(first);
    return shortEnough(arrayOf(texts));
  } catch {
    return undefined; // whatever it is, a call that isn't kept goes on
  }
}

/** Most calls ask for one id. An array's text begins with a bracket, so one that doesn't is told from it. */
function standsForItself(argument: unknown): argument is string {
  return typeof argument === 'string' && argument !== '' && argument[0] !== '[';
}

/** The inverse of {@link textOfArguments}. Throws a `SyntaxError` for what is none of its texts. */
export function argumentsOf(text: ArgumentText): unknown[] {
  return text[0] === '[' ? (JSON.parse(text) as unknown[]) : [text];
}

function shortEnough(text: string): string | undefined {
  return text.length <= LONGEST ? text : undefined;
}

/** JSON with sorted names, without abort signals. */
function textOf(value: unknown, depth: number): string | undefined {
  if (value === undefined) return undefined;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value !== 'object' || depth > DEEPEST) throw new TypeError('not plain data');
  if (Array.isArray(value)) return arrayOf(Array.from(value, (one) => textOf(one, depth + 1)));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError('not plain data');
  const members: string[] = [];
  for (const name of Object.keys(value).toSorted()) {
    const one: unknown = value[name as keyof typeof value];
    if (one !== undefined && !(one instanceof AbortSignal))
      members.push(`${JSON.stringify(name)}:${textOf(one, depth + 1)}`);
  }
  return `{${members.join(',')}}`;
}

function arrayOf(texts: readonly (string | undefined)[]): string {
  if (texts.includes(undefined)) throw new TypeError('not plain data');
  return `[${texts.join(',')}]`;
}
