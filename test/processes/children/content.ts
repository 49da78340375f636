/** What rows hold: it follows from a writer's name and a number, so that any process can tell right from wrong. */

/** The value of a row. */
export interface Content {
  readonly writer: string;
  readonly number: number;
  readonly text: string;
}

const LARGE_EVERY = 40;

/** The content of a writer's row; one in forty takes pages of its own in a file. */
export function contentOf(writer: string, number: number): Content {
  const length = number % LARGE_EVERY === 7 ? 9000 : 20 + ((number * 7919) % 300);
  const unit = `${writer}:${number};`;
  return { writer, number, text: unit.repeat(Math.ceil(length / unit.length)).slice(0, length) };
}

/** Whether a value is a whole content, whoever wrote it. */
export function isWhole(value: unknown): value is Content {
  const { writer, number, text } = (value ?? {}) as Partial<Content>;
  return typeof writer === 'string' && typeof number === 'number' && contentOf(writer, number).text === text;
}
