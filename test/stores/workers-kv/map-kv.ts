/** A KV namespace without any lag: what was written is read, and what was asked is remembered. */
import type { KvNamespace, KvPutOptions } from 'tidemark/stores/workers-kv';

export class MapKv implements KvNamespace {
  readonly values: Map<string, string> = new Map();
  readonly options: Map<string, KvPutOptions> = new Map();
  /** Keys of each read, and of each write and delete, in order. */
  readonly reads: (readonly string[])[] = [];
  readonly writes: string[] = [];
  /** Runs before each write: a promise holds it, an error fails it. */
  before: (key: string) => Promise<void> | void = () => {};

  async get(keys: string[]): Promise<Map<string, string | null>> {
    this.reads.push(keys);
    return new Map(keys.map((key) => [key, this.values.get(key) ?? null]));
  }

  async put(key: string, value: string, options: KvPutOptions): Promise<void> {
    this.writes.push(key);
    await this.before(key);
    this.values.set(key, value);
    this.options.set(key, options);
  }

  async delete(key: string): Promise<void> {
    this.writes.push(key);
    await this.before(key);
    this.values.delete(key);
  }

  async list({ prefix, limit, cursor = '' }: { prefix: string; limit: number; cursor?: string }) {
    const after = [...this.values.keys()].filter((key) => key.startsWith(prefix) && key > cursor).toSorted();
    const keys = after.slice(0, limit).map((name) => ({ name }));
    const rest = after.length > limit ? { list_complete: false, cursor: keys.at(-1)!.name } : { list_complete: true };
    return { keys, ...rest };
  }
}
