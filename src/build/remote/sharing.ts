/** Sharing: what isn't in the local store is looked for at remotes, one after the other, and what was made is sent to them. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { within } from '../../engine/wait.ts';
import type { BuildStore } from '../build-store.ts';
import type { Digest } from '../digest.ts';
import type { ActionRecord } from '../record.ts';
import { blobsOf, type NamedBlob, unsealed } from '../sealed-record.ts';
import { Gate } from './gate.ts';
import type { RemoteBody, RemoteStore } from './remote-store.ts';
import { type RemoteStats, RemoteTier, type Wanted } from './remote-tier.ts';
import type { RemoteTrouble } from './remote-trouble.ts';
import { wholeText } from './whole-text.ts';

/** What sharing asks of the local store. */
export type LocalStore = Pick<
  BuildStore,
  'glance' | 'receiveBlob' | 'blobChunks' | 'recordText' | 'receiveRecord' | 'specsText' | 'receiveSpecs'
>;

/** How results are shared. Times in milliseconds. */
export interface SharingSettings {
  /** Nearest first. */
  readonly remotes: readonly RemoteStore[];
  readonly clock: Clock;
  /** Is told what went wrong, in sentences. */
  readonly onTrouble: (text: string, trouble: RemoteTrouble) => void;
  /** How many blobs are on their way at once, in each direction. */
  readonly transfers: number;
  /** What the cache may do: where nothing can be kept, nothing is fetched. */
  readonly mode?: 'read-write' | 'read-only' | 'write-only' | 'off';
  /** The longest silence of a remote; a large blob may take as long as it needs while it moves. Default: 5 seconds. */
  readonly remoteTimeout?: number;
  /** How long {@link Sharing.flush} waits for all that is to be sent. Default: a minute. */
  readonly uploadTimeout?: number;
}

/** The most bytes of what has no size that is known beforehand: a record, specs, or a log. */
const MOST_TEXT = 64 * 1024 * 1024;
const BREAKER = { failures: 3, pause: 30_000, longestPause: 300_000 };

/**
 * The remotes behind a store. A record is fetched together with its blobs, the record last, so that the local store never
 * has one without the other. Nothing here rejects but for the caller's signal: what fails is a miss, and is told.
 */
export class Sharing {
  readonly #store: LocalStore;
  readonly #settings: SharingSettings;
  readonly #tiers: readonly RemoteTier[];
  readonly #fetching: Gate;
  readonly #sending: Gate;
  readonly #jobs = new Set<Promise<void>>();
  #uploads: AbortController = controllerForMany();

  constructor(store: LocalStore, settings: SharingSettings) {
    this.#store = store;
    this.#settings = settings;
    const { clock, remoteTimeout: timeout = 5000, onTrouble, transfers } = settings;
    const tell = (trouble: RemoteTrouble): void => onTrouble(trouble.text, trouble);
    const shared = { timeout, breaker: BREAKER, clock, tell };
    this.#tiers = settings.remotes.map((remote) => new RemoteTier(remote, shared));
    this.#fetching = new Gate(transfers);
    this.#sending = new Gate(transfers);
  }

  /** Whether there is any remote from which something can be fetched. */
  get isAny(): boolean {
    const { mode = 'read-write' } = this.#settings;
    return this.#tiers.length > 0 && mode === 'read-write';
  }

  /** What each remote did, nearest first. */
  get stats(): readonly RemoteStats[] {
    return this.#tiers.map(({ stats }) => stats);
  }

  /**
   * Look for a record, remote by remote, and bring it and its blobs into the local store. Answers with the name of the
   * remote, if there was one that had all of it. Remotes before that one get it, too, as far as they may be written.
   */
  fetchRecord(key: Digest, signal?: AbortSignal): Promise<string | undefined> {
    return this.#scoped(signal, async (scope) => {
      const lacking = new Set<RemoteTier>();
      for (const tier of this.#tiers) {
        const found = await tier.read({ kind: 'records', name: key, signal: scope }, MOST_TEXT, recordIn(key));
        const others = this.#tiers.filter((other) => other !== tier);
        if (found && (await this.#blobs(blobsOf(found.record), [tier, ...others], scope, lacking))) {
          if (!this.#keep(tier, () => this.#store.receiveRecord(key, found.text))) return undefined;
          for (const lack of lacking) this.#upload(lack, key, undefined);
          return tier.name;
        }
        lacking.add(tier);
      }
      return undefined;
    });
  }

  /** Bring blobs into the local store; tells whether all of them are there now. */
  fetchBlobs(blobs: Iterable<NamedBlob>, signal?: AbortSignal): Promise<boolean> {
    return this.#scoped(signal, (scope) => this.#blobs(blobs, this.#tiers, scope, new Set()));
  }

  /** Add the specs that remotes know to those of the local store; tells whether there were any. */
  fetchSpecs(weak: Digest, signal?: AbortSignal): Promise<boolean> {
    return this.#scoped(signal, async (scope) => {
      const texts = await Promise.all(this.#tiers.map((tier) => this.#specsOf(tier, weak, scope)));
      if (texts.every((text) => text === undefined)) return false;
      this.#tiers.filter((_, i) => texts[i] === undefined).forEach((lack) => this.#uploadSpecs(lack, weak));
      return true;
    });
  }

  /**
   * Send a record that is in the local store to every remote that may be written, and the specs of its weak key. Returns
   * at once: {@link flush} waits.
   */
  upload({ key }: Pick<ActionRecord, 'key'>, weak: Digest | undefined): void {
    for (const tier of this.#tiers) this.#upload(tier, key, weak);
  }

  /** Wait until everything is sent, or until that has taken too long; what isn't sent then is told, and given up. */
  async flush(): Promise<void> {
    const { uploadTimeout = 60_000, clock } = this.#settings;
    const all = Promise.all(this.#jobs).then(() => {});
    await within(all, uploadTimeout, clock, () => {
      this.#uploads.abort(new TidemarkError('store_timeout', `sending took longer than ${uploadTimeout} ms`));
      this.#uploads = controllerForMany();
      return all; // what was aborted ends at once
    });
  }

  /** Fetch what isn't here, each blob from the first tier that has it. Tiers that lack one are added to `lacking`. */
  async #blobs(
    blobs: Iterable<NamedBlob>,
    tiers: readonly RemoteTier[],
    signal: AbortSignal,
    lacking: Set<RemoteTier>,
  ): Promise<boolean> {
    const missing = [...blobs].filter((blob) => this.#store.glance(blob.digest, blob.size) !== undefined);
    return allOf(missing, this.#fetching, async ({ digest, size }) => {
      const wanted = { kind: 'blobs', name: digest, signal } as const;
      for (const tier of tiers) {
        if (await tier.read(wanted, size ?? MOST_TEXT, (chunks) => this.#store.receiveBlob(digest, chunks)))
          return true;
        lacking.add(tier);
      }
      return false;
    });
  }

  /** The specs of a tier, which are in the local store then; nothing if it has none. */
  #specsOf(tier: RemoteTier, weak: Digest, signal: AbortSignal): Promise<string | undefined> {
    return tier.read({ kind: 'specs', name: weak, signal }, MOST_TEXT, async (chunks) => {
      const text = await wholeText(chunks);
      if (!this.#store.receiveSpecs(weak, text)) throw new TidemarkError('bad_bytes', 'not the specs of this key');
      return text;
    });
  }

  /** Blobs first, the record last: who finds it finds all of them. */
  async #sendRecord(tier: RemoteTier, key: Digest, signal: AbortSignal): Promise<boolean> {
    const text = this.#store.recordText(key);
    const record = text === undefined ? undefined : unsealed(Buffer.from(text));
    if (text === undefined || !record) return false;
    const sent = await allOf([...blobsOf(record)], this.#sending, async ({ digest, size }) =>
      send(tier, { kind: 'blobs', name: digest, signal }, () => ({ size, chunks: this.#store.blobChunks(digest) })),
    );
    return sent && send(tier, { kind: 'records', name: key, signal }, () => bodyOf(text));
  }

  /** What the tier knows is kept: of two that send at once one may be lost, which costs a miss and nothing else. */
  async #sendSpecs(tier: RemoteTier, weak: Digest, signal: AbortSignal): Promise<boolean> {
    const theirs = await this.#specsOf(tier, weak, signal);
    const text = this.#store.specsText(weak);
    if (text === undefined || text === theirs) return true;
    return tier.write({ kind: 'specs', name: weak, signal }, bodyOf(text));
  }

  #upload(tier: RemoteTier, key: Digest, weak: Digest | undefined): void {
    this.#begin(tier, `the result ${key}`, (signal) => this.#sendRecord(tier, key, signal));
    if (weak !== undefined) this.#uploadSpecs(tier, weak);
  }

  #uploadSpecs(tier: RemoteTier, weak: Digest): void {
    this.#begin(tier, `what leads to the inputs of ${weak}`, (signal) => this.#sendSpecs(tier, weak, signal));
  }

  /** Do it while others go on; `flush` waits for it. */
  #begin(tier: RemoteTier, what: string, job: (signal: AbortSignal) => Promise<boolean>): void {
    if (!tier.writable) return;
    const { signal } = this.#uploads;
    const told = async (): Promise<void> => {
      try {
        if (!(await job(signal))) tier.tell('not sent', `${what} couldn't be sent`);
      } catch (error) {
        tier.tell('not sent', `${what} couldn't be sent: ${(error as Error).message}`, error);
      }
    };
    const running = told().finally(() => this.#jobs.delete(running));
    this.#jobs.add(running);
  }

  /** Keep a record in the local store, whose failure is told. */
  #keep(tier: RemoteTier, keep: () => unknown): boolean {
    try {
      return keep() !== undefined;
    } catch (error) {
      tier.tell('local', `a result couldn't be kept here: ${(error as Error).message}`, error);
      return false;
    }
  }

  /** Many operations wait on a signal of their own, which ends with the caller's. */
  async #scoped<T>(signal: AbortSignal | undefined, run: (scope: AbortSignal) => Promise<T>): Promise<T> {
    const scope = controllerForMany();
    const abort = (): void => scope.abort(signal?.reason);
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await run(scope.signal);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
}

/** Whether all of it worked. After the first that didn't, no other is begun; what was begun is waited for. */
async function allOf<T>(items: readonly T[], gate: Gate, task: (item: T) => Promise<boolean>): Promise<boolean> {
  let good = true;
  const one = async (item: T): Promise<void> => {
    if (!good) return;
    if (!(await task(item))) good = false;
  };
  const ended = await Promise.allSettled(items.map((item) => gate.run(() => one(item))));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return good;
}

/** Write what isn't there. */
async function send(tier: RemoteTier, wanted: Wanted, body: () => RemoteBody): Promise<boolean> {
  const isThere = await tier.has(wanted);
  if (isThere === undefined) return false;
  return isThere || tier.write(wanted, body());
}

function recordIn(
  key: Digest,
): (chunks: AsyncIterable<Uint8Array>) => Promise<{ readonly text: string; readonly record: ActionRecord }> {
  return async (chunks) => {
    const text = await wholeText(chunks);
    const record = unsealed(Buffer.from(text));
    if (record?.key !== key) throw new TidemarkError('bad_bytes', 'not the record of this key');
    return { text, record };
  };
}

function bodyOf(text: string): RemoteBody {
  const bytes = Buffer.from(text);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes;
  };
  return { size: bytes.length, chunks: chunks() };
}

/** A signal on which many wait at once, which isn't a leak. */
function controllerForMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
