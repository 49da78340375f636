/**
 * The contract of a key/value store: where keyframes are kept.
 *
 * Implementing one: keep bytes under texts. It may lose what it was given and may bring back what it was told to forget:
 * every keyframe is checked against its document's operations before it is used. It must not mix two keys up.
 */

/** Bytes by key. */
export interface KeyValueStore {
  /** The bytes of a key; `undefined` if there are none. */
  get(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Keep bytes, in place of what was under the key. They aren't changed afterwards by anyone. */
  put(key: string, value: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Forget a key. One that isn't there is no error. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
  /** Forget everything. */
  clear(): Promise<void>;
  /** Get ready. Nothing is asked before. A second time does no harm. */
  startup(): Promise<void>;
  /** Let go of what it holds. Nothing is asked afterwards, except that it may be started again. A second time does no harm. */
  shutdown(): Promise<void>;
}
