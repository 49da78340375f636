/** What is checked on the way, taken down and told of. */

/** One thing that was looked at, what was found, and whether it is as it has to be. */
export interface Check {
  readonly what: string;
  readonly found: string;
  readonly right: boolean;
}

/** Told of every step as it is done. */
export interface Report {
  /** Something that takes a while begins. */
  working(text: string): void;
  /** Something has been done. */
  step(text: string): void;
  /** Something has been looked at. */
  check(check: Check): void;
}

/** Takes down every check. */
export class Checks {
  readonly all: Check[] = [];
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  add(what: string, found: string, right: boolean): void {
    const check = { what, found, right };
    this.all.push(check);
    this.#report.check(check);
  }
}

const NAMED = 3;

/** What is found, and whether it is right, when these pages differ from the database. */
export function comparison(wrong: readonly string[]): [found: string, right: boolean] {
  if (wrong.length === 0) return ['say what the database says', true];
  const more = wrong.length > NAMED ? ` and ${wrong.length - NAMED} more` : '';
  return [`differ from the database: ${wrong.slice(0, NAMED).join(', ')}${more}`, false];
}
