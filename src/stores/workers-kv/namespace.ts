/** What is asked of a KV namespace: a binding of Workers can do it, and so can whatever a test puts in its place. */

/** A namespace, as far as this uses it. */
export interface KvNamespace {
  /** Up to 100 keys, which count as one operation. Missing ones are `null`. */
  get(keys: string[], options: KvGetOptions): Promise<ReadonlyMap<string, string | null>>;
  put(key: string, value: string, options: KvPutOptions): Promise<void>;
  delete(key: string): Promise<void>;
  /** Asked by `clear` alone. */
  list?(options: KvListOptions): Promise<KvPage>;
}

/** How values are read. */
export interface KvGetOptions {
  readonly type: 'text';
  /** Seconds that the location may answer from what it has read before. */
  readonly cacheTtl?: number;
}

/** What is kept beside a value. */
export interface KvPutOptions {
  /** Seconds until KV forgets the value, at least 60. */
  readonly expirationTtl?: number;
  readonly metadata?: KvMetadata;
}

/** What is kept beside each value, for people who look at a list of keys. At most 1,024 bytes as JSON. */
export interface KvMetadata {
  /** The key as the cache knows it: the encoded path and version, also where KV's own key is a hash. */
  readonly key: string;
  /** Only the beginning of it. */
  readonly cut?: true;
}

/** Which keys are listed. */
export interface KvListOptions {
  readonly prefix: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** A page of a list. */
export interface KvPage {
  readonly keys: readonly { readonly name: string }[];
  readonly list_complete: boolean;
  readonly cursor?: string;
}
