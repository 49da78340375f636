/** Printing what was measured beside what was promised. */

/** One line: a figure, and what it is a multiple of. */
interface Row {
  readonly name: string;
  readonly figure: string;
  /** What the figure is compared with, and by what factor. */
  readonly ratios: Readonly<Record<string, number>>;
  /** A promise about one of the ratios, or about the figure itself. */
  readonly budget?: { readonly text: string; readonly kept: boolean };
}

/** A titled list of rows. */
export interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** Print a table in plain text. */
export function print({ title, rows }: Table): void {
  console.log(title);
  for (const { name, figure, ratios, budget } of rows) {
    const compared = Object.entries(ratios).map(([what, ratio]) => `${ratio.toFixed(2)} × ${what}`);
    const verdict = budget ? `budget ${budget.text}: ${budget.kept ? 'kept' : 'MISSED'}` : '';
    console.log(`  ${name.padEnd(46)}${figure.padStart(12)}   ${compared.join(' · ').padEnd(46)} ${verdict}`.trimEnd());
  }
  console.log('');
}
