/** The write cache: what is asked of it is checked here, counted, and handed on. */
import { Emitter, type Listener } from '../engine/events.ts';
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, nonEmptyText, signalOrNothing } from '../engine/options.ts';
import type { Core } from './core.ts';
import type { Document } from './document.ts';
import { newCounts, type WriteCacheEvents } from './events.ts';
import { GuardedKeyframes } from './guarded-keyframes.ts';
import { Invalidations } from './invalidations.ts';
import { KeyframeQueue } from './keyframe-queue.ts';
import { KeyframeWriter } from './keyframe-writer.ts';
import type { Rejection } from './keyframe.ts';
import { Keyframes } from './keyframes.ts';
import { assertSource, type Settings, settingsOf, type WriteCacheOptions } from './options.ts';
import { Room } from './room.ts';
import { verify } from './verify.ts';
import { walk } from './walk.ts';
import type {
  HeldState,
  PutOptions,
  ReadOptions,
  States,
  TransactionOptions,
  Verification,
  WalkOptions,
  WriteCache,
  WriteCacheStats,
} from './write-cache.ts';

/**
 * A cache of document states: in memory, by keyframe when they aren't there, by replay when nothing else is left - and
 * always equal to a full replay.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const cache = createWriteCache({ operations, registry, keyframes: memoryKeyValues() });
 * await cache.startup();
 * const document = await cache.getState('d1', 'drive', 'global', 'main');
 */
export function createWriteCache(options: WriteCacheOptions): WriteCache {
  return new Projection(settingsOf(options));
}

class Projection implements WriteCache {
  readonly #settings: Settings;
  readonly #core: Core;
  readonly #queue: KeyframeQueue | undefined;
  readonly #rejected: Partial<Record<Rejection, number>> = {};
  readonly #room: Room;

  constructor(settings: Settings) {
    this.#settings = settings;
    const { registry, clock, on } = settings;
    const events = new Emitter<WriteCacheEvents>();
    for (const [event, listener] of Object.entries(on))
      if (listener) events.on(event as 'hit', listener as Listener<'hit', WriteCacheEvents>);
    const keyframes = this.#keyframes(events);
    this.#queue = keyframes && this.#makeQueue(keyframes, events);
    const policy = settings.keyframePolicy;
    const writer =
      this.#queue &&
      new KeyframeWriter({
        queue: this.#queue,
        policy,
        registry,
        onFailed: (where, revision, error) => events.emit('keyframeFailed', { ...where, revision, error }),
      });
    const invalidations = new Invalidations();
    const guarded =
      keyframes &&
      new GuardedKeyframes({
        keyframes,
        timeout: settings.keyframeTimeout,
        clock,
        onFailed: (error) => events.emit('keyframeReadFailed', { error }),
      });
    this.#core = { registry, clock, events, counts: newCounts(), invalidations, keyframes, guarded, writer };
    this.#room = new Room(this.#core, settings);
  }

  getState(
    documentId: string,
    documentType: string,
    scope: string,
    branch: string,
    targetRevision?: number,
    options?: ReadOptions,
  ): Promise<Document> {
    return this.#room.getState(documentId, documentType, scope, branch, targetRevision, options);
  }

  putState(
    documentId: string,
    documentType: string,
    scope: string,
    branch: string,
    revision: number,
    document: Document,
    options?: PutOptions,
  ): void {
    this.#room.putState(documentId, documentType, scope, branch, revision, document, options);
  }

  invalidate(documentId: string, scope?: string, branch?: string): number {
    return this.#room.invalidate(documentId, scope, branch);
  }

  async withTransaction<T>(work: (transaction: States) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    checkOptions('withTransaction', options, ['operations']);
    if (options.operations !== undefined) assertSource('withTransaction: operations', options.operations);
    const inner = this.#room.inner(options.operations);
    try {
      const answer = await work(inner);
      inner.publish();
      return answer;
    } finally {
      inner.close();
    }
  }

  walk(
    documentId: string,
    documentType: string,
    scope: string,
    branch: string,
    from: number,
    to: number = Infinity,
    options: WalkOptions = {},
  ): AsyncGenerator<{ readonly revision: number; readonly document: Document }, void> {
    checkOptions('walk', options, ['signal']);
    const { signal } = options;
    for (const [name, text] of Object.entries({ documentId, scope, branch })) nonEmptyText(`walk: ${name}`, text);
    signalOrNothing('walk: signal', signal);
    if (!Number.isSafeInteger(from) || from < -1 || !(to >= from) || !(Number.isSafeInteger(to) || to === Infinity))
      throw new TidemarkError('bad_option', `walk: from revision ${from} to ${to} is no way`);
    const { operations: source } = this.#settings;
    const where = { documentId, scope, branch };
    return walk({ core: this.#core, reader: this.#room.reader, source, where, documentType, from, to, signal });
  }

  held(documentId: string, scope: string, branch: string): readonly HeldState[] {
    return this.#room.held(documentId, scope, branch);
  }

  async verify(documentId: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Verification> {
    checkOptions('verify', options, ['signal']);
    nonEmptyText('verify: documentId', documentId);
    const { signal } = options;
    signalOrNothing('verify: signal', signal);
    return verify({ core: this.#core, reader: this.#room.reader, streams: this.#room.streams, documentId, signal });
  }

  async prune(documentId?: string): Promise<number> {
    if (documentId !== undefined) nonEmptyText('prune: documentId', documentId);
    const { keyframes } = this.#core;
    if (!keyframes) return 0;
    let removed = 0;
    for (const id of documentId === undefined ? this.#room.streams.documentIds() : [documentId])
      removed += await keyframes.prune(id);
    return removed;
  }

  clear(): void {
    this.#room.clear();
  }

  async startup(): Promise<void> {
    await this.#settings.keyframes?.startup();
  }

  async shutdown(): Promise<void> {
    await this.#queue?.drain(this.#settings.drain);
    await this.#settings.keyframes?.shutdown();
  }

  stats(): WriteCacheStats {
    const { counts } = this.#core;
    const { hits, warm, resumed, cold, joined, failed, aborted } = counts;
    const answered = hits + warm + resumed + cold + joined;
    const queue = this.#queue?.counts ?? { written: 0, bytes: 0, failed: 0, retried: 0, coalesced: 0, dropped: 0 };
    return {
      ...counts,
      reads: answered + failed + aborted,
      hitRatio: answered === 0 ? 0 : hits / answered,
      memory: this.#room.streams.usage,
      keyframes: {
        ...queue,
        ...(this.#core.guarded?.counts ?? { readFailures: 0, readsSkipped: 0 }),
        depth: this.#queue?.depth ?? 0,
        rejected: { ...this.#rejected },
      },
    };
  }

  #keyframes(events: Emitter<WriteCacheEvents>): Keyframes | undefined {
    const { keyframes: store, codec, compression, retention } = this.#settings;
    if (!store) return undefined;
    return new Keyframes({
      store,
      format: { codec, compression },
      retention,
      onRejected: (where, revision, reason) => {
        this.#rejected[reason] = (this.#rejected[reason] ?? 0) + 1;
        events.emit('keyframeRejected', { ...where, revision, reason });
      },
    });
  }

  #makeQueue(keyframes: Keyframes, events: Emitter<WriteCacheEvents>): KeyframeQueue {
    return new KeyframeQueue({
      keyframes,
      clock: this.#settings.clock,
      onWritten: (where, { operation }, bytes) => {
        this.#room.wrote(where, operation.index, bytes);
        events.emit('keyframe', { ...where, revision: operation.index, bytes });
      },
      onFailed: (where, { operation }, error) =>
        events.emit('keyframeFailed', { ...where, revision: operation.index, error }),
    });
  }
}
