/** Statistics of many processes: each writes a file of its own, which are added up when read. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { hostname } from 'node:os';
import { digestOf } from './digest.ts';
import { type StoreFiles, quietly, removed, textOf, unique } from './store-files.ts';

/** What is counted. Times are milliseconds. */
export interface Counts {
  readonly hits: number;
  readonly misses: number;
  readonly stores: number;
  readonly storeMs: number;
  readonly restores: number;
  readonly restoreMs: number;
  readonly savedMs: number;
  /** Milliseconds since the epoch; 0 is never. */
  readonly lastPruned: number;
}

/** One file: whose it is, what was counted, and whose counts it took over. */
interface Sheet {
  readonly id: string;
  readonly counts: Counts;
  readonly folded: readonly string[];
}

const NOTHING: Counts = {
  hits: 0,
  misses: 0,
  stores: 0,
  storeMs: 0,
  restores: 0,
  restoreMs: 0,
  savedMs: 0,
  lastPruned: 0,
};
const names = Object.keys(NOTHING) as readonly (keyof Counts)[];
/** Counts are written at most this often, in milliseconds: a killed process loses no more than these. */
const WRITTEN = 5000;
/** A process of another machine that has written nothing for so long, in milliseconds, is gone. */
const SILENT = 7 * 86_400_000;

/** What this process counts, and what all have counted. */
export class Tally {
  readonly #files: StoreFiles;
  readonly #host = digestOf(hostname()).slice(0, 8);
  #name = `${unique()}-${this.#host}`;
  #counts = NOTHING;
  #written: Counts | undefined;
  #folded: readonly string[] = [];
  #writtenAt = -Infinity;

  constructor(files: StoreFiles) {
    this.#files = files;
  }

  add(counts: Partial<Counts>): void {
    this.#counts = sum(this.#counts, { ...NOTHING, ...counts });
    if (Math.abs(this.#files.now() - this.#writtenAt) >= WRITTEN) this.flush();
  }

  /** Write down what was counted. A store whose statistics can't be written works all the same. */
  flush(): void {
    if (this.#files.readOnly || this.#counts === (this.#written ?? NOTHING)) return;
    this.#writtenAt = this.#files.now();
    quietly(() => this.#write());
  }

  /** What all processes have counted. */
  total(): Counts {
    this.flush();
    if (!this.#files.readOnly) quietly(() => this.#fold());
    const sheets = [...this.#files.files('stats')].flatMap(({ path }) => sheetAt(path) ?? []);
    const folded = new Set(sheets.flatMap((sheet) => sheet.folded));
    return sheets.filter(({ id }) => !folded.has(id)).reduce((all, { counts }) => sum(all, counts), NOTHING);
  }

  #write(): void {
    if (this.#written && !fs.existsSync(this.#path())) {
      // Another took the counts over, or the store was cleaned: go on with what has been counted since.
      this.#counts = difference(this.#counts, this.#written);
      this.#name = `${unique()}-${this.#host}`;
      this.#folded = [];
    }
    const sheet: Sheet = { id: this.#name, counts: this.#counts, folded: this.#folded };
    this.#files.jot(this.#path(), JSON.stringify(sheet));
    this.#written = this.#counts;
  }

  /** Take over what processes counted that are gone: claimed by renaming, so that only one takes it. */
  #fold(): void {
    for (const { path, name, mtimeMs } of this.#files.files('stats')) {
      if (path === this.#path() || !this.#isGone(name, mtimeMs)) continue;
      const claimed = join(this.#files.home, 'stats', `${unique()}-${this.#host}.json`);
      fs.renameSync(path, claimed);
      const sheet = sheetAt(claimed);
      if (sheet) {
        const before = [this.#counts, this.#folded] as const;
        this.#counts = sum(this.#counts, sheet.counts);
        this.#folded = [...this.#folded, sheet.id];
        try {
          this.#write();
        } catch (error) {
          [this.#counts, this.#folded] = before;
          throw error;
        }
      }
      removed(claimed);
    }
  }

  #isGone(name: string, mtimeMs: number): boolean {
    const [, pid, host] = /^(\d+)-[0-9a-f]+-([0-9a-f]+)\.json$/.exec(name) ?? [];
    if (host !== this.#host) return this.#files.now() - mtimeMs > SILENT;
    try {
      process.kill(Number(pid), 0);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
  }

  #path(): string {
    return join(this.#files.home, 'stats', `${this.#name}.json`);
  }
}

function sheetAt(path: string): Sheet | undefined {
  try {
    const { id, counts, folded } = JSON.parse(textOf(path) ?? '') as Sheet;
    const whole = typeof id === 'string' && Array.isArray(folded) && names.every((name) => counts[name] >= 0);
    return whole ? { id, counts, folded } : undefined;
  } catch {
    return undefined; // damaged statistics are no statistics
  }
}

function sum(a: Counts, b: Counts): Counts {
  return combined(a, b, (x, y) => x + y);
}

function difference(a: Counts, b: Counts): Counts {
  return combined(a, b, (x, y) => x - y);
}

function combined(a: Counts, b: Counts, how: (x: number, y: number) => number): Counts {
  const all = names.map((name) => [name, how(a[name], b[name])] as const);
  const lastPruned = Math.max(a.lastPruned, b.lastPruned);
  return { ...(Object.fromEntries(all) as unknown as Counts), lastPruned };
}
