/** A key/value store of texts as one of bytes, for whoever has one already. */
import { jsonCodec } from '../../codecs/json.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { abortable } from '../../engine/wait.ts';
import type { KeyValueStore } from '../key-value-store.ts';
import { givenBytes, givenKey } from './given.ts';

/** Texts by key. The contract is that of {@link KeyValueStore}, but for what is kept. */
export interface TextStore {
  /** The text of a key; `undefined`, or `null`, if there is none. */
  get(key: string, signal?: AbortSignal): Promise<string | null | undefined>;
  put(key: string, value: string, signal?: AbortSignal): Promise<void>;
  delete(key: string, signal?: AbortSignal): Promise<void>;
  clear(): Promise<void>;
  startup(): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * Keep keyframes in a store of texts. Bytes are written in base64, within a line of JSON that says so: a third larger, and
 * 33 characters. Texts that this didn't write are no bytes of ours, and answered with `undefined`.
 *
 * @throws `bad_option` if a method is missing.
 * @example
 * const keyframes = textKeyValues(new RedisKeyValueStore(settings));
 */
export function textKeyValues(store: TextStore): KeyValueStore {
  for (const name of METHODS)
    if (typeof (store as Partial<TextStore> | null | undefined)?.[name] !== 'function')
      throw new TidemarkError('bad_option', `textKeyValues: store must have ${METHODS.join(', ')}; ${name} is missing`);
  return new TextValues(store);
}

const METHODS = ['get', 'put', 'delete', 'clear', 'startup', 'shutdown'] as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

class TextValues implements KeyValueStore {
  readonly #store: TextStore;

  constructor(store: TextStore) {
    this.#store = store;
  }

  async get(key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    givenKey(key);
    signal?.throwIfAborted();
    return bytesIn(await abortable(this.#store.get(key, signal), signal));
  }

  async put(key: string, value: Uint8Array, signal?: AbortSignal): Promise<void> {
    const text = decoder.decode(jsonCodec.encode(givenBytes(value)));
    givenKey(key);
    signal?.throwIfAborted();
    await abortable(this.#store.put(key, text, signal), signal);
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    givenKey(key);
    signal?.throwIfAborted();
    await abortable(this.#store.delete(key, signal), signal);
  }

  clear(): Promise<void> {
    return this.#store.clear();
  }

  startup(): Promise<void> {
    return this.#store.startup();
  }

  shutdown(): Promise<void> {
    return this.#store.shutdown();
  }
}

function bytesIn(text: string | null | undefined): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const value = jsonCodec.decode(encoder.encode(text));
    return value instanceof Uint8Array ? value : undefined;
  } catch {
    return undefined; // written by somebody else
  }
}
