/** A plain store for tests: entries in a map, copied on the way in and out as a store of bytes would. */
import type { Backend, Call, ChangeLog, Entry, MaybePromise, Store, Stored } from 'tidemark';
import { localLog } from 'tidemark/logs/local';

export type Operation = 'getMany' | 'setMany' | 'deleteMany' | 'clear' | 'append' | 'read' | 'stamps' | 'position';

export interface MapStoreOptions {
  readonly name?: string;
  /** Answers at once. Default false: every answer is a promise. */
  readonly sync?: boolean;
}

/** What a test may look at and turn. */
export class MapStore implements Store {
  readonly name: string;
  readonly sync: boolean;
  readonly entries: Map<string, Entry> = new Map();
  /** Every operation with its keys, in order. */
  readonly calls: { readonly operation: Operation; readonly keys: readonly string[] }[] = [];
  closed = 0;
  /** Runs before each operation: may throw, or answer with a promise that the operation waits for. */
  before: (operation: Operation, call: Call) => MaybePromise<void> = () => {};

  constructor({ name = 'map', sync = false }: MapStoreOptions = {}) {
    this.name = name;
    this.sync = sync;
  }

  /** The calls of one operation. */
  made(operation: Operation): readonly (readonly string[])[] {
    return this.calls.filter((call) => call.operation === operation).map((call) => call.keys);
  }

  getMany(keys: readonly string[], call: Call): MaybePromise<readonly (Entry | undefined)[]> {
    return this.run('getMany', keys, call, () => keys.map((key) => structuredClone(this.entries.get(key))));
  }

  setMany(records: readonly Stored[], call: Call): MaybePromise<readonly boolean[]> {
    const keys = records.map(({ key }) => key);
    return this.run('setMany', keys, call, () => {
      for (const { key, entry } of records) this.entries.set(key, structuredClone({ ...entry, copied: undefined }));
      return records.map(() => true);
    });
  }

  deleteMany(keys: readonly string[], call: Call): MaybePromise<void> {
    return this.run('deleteMany', keys, call, () => {
      for (const key of keys) this.entries.delete(key);
    });
  }

  clear(call: Call): MaybePromise<void> {
    return this.run('clear', [], call, () => this.entries.clear());
  }

  close(): void {
    this.closed++;
  }

  protected run<T>(operation: Operation, keys: readonly string[], call: Call, work: () => T): MaybePromise<T> {
    this.calls.push({ operation, keys });
    if (!this.sync) return Promise.resolve(call).then(async (given) => (await this.before(operation, given), work()));
    const waits = this.before(operation, call);
    return waits instanceof Promise ? waits.then(work) : work();
  }
}

/** A map store with a log beside it: what several caches of a test share as their authority. */
export class MapBackend extends MapStore implements Backend {
  readonly log: ChangeLog;
  /** The log behind it. A test may put another in its place, as a flush or a failover does. */
  inner: ChangeLog;

  constructor(options: MapStoreOptions & { readonly log?: ChangeLog } = {}) {
    super(options);
    this.inner = options.log ?? localLog();
    this.log = {
      sync: this.sync,
      append: (change, call) => this.run('append', change, call, () => this.inner.append(change, call)) as never,
      position: (call) => this.run('position', [], call, () => this.inner.position(call)) as never,
      read: (after, call) => this.run('read', [String(after)], call, () => this.inner.read(after, call)) as never,
      stamps: (names, call) => this.run('stamps', names, call, () => this.inner.stamps(names, call)) as never,
      watch: (wake) => this.inner.watch?.(wake) ?? (() => {}),
    };
  }

  commit(
    change: readonly string[],
    records: readonly Stored[],
    call: Call,
  ): ReturnType<NonNullable<Backend['commit']>> {
    return this.run('append', change, call, () => {
      const position = this.inner.append(change, call) as Awaited<ReturnType<ChangeLog['append']>>;
      for (const { key, entry } of records)
        this.entries.set(
          key,
          structuredClone({
            ...entry,
            mark: position.head,
            incarnation: position.incarnation,
            copied: undefined,
          }),
        );
      return position;
    });
  }
}
