/** A line of a table with many columns. */

const NAME = 42;
const CELL = 11;

/** A name, and cells to the right of it, as plain text. */
export function line(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(NAME)}${cells.map((cell) => cell.padStart(CELL)).join('')}`;
}
