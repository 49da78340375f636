/** Transactions in a place where a test says who opens, who holds LMDB's lock, and how the disk is. */
import type { RootDatabase } from 'lmdb';
import type { Clock } from 'tidemark';
import type { Premises } from '../../../src/backends/lmdb/premises.ts';
import { Transactions } from '../../../src/backends/lmdb/transactions.ts';

/** What a test sees of the place, and what it sets. */
export interface StubbedPlace {
  readonly transactions: Transactions;
  /** Somebody who opens the environment. */
  opener: 'there' | 'gone';
  /** LMDB's lock, for the writer's thread. */
  lock: 'taken' | 'free';
  disk: 'well' | 'stalled';
  alone: boolean;
  /** What has been written. */
  readonly written: readonly string[];
  /** How often a moment was waited. */
  readonly moments: number;
  /** Writes that have begun and not ended, as others see it. */
  readonly marks: number;
  /** Works that lmdb has. */
  readonly queued: number;
  write(text: string): Promise<void>;
  /** Resolves when lmdb has done so many works, by default all that it has. */
  thread(works?: number): Promise<void>;
}

/** Such a place. With `impatient` a moment takes no time. */
export function stubbedPlace({ clock, impatient = false }: { clock?: Clock; impatient?: boolean } = {}): StubbedPlace {
  return new Stub(clock, impatient);
}

class Stub implements StubbedPlace {
  readonly transactions: Transactions;
  opener: 'there' | 'gone' = 'gone';
  lock: 'taken' | 'free' = 'free';
  disk: 'well' | 'stalled' = 'well';
  alone = true;
  readonly written: string[] = [];
  moments = 0;
  marks = 0;
  readonly #works: (() => Promise<void>)[] = [];

  constructor(clock: Clock | undefined, impatient: boolean) {
    const premises: Partial<Premises> = {
      path: '/place',
      durability: 'process',
      alone: () => this.alone,
      beginWriting: () => {
        if (this.opener === 'there') return false;
        this.marks++;
        return true;
      },
      endWriting: () => void this.marks--,
    };
    const root: Partial<RootDatabase<Buffer, string>> = {
      transactionSync: (work) => work(),
      childTransaction: <T>(work: () => T) =>
        new Promise<T>((resolve, reject) => {
          this.#works.push(async () => {
            try {
              const result = work();
              while (this.disk === 'stalled') await aTurn();
              resolve(result);
            } catch (error) {
              reject(error);
            }
          });
        }),
    };
    this.transactions = new Transactions({
      premises: premises as Premises,
      root: () => root as RootDatabase<Buffer, string>,
      participants: [],
      ...(clock ? { clock } : {}),
      moment: () => {
        this.moments++;
        return impatient ? Promise.resolve() : aTurn();
      },
    });
  }

  get queued(): number {
    return this.#works.length;
  }

  async write(text: string): Promise<void> {
    await this.transactions.write(() => void this.written.push(text));
  }

  async thread(works: number = this.#works.length): Promise<void> {
    for (let left = works; left > 0 && this.lock === 'free'; left--) await this.#works.shift()!();
    await aTurn();
  }
}

const aTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
