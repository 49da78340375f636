/** Work that may already be done: a synchronous store answers with a value, an asynchronous one with a promise. */

/** A value, or a promise of it. Code that takes one awaits only when there is something to wait for. */
export type MaybePromise<T> = T | Promise<T>;

/** True if there is something to wait for. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return value instanceof Promise;
}

/** Go on with a value at once if it is there, otherwise when it comes. */
export function andThen<T, R>(value: MaybePromise<T>, go: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? value.then(go) : go(value);
}
