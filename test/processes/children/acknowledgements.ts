/** What a writer has been promised, one line each in a file: what stands there outlives the writer. */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mark } from 'tidemark';

/** A row that a writer has been told is written; with a mark, if it was a change. */
export interface Promised {
  readonly writer: string;
  readonly number: number;
  readonly mark: Mark | undefined;
}

const ENDING = '.promised';

/** Take a promise down. */
export function takeDown(folder: string, { writer, number, mark }: Promised): void {
  appendFileSync(join(folder, writer + ENDING), `${number} ${mark ?? ''}\n`);
}

/** Everything that has been promised to those writers whose names begin so, and the parts of lines that were never ended aside. */
export function promised(folder: string, beginning = ''): Promised[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(beginning) && name.endsWith(ENDING))
    .flatMap((name) => {
      const writer = name.slice(0, -ENDING.length);
      const lines = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
      return lines.map((line) => {
        const [number, mark] = line.split(' ');
        return { writer, number: Number(number), mark: mark === '' ? undefined : Number(mark) };
      });
    });
}
