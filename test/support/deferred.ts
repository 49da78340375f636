/** Promises that a test settles by hand, and a wait for everything that can go on without time or I/O. */

/** A promise with its handles. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Resolves when all microtasks have run, those that microtasks add included. */
export function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A loader whose every call waits for the test: `calls[i].resolve(value)` ends the i-th. */
export function gatedLoads<V, K = string>(): {
  readonly calls: (Deferred<V> & { readonly key: K })[];
  readonly load: (key: K) => Promise<V>;
} {
  const calls: (Deferred<V> & { readonly key: K })[] = [];
  return {
    calls,
    load: (key) => {
      const call = { ...deferred<V>(), key };
      calls.push(call);
      return call.promise;
    },
  };
}

/** What a promise rejects with; `'no error'` if it doesn't. Takes the rejection at once, so that it is never unhandled. */
export function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error: unknown) => error,
  );
}
