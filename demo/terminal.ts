/** What the demo writes: headings, sentences, ticks, tables and one live line; plain lines where there is no terminal. */
import { stripVTControlCharacters, styleText } from 'node:util';

/** Where it is written to: `process.stdout`, or whatever a test looks at. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  hasColors?(): boolean;
}

type Style = Parameters<typeof styleText>[0];

const REFRESH = 80; // milliseconds
const WIDEST = 110;
const MARGIN = '  ';

/** A screen, and how to write on it. */
export class Terminal {
  readonly #screen: Screen;
  readonly #coloured: boolean;
  #drawnAt = -Infinity;
  #quarter = 0;
  #live = false;

  constructor(screen: Screen, env: NodeJS.ProcessEnv) {
    this.#screen = screen;
    this.#coloured = screen.isTTY === true && env['NO_COLOR'] === undefined && screen.hasColors?.() === true;
  }

  /** How many characters a line may have. */
  get width(): number {
    return Math.max(40, Math.min(this.#screen.columns || 80, WIDEST) - MARGIN.length);
  }

  /** Text in a style, where there are colours. */
  paint(style: Style, text: string): string {
    return this.#coloured ? styleText(style, text, { validateStream: false }) : text;
  }

  line(text = ''): void {
    this.#clear();
    this.#screen.write(text === '' ? '\n' : `${MARGIN}${text}\n`);
  }

  /** Begin a part. */
  heading(text: string): void {
    this.line();
    this.line(this.paint(['bold', 'cyan'], text));
  }

  /** Some sentences, broken between words. */
  say(text: string, style: Style = 'dim'): void {
    for (const line of wrapped(text, this.width)) this.line(this.paint(style, line));
  }

  /** Something that was checked, or done. */
  tick(text: string): void {
    this.line(`${this.paint('green', '✔')} ${text}`);
  }

  /** Something that was checked and isn't so. */
  cross(text: string): void {
    this.line(this.paint('red', `✘ ${text}`));
  }

  /** Something that takes a while: overwritten by the next line on a terminal. */
  working(text: string): void {
    if (this.#screen.isTTY) this.#draw(this.cut(`… ${text}`, this.width));
    else this.line(`… ${text}`);
  }

  /** How far something is, as a share from 0 to 1: one line that is drawn anew, or one line for each quarter. */
  progress(share: number, text: () => string): void {
    const now = performance.now();
    if (this.#screen.isTTY) {
      if (now - this.#drawnAt < REFRESH && share < 1) return;
      this.#drawnAt = now;
      this.#draw(`${this.#bar(share)}${text()}`);
      return;
    }
    const quarter = Math.floor(share * 4);
    if (quarter > this.#quarter) this.line(text());
    this.#quarter = quarter;
  }

  /** Rows beneath a head; all columns but the first stand to the right. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const all = [head, ...rows];
    const widths = head.map((_, column) => Math.max(...all.map((row) => length(row[column]))));
    all.forEach((row, index) => {
      const cells = row.map((cell, column) => {
        const room = ' '.repeat(widths[column] - length(cell));
        return column === 0 ? cell + room : room + cell;
      });
      const text = cells.join('   ').trimEnd();
      this.line(index === 0 ? this.paint('dim', text) : text);
    });
  }

  /** Text cut to a number of characters; an ellipsis says so. */
  cut(text: string, most: number): string {
    const characters = Array.from(text);
    return characters.length <= most ? text : `${characters.slice(0, Math.max(0, most - 1)).join('')}…`;
  }

  #bar(share: number): string {
    const room = this.width - 88;
    if (room < 8) return '';
    const done = Math.round(share * room);
    return `${this.paint('cyan', '━'.repeat(done))}${this.paint('dim', '─'.repeat(room - done))}  `;
  }

  #draw(text: string): void {
    this.#clear();
    this.#screen.write(MARGIN + text);
    this.#live = true;
  }

  #clear(): void {
    if (this.#live) this.#screen.write('\r\u001B[2K');
    this.#live = false;
  }
}

const length = (text: string): number => Array.from(stripVTControlCharacters(text)).length;

function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)!;
    if (last !== '' && length(last) + 1 + length(word) > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
