/** A backend that lives in another tab of the same origin, asked by messages. */
import type { Backend, Call, Lease } from 'tidemark';
import type { Channel } from 'tidemark/logs/broadcast';
import { indexedDb, type IndexedDbOptions } from 'tidemark/stores/indexeddb';
import { type ManualClock, manualClock } from 'tidemark/testing';

interface Ask {
  readonly id: number;
  readonly of: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

interface Tell {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: unknown;
}

const open = (name: string) => new BroadcastChannel(name) as object as Channel;

const CALL: Call = { signal: new AbortController().signal };

/** What a tab offers to another by name. */
type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** From now on this tab has backends for others. */
export function serveBackends(): void {
  const [asked, told] = [open('asked'), open('told')];
  const things: Methods[] = [{ open: (options: IndexedDbOptions) => offer(options) }];
  const keep = (thing: Methods) => things.push(thing) - 1;
  const offer = (options: IndexedDbOptions) => {
    const clock = manualClock();
    return keep(methodsOf(indexedDb({ ...options, clock }), clock, keep));
  };
  const hear = async ({ id, of, method, args }: Ask) => {
    try {
      told.postMessage({ id, result: await things[of][method](...(args as never[])) } satisfies Tell);
    } catch (error) {
      told.postMessage({ id, error } satisfies Tell);
    }
  };
  asked.addEventListener('message', ({ data }) => void hear(data as Ask));
}

function methodsOf(backend: Backend, clock: ManualClock, keep: (thing: Methods) => number): Methods {
  const leases = backend.leases!;
  return {
    getMany: (keys: string[]) => backend.getMany(keys, CALL),
    setMany: (records: never[]) => backend.setMany(records, CALL),
    deleteMany: (keys: string[]) => backend.deleteMany(keys, CALL),
    clear: () => backend.clear(CALL),
    append: (change: string[]) => backend.log.append(change, CALL),
    position: () => backend.log.position(CALL),
    read: (after: number) => backend.log.read(after, CALL),
    stamps: (names: string[]) => backend.log.stamps(names, CALL),
    acquire: async (key: string, wanted: never) => {
      const lease = await leases.acquire(key, wanted, CALL);
      return lease && keep({ release: () => lease.release(CALL) });
    },
    released: (key: string) => leases.released(key, CALL),
    advance: (ms: number) => clock.advanceAsync(ms),
    close: () => backend.close?.(),
  };
}

const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
let ids = 0;
let asking: Channel | undefined;

function ask<T>(of: number, method: string, ...args: readonly unknown[]): Promise<T> {
  asking ??= listen();
  const id = ++ids;
  const answered = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  asking.postMessage({ id, of, method, args } satisfies Ask);
  return answered as Promise<T>;
}

function listen(): Channel {
  open('told').addEventListener('message', ({ data }) => {
    const { id, result, error } = data as Tell;
    if (error === undefined) waiting.get(id)?.resolve(result);
    else waiting.get(id)?.reject(error);
    waiting.delete(id);
  });
  return open('asked');
}

/** A backend in the tab that serves them, with a clock of its own, and how to move that. */
export async function remoteBackend(
  options: IndexedDbOptions,
): Promise<{ readonly backend: Backend; readonly advance: (ms: number) => Promise<void> }> {
  const it = await ask<number>(0, 'open', JSON.parse(JSON.stringify({ ...options, clock: undefined })));
  const backend: Backend = {
    name: 'elsewhere',
    sync: false,
    getMany: (keys) => ask(it, 'getMany', keys),
    setMany: (records) => ask(it, 'setMany', records),
    deleteMany: (keys) => ask(it, 'deleteMany', keys),
    clear: () => ask(it, 'clear'),
    close: () => ask(it, 'close'),
    log: {
      sync: false,
      append: (change) => ask(it, 'append', change),
      position: () => ask(it, 'position'),
      read: (after) => ask(it, 'read', after),
      stamps: (names) => ask(it, 'stamps', names),
    },
    leases: {
      acquire: async (key, wanted): Promise<Lease | undefined> => {
        const lease = await ask<number | undefined>(it, 'acquire', key, wanted);
        return lease === undefined ? undefined : { release: () => ask(lease, 'release') };
      },
      released: (key) => ask(it, 'released', key),
    },
  };
  return { backend, advance: (ms) => ask(it, 'advance', ms) };
}
