/** Reading a whole environment, row by row. Runs in a process of its own, to which it is handed as text. */

/** As much of lmdb as a walk uses. */
export interface Lmdb {
  open(options: object): Root;
}

interface Root {
  getKeys(): Iterable<unknown>;
  getStats(): object;
  openDB(options: object): Rows;
}

interface Rows {
  getStats(): object;
  getRange(): Iterable<unknown>;
}

/** What a walk takes along. */
export interface Errand {
  readonly path: string;
  /** How long to walk, in milliseconds. */
  readonly budget: number;
}

/** What a walk has found. */
export interface Found {
  readonly damage?: string;
  /** False if time was up before the end. */
  readonly complete: boolean;
}

/**
 * Read every key and every value of every database, for as long as the budget allows. A scan over a damaged page may end
 * early without a word, so the rows are counted. Stands on its own, as it has to: nothing from outside, no imports.
 */
export function walk(lmdb: Lmdb, { path, budget }: Errand): Found {
  const end = performance.now() + budget;
  const entriesOf = (rows: Root | Rows) => (rows.getStats() as { readonly entryCount: number }).entryCount;
  const root = lmdb.open({
    path,
    noSubdir: false,
    overlappingSync: false,
    readOnly: true,
    encoding: 'binary',
    maxDbs: 64,
  });
  const names = [...root.getKeys()].map(String);
  if (names.length !== entriesOf(root)) return { damage: 'not every database can be reached', complete: true };
  for (const name of names) {
    const rows = root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' });
    let seen = 0;
    for (const _ of rows.getRange()) if (++seen % 64 === 0 && performance.now() > end) return { complete: false };
    const due = entriesOf(rows);
    if (seen !== due) return { damage: `${name}: ${seen} of ${due} rows can be reached`, complete: true };
  }
  return { complete: true };
}
