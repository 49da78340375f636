/** What is used of IndexedDB, so that neither Node nor a browser has to be in the types. */

/** What tells of events. */
interface Telling<E extends string> {
  addEventListener(event: E, listener: () => void): void;
}

/** Something asked of a database. */
export interface Request<T> extends Telling<'success' | 'error'> {
  readonly result: T;
  readonly error: Error | null;
}

/** A key, or the bound of a range. */
export type Key = string | number | readonly (string | number)[];

/** A place in an index. */
export interface Cursor {
  readonly value: unknown;
  readonly primaryKey: Key;
  delete(): Request<void>;
  continue(): void;
}

/** Rows in an order of their own. */
export interface Index {
  openCursor(): Request<Cursor | null>;
  getAllKeys(query: unknown, count: number): Request<Key[]>;
}

/** Rows by key. */
export interface Rows {
  get(key: Key): Request<unknown>;
  getKey(key: Key): Request<Key | undefined>;
  getAll(query: unknown, count: number): Request<unknown[]>;
  put(value: unknown, key: Key): Request<Key>;
  delete(key: Key): Request<void>;
  clear(): Request<void>;
  index(name: string): Index;
  createIndex(name: string, path: string | readonly string[]): unknown;
}

/** A transaction under way. */
export interface Transaction extends Telling<'complete' | 'abort'> {
  readonly error: Error | null;
  objectStore(name: string): Rows;
  abort(): void;
  commit?(): void;
}

/** How sure a transaction is of the disk before it is complete. */
export type Durability = 'strict' | 'relaxed';

/** An open connection. */
export interface Connection extends Telling<'versionchange' | 'close'> {
  readonly objectStoreNames: ArrayLike<string>;
  createObjectStore(name: string): Rows;
  deleteObjectStore(name: string): void;
  transaction(
    names: readonly string[],
    mode: 'readonly' | 'readwrite',
    options: { readonly durability: Durability },
  ): Transaction;
  close(): void;
}

/** A connection that is being opened. */
interface OpenRequest extends Request<Connection>, Telling<'success' | 'error' | 'upgradeneeded'> {
  readonly transaction: Transaction | null;
  addEventListener(event: 'success' | 'error' | 'upgradeneeded', listener: () => void): void;
}

/** Where databases are. */
export interface Factory {
  open(name: string, version: number): OpenRequest;
}

/** The platform's databases; undefined where there are none. */
export function platformDatabases(): Factory | undefined {
  return (globalThis as object as { indexedDB?: Factory }).indexedDB;
}

/** The keys from one on, without it. */
export function above(key: Key): unknown {
  return rangesOf().lowerBound(key, true);
}

/** The keys up to one. */
export function upTo(key: Key): unknown {
  return rangesOf().upperBound(key);
}

interface Ranges {
  lowerBound(key: Key, open: boolean): unknown;
  upperBound(key: Key): unknown;
}

function rangesOf(): Ranges {
  return (globalThis as object as { readonly IDBKeyRange: Ranges }).IDBKeyRange;
}

/** The answer to a request. Within a transaction nothing else may be waited for. */
export function answer<T>(request: Request<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(errorOf(request)));
  });
}

/** Go along an index for as long as `visit` wants to see more. */
export function walk(index: Index, visit: (cursor: Cursor) => boolean): Promise<void> {
  const request = index.openCursor();
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => {
      const cursor = request.result;
      if (cursor && visit(cursor)) cursor.continue();
      else resolve();
    });
    request.addEventListener('error', () => reject(errorOf(request)));
  });
}

function errorOf({ error }: Request<unknown>): Error {
  return error ?? new Error('a request to IndexedDB failed');
}
