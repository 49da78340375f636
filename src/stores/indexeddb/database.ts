/**
 * A connection to a database that is opened when it is needed, and anew when it was lost: deleted by the user, upgraded by
 * another tab, thrown away by the browser.
 */
import { TidemarkError } from '../../engine/errors.ts';
import { abortable } from '../../engine/wait.ts';
import { answer, type Connection, type Durability, type Factory, type Transaction } from './platform.ts';
import { newStanding } from './standing.ts';

/** The names of what rows are kept in. */
export type Name = 'entries' | 'meta' | 'changes' | 'stamps-a' | 'stamps-b' | 'leases';

export const ALL: readonly Name[] = ['entries', 'meta', 'changes', 'stamps-a', 'stamps-b', 'leases'];

const VERSION = 1;

/** How a transaction is to be. */
export interface Manner {
  readonly names: readonly Name[];
  readonly mode: 'readonly' | 'readwrite';
  readonly durability?: Durability;
  readonly signal: AbortSignal;
}

/** A database by name. */
export class Database {
  readonly #factory: Factory;
  readonly #name: string;
  readonly #lost: () => void;
  #opening: Promise<Connection> | undefined;
  #closed = false;

  /** `lost` is told when a connection ended that nobody here closed. */
  constructor(factory: Factory, name: string, lost: () => void) {
    this.#factory = factory;
    this.#name = name;
    this.#lost = lost;
  }

  /**
   * Do some work in a transaction: all of it or nothing. Resolves with what the work answers once the transaction is
   * complete. The work may wait for requests of its transaction only.
   */
  async run<T>(manner: Manner, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const { mode, signal } = manner;
    const transaction = await this.#begin(manner);
    const end = ended(transaction);
    const abort = () => abortQuietly(transaction);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const result = await work(transaction);
      if (mode === 'readwrite') transaction.commit?.();
      await end;
      return result;
    } catch (error) {
      abort();
      signal.throwIfAborted();
      throw (
        (await end.then(
          () => undefined,
          (cause: Error | null) => cause,
        )) ?? error
      ); // why the transaction was aborted says more than what was refused because of it
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  close(): void {
    this.#closed = true;
    void this.#opening?.then(
      (connection) => connection.close(),
      () => {},
    );
  }

  async #begin({ names, mode, durability = 'relaxed', signal }: Manner): Promise<Transaction> {
    for (let again = false; ; again = true) {
      signal.throwIfAborted();
      if (this.#closed) throw new TidemarkError('closed', 'the IndexedDB backend is closed');
      const opening = (this.#opening ??= this.#open());
      const connection = await abortable(opening, signal);
      try {
        return connection.transaction(names, mode, { durability });
      } catch (error) {
        if (again) throw error; // closed in this moment the first time: nothing has been done
        if (this.#opening === opening) this.#opening = undefined;
      }
    }
  }

  #open(): Promise<Connection> {
    const forget = () => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    const lost = () => {
      forget();
      if (!this.#closed) this.#lost();
    };
    const opening = openConnection(this.#factory, this.#name).then((connection) => {
      connection.addEventListener('close', lost);
      connection.addEventListener('versionchange', () => {
        connection.close(); // another tab is upgrading or deleting it, and waits for this
        lost();
      });
      if (this.#closed) connection.close();
      return connection;
    });
    opening.catch(forget);
    return opening;
  }
}

/** Open it, and make it anew if it is missing or of an older format. */
async function openConnection(factory: Factory, name: string): Promise<Connection> {
  const request = factory.open(name, VERSION);
  request.addEventListener('upgradeneeded', () => {
    const connection = request.result;
    for (const old of Array.from(connection.objectStoreNames)) connection.deleteObjectStore(old);
    for (const rows of ALL) connection.createObjectStore(rows);
    const transaction = request.transaction!;
    transaction.objectStore('entries').createIndex('order', ['until', 'at']);
    transaction.objectStore('leases').createIndex('until', 'until');
    transaction.objectStore('meta').put(newStanding(), 'standing');
  });
  try {
    return await answer(request);
  } catch (error) {
    if ((error as Error).name !== 'VersionError') throw error;
    throw new TidemarkError('newer_format', `the database '${name}' was made by a later release`, error);
  }
}

function ended(transaction: Transaction): Promise<void> {
  const end = new Promise<void>((resolve, reject) => {
    transaction.addEventListener('complete', resolve);
    transaction.addEventListener('abort', () => reject(transaction.error));
  });
  end.catch(() => {}); // heard by whoever waits for it, if anyone still does
  return end;
}

function abortQuietly(transaction: Transaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}
