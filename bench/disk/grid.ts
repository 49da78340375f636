/** Many things done to many subjects, in one table of speeds. */
import { time } from '../rounds.ts';
import { line } from './line.ts';

/** A promise about a cell: how fast a subject is at something, as a part of another's speed. */
export interface Budget {
  readonly subject: string;
  readonly column: string;
  readonly than: string;
  readonly least: number;
}

/** What was measured: nanoseconds an operation for each subject, by column; nothing where it can't do it. */
export interface Grid {
  readonly title: string;
  /** Whose speed is 1. */
  readonly base: string;
  readonly columns: readonly string[];
  readonly rows: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly budgets: readonly Budget[];
  /** What has to be known to read it. */
  readonly notes: readonly string[];
}

/** Print a grid in plain text. */
export function printGrid({ title, base, columns, rows, budgets, notes }: Grid): void {
  const speed = (subject: string, column: string, than: string) => {
    const [ns, of] = [subject, than].map((name) => rows.get(name)?.get(column));
    return ns === undefined || of === undefined ? undefined : of / ns;
  };
  console.log(`${title}\n  One operation of ${base}, and the speeds of all as multiples of its speed: more is better.`);
  const times = columns.map((column) => time(rows.get(base)!.get(column)!));
  console.log(line('', columns));
  console.log(line(`${base}: time`, times));
  for (const subject of rows.keys()) {
    const speeds = columns.map((column) => speed(subject, column, base)?.toFixed(2) ?? '-');
    console.log(line(subject, speeds));
  }
  for (const { subject, column, than, least } of budgets) {
    const reached = speed(subject, column, than);
    if (reached === undefined) continue;
    const verdict = reached >= least ? 'kept' : 'MISSED';
    console.log(`  ${column}: ${subject} ≥ ${least} × ${than}: ${reached.toFixed(2)}, ${verdict}`);
  }
  for (const note of notes) console.log(`  (${note})`);
  console.log('');
}
