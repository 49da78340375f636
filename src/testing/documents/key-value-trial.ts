/** One key/value store under test: empty and started, with what its tests do again and again, and let go of afterwards. */
import type { KeyValueStore } from '../../documents/key-value-store.ts';
import type { MaybePromise } from '../../engine/maybe.ts';
import { ensure } from '../expectations.ts';
import type { Test } from '../runner.ts';

/** How the trials of a suite are made. */
export interface KeyValueTrialOptions {
  /** Makes an empty store that isn't started. */
  readonly open: () => MaybePromise<KeyValueStore>;
  /** Called when a test is over and the store was shut down: remove what it left. */
  readonly close?: ((store: KeyValueStore) => MaybePromise<void>) | undefined;
  /** Called after each write: for a store that is eventually consistent, wait here until a read must see it. */
  readonly settle?: (() => MaybePromise<void>) | undefined;
}

/** A store in the middle of a test. */
export class KeyValueTrial {
  readonly store: KeyValueStore;
  readonly #settle: () => MaybePromise<void>;

  private constructor(store: KeyValueStore, { settle = () => {} }: KeyValueTrialOptions) {
    this.store = store;
    this.#settle = settle;
  }

  /** A test on a fresh store that was started. */
  static test(options: KeyValueTrialOptions, name: string, run: (trial: KeyValueTrial) => Promise<void>): Test {
    const whole = async () => {
      const store = await options.open();
      try {
        await store.startup();
        await run(new KeyValueTrial(store, options));
      } finally {
        await store.shutdown();
        await options.close?.(store);
      }
    };
    return { name, run: whole };
  }

  /** The same trial on another store, which is started, and shut down when the work is done. */
  async on(store: KeyValueStore, work: (trial: KeyValueTrial) => Promise<void>): Promise<void> {
    await store.startup();
    try {
      await work(new KeyValueTrial(store, { open: () => store, settle: this.#settle }));
    } finally {
      await store.shutdown();
    }
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    await this.store.put(key, value);
    await this.#settle();
  }

  async delete(key: string): Promise<void> {
    await this.store.delete(key);
    await this.#settle();
  }

  async clear(): Promise<void> {
    await this.store.clear();
    await this.#settle();
  }

  async settle(): Promise<void> {
    await this.#settle();
  }

  async ensureThere(key: string, due: Uint8Array): Promise<void> {
    ensureBytes(await this.store.get(key), due, `what is under ${shown(key)}`);
  }

  async ensureAbsent(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const found = await this.store.get(key);
      ensure(found === undefined, `under ${shown(key)} nothing should be, and get answers with ${told(found)}`);
    }
  }
}

/** Bytes that tell which ones they are: of two seeds or two lengths no two are alike. */
export function bytesOf(seed: number, length = 40): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i < 4 ? seed >>> (8 * i) : seed * 31 + i * 7 + (i >>> 8)) & 255);
}

/** Throws unless these are the very bytes that are due, as a plain `Uint8Array`. */
export function ensureBytes(actual: unknown, due: Uint8Array, what: string): void {
  ensure(actual instanceof Uint8Array, `${what} should be ${due.length} bytes and is ${told(actual)}`);
  const plain = Object.getPrototypeOf(actual) === Uint8Array.prototype;
  ensure(plain, `${what} should be a plain Uint8Array and is a ${actual.constructor.name}`);
  ensure(actual.length === due.length, `${what} should be ${due.length} bytes and is ${actual.length}`);
  const at = actual.findIndex((byte, i) => byte !== due[i]);
  ensure(at < 0, `${what}: byte ${at} is ${actual[at]} and should be ${due[at]}`);
}

function shown(key: string): string {
  return JSON.stringify(key.slice(0, 80));
}

function told(value: unknown): string {
  return value instanceof Uint8Array ? `${value.length} bytes` : String(value);
}
