/** A memory with a reader of its own: that of the cache, or that of a transaction, which nobody else sees. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { checkOptions, nonEmptyText, oneOf, signalOrNothing } from '../engine/options.ts';
import type { Core } from './core.ts';
import type { Document } from './document.ts';
import type { Ticket } from './invalidations.ts';
import { appliedUpgrades, continued, type Lifecycle } from './lifecycle.ts';
import { DOCUMENT_SCOPE, type Operation } from './operation.ts';
import type { OperationSource } from './operation-source.ts';
import { checkOf, type Settings } from './options.ts';
import { type Found, type Outcome, Reader } from './reader.ts';
import type { Where } from './reduce.ts';
import { assertDocument, documentOf, type Origin, type Snapshot, snapshotOf } from './snapshot.ts';
import { Streams } from './streams.ts';
import { readAll } from './window.ts';
import type { HeldState, PutOptions, ReadOptions, States } from './write-cache.ts';

type Put = readonly [where: Where, snapshot: Snapshot, position: 'head' | 'historical'];

/** What {@link States} promise. */
export class Room implements States {
  readonly streams: Streams;
  readonly reader: Reader;
  readonly #core: Core;
  readonly #settings: Settings;
  readonly #source: OperationSource;
  /** Within a transaction: the room around it, what was put, and what others have invalidated since. */
  readonly #outer: Room | undefined;
  #puts: Put[] = [];
  #ticket: Ticket | undefined;

  constructor(core: Core, settings: Settings, outer?: Room, source: OperationSource = settings.operations) {
    const { ringSize, policy } = settings;
    // What a transaction has put exists nowhere else yet.
    const { maxDocuments, maxBytes } = outer ? { maxDocuments: Infinity, maxBytes: Infinity } : settings;
    const limit = { entries: maxDocuments, ...(maxBytes !== Infinity && { bytes: maxBytes }) };
    this.#core = core;
    this.#settings = settings;
    this.#source = source;
    this.#outer = outer;
    this.#ticket = outer && core.invalidations.open();
    this.streams = new Streams({ maxDocuments, maxBytes, ringSize, policy: policy(limit) });
    this.reader = new Reader({ core, streams: this.streams, source, outer: outer?.streams });
  }

  /** A room within this one. */
  inner(source: OperationSource | undefined): Room {
    return new Room(this.#core, this.#settings, this, source ?? this.#source);
  }

  /** What was put is committed: others may see it, unless it was invalidated meanwhile. */
  publish(): void {
    for (const [where, snapshot, position] of this.#standing()) {
      const life = this.streams.branch(where.documentId, where.branch)?.lifecycle;
      this.#outer?.keep(where, snapshot, position, life);
    }
  }

  /** What was put and hasn't been invalidated since. */
  #standing(): Put[] {
    return this.#puts.filter(([{ documentId }]) => !this.#ticket?.overtaken(documentId));
  }

  /** A transaction has ended. */
  close(): void {
    this.#ticket?.close();
    this.#puts = [];
  }

  getState(
    documentId: string,
    documentType: string,
    scope: string,
    branch: string,
    targetRevision?: number,
    options?: ReadOptions,
  ): Promise<Document> {
    // What is found under these names needs no look at them.
    if (options === undefined && this.#settings.check === 'trusted') {
      const held = this.reader.trusted({ documentId, scope, branch }, targetRevision);
      if (held && (documentType === '' || documentType === held.header.documentType))
        return Promise.resolve(this.#answer(documentId, held, 'hits'));
    }
    return this.#read(documentId, documentType, scope, branch, targetRevision, options);
  }

  async #read(
    documentId: string,
    documentType: string,
    scope: string,
    branch: string,
    revision: number | undefined,
    options: ReadOptions = {},
  ): Promise<Document> {
    checkOptions('getState', options, ['signal', 'check', 'history']);
    const { signal, history, check = this.#settings.check } = options;
    assertNames('getState', { documentId, scope, branch });
    if (typeof documentType !== 'string') throw bad('getState: documentType must be text', documentType);
    if (revision !== undefined && (!Number.isSafeInteger(revision) || revision < -1))
      throw bad('getState: targetRevision must be a whole number from -1 up', revision);
    if (history !== undefined && history !== 'all' && !(Number.isSafeInteger(history) && history >= 0))
      throw bad("getState: history must be a whole number from 0 up or 'all'", history);
    signalOrNothing('getState: signal', signal);
    checkOf('getState', check);
    const where: Where = { documentId, scope, branch };
    try {
      signal?.throwIfAborted();
      const held = check === 'trusted' ? this.reader.trusted(where, revision) : undefined;
      const wanted = { where, documentType, revision, signal };
      const { snapshot, outcome }: Found = held
        ? { snapshot: held, outcome: 'hits' }
        : await this.reader.checked(wanted);
      const type = snapshot.header.documentType;
      if (documentType !== '' && type !== documentType)
        throw bad(`getState: the document is a ${describe(type)}`, documentType);
      const tail = history === undefined ? undefined : await this.#tail(where, snapshot, history, signal);
      return this.#answer(documentId, snapshot, outcome, tail);
    } catch (error) {
      const { counts, events } = this.#core;
      counts[signal?.aborted ? 'aborted' : 'failed']++;
      if (!signal?.aborted) events.emit('readFailed', { ...where, error });
      throw error;
    }
  }

  #answer(documentId: string, snapshot: Snapshot, outcome: Outcome, tail?: readonly Operation[]): Document {
    const { counts, events } = this.#core;
    this.streams.touch(documentId);
    counts[outcome]++;
    if (outcome === 'hits' && events.has('hit')) {
      const { scope, revision, header } = snapshot;
      events.emit('hit', { documentId, scope, branch: header.branch, revision });
    }
    return documentOf(snapshot, tail);
  }

  putState(
    documentId: string,
    documentType: string,
    scope: string,
    branch: string,
    revision: number,
    document: Document,
    options: PutOptions = {},
  ): void {
    checkOptions('putState', options, ['position']);
    const position = oneOf('putState: position', options.position ?? 'head', ['head', 'historical']);
    assertNames('putState', { documentId, scope, branch });
    if (!Number.isSafeInteger(revision) || revision < 0)
      throw bad('putState: revision must be a whole number from 0 up', revision);
    assertDocument(document);
    const operation = lastOf(document, scope);
    if (operation?.index !== revision)
      throw bad(`putState: document.operations.${scope} must end with operation ${revision}`, operation?.index);
    if (documentType !== '' && document.header.documentType !== documentType)
      throw bad(`putState: the document must be a ${describe(documentType)}`, document.header.documentType);
    const where = { documentId, scope, branch };
    const lifecycle = this.#lifeBy(where, operation);
    const lived = document.header.revision?.[DOCUMENT_SCOPE];
    const documentRevision =
      scope === DOCUMENT_SCOPE ? revision : lived === undefined ? (lifecycle?.revision ?? -1) : lived - 1;
    // Who doesn't bring the document scope's last operation along means the one that is known.
    const last = lastOf(document, DOCUMENT_SCOPE) ?? lifecycle?.operation;
    const documentOperation = last?.index === documentRevision ? last : undefined;
    const known = lifecycle?.revision === documentRevision && lifecycle.operation?.id === documentOperation?.id;
    const origin = known ? originOf(lifecycle, where, revision) : undefined;
    const before = this.streams.branch(documentId, branch)?.streams.get(scope)?.ring.findNearest(revision);
    const facts = { scope, revision, operation, documentRevision, documentOperation, origin };
    const snapshot = snapshotOf(document, facts, before);
    this.#core.counts.puts++;
    if (this.#outer) this.#puts.push([where, snapshot, position]);
    this.keep(where, snapshot, position, lifecycle);
  }

  /** Keep what has been put. */
  keep(where: Where, snapshot: Snapshot, position: 'head' | 'historical', lifecycle: Lifecycle | undefined): void {
    const { documentId, branch, scope } = where;
    this.streams.push(documentId, branch, snapshot);
    if (lifecycle && this.streams.branch(documentId, branch)) this.streams.know(documentId, branch, lifecycle);
    const held = this.streams.branch(documentId, branch);
    const stream = held?.streams.get(scope);
    if (!stream) return; // it was too large to be kept
    if (position === 'head') stream.reached(snapshot.revision);
    if (held?.lifecycle && !this.#outer) this.#core.writer?.offer(where, snapshot, held.lifecycle, stream.since, 0);
  }

  invalidate(documentId: string, scope?: string, branch?: string): number {
    assertNames('invalidate', {
      documentId,
      ...(scope !== undefined && { scope }),
      ...(branch !== undefined && { branch }),
    });
    const outside = this.#outer?.invalidate(documentId, scope, branch) ?? 0;
    this.#core.invalidations.say(documentId);
    this.reader.detach(documentId);
    if (this.#outer) {
      // What is put from now on is of after the invalidation.
      this.#puts = this.#standing();
      this.#ticket?.close();
      this.#ticket = this.#core.invalidations.open();
    }
    return Math.max(this.streams.drop(documentId, scope, branch), outside);
  }

  held(documentId: string, scope: string, branch: string): HeldState[] {
    const stream = this.streams.branch(documentId, branch)?.streams.get(scope);
    const all = stream?.ring.all().toReversed() ?? [];
    return all.map((snapshot) => ({
      revision: snapshot.revision,
      position: snapshot.revision === stream?.head ? 'head' : 'historical',
      document: documentOf(snapshot),
    }));
  }

  clear(): void {
    this.#core.invalidations.say();
    this.reader.detach();
    this.streams.clear();
  }

  /** A keyframe of so many bytes has been written. */
  wrote({ documentId, branch, scope }: Where, revision: number, bytes: number): void {
    const stream = this.streams.branch(documentId, branch)?.streams.get(scope);
    if (stream) Object.assign(stream.since, stream.since.revision > revision ? { bytes } : { revision, bytes });
  }

  /** The last operations up to a state, oldest first. */
  async #tail(
    where: Where,
    { revision }: Snapshot,
    history: number | 'all',
    signal: AbortSignal | undefined,
  ): Promise<readonly Operation[]> {
    const after = history === 'all' ? -1 : Math.max(-1, revision - history);
    const own = this.#ownUpTo(where, revision).filter(({ index }) => index > after);
    return [...(await readAll(this.#source, where, after, revision - own.length, signal)), ...own];
  }

  /** The operations that lead to a revision and that nobody but this transaction may be able to see, oldest first. */
  #ownUpTo({ documentId, scope, branch }: Where, revision: number): Operation[] {
    const put = new Map<number, Operation>();
    for (const [where, { operation }] of this.#puts)
      if (where.documentId === documentId && where.scope === scope && where.branch === branch && operation)
        put.set(operation.index, operation);
    const own: Operation[] = [];
    for (let at = put.get(revision); at; at = put.get(at.index - 1)) own.unshift(at);
    return own;
  }

  /** What is known of a document's life, gone on with by what its own scope has just got. */
  #lifeBy({ documentId, branch, scope }: Where, operation: Operation): Lifecycle | undefined {
    const known = (this.streams.branch(documentId, branch) ?? this.#outer?.streams.branch(documentId, branch))
      ?.lifecycle;
    if (scope !== DOCUMENT_SCOPE || operation.index <= (known?.revision ?? -1)) return known;
    if (operation.index !== (known?.revision ?? -1) + 1) return undefined;
    try {
      return continued(known, [operation], { documentId, branch, registry: this.#core.registry });
    } catch {
      return undefined; // whoever reads it is told
    }
  }
}

/** What a state comes from that has been put, as far as upgrades say where they belong. */
function originOf(lifecycle: Lifecycle, { scope }: Where, revision: number): Origin | undefined {
  const { upgrades, ground } = lifecycle;
  if (upgrades.some((upgrade) => upgrade.revision === undefined)) return undefined;
  const after = upgrades.findIndex((upgrade) => (upgrade.revision?.[scope] ?? 0) > revision + 1);
  const count = after < 0 ? upgrades.length : after;
  return { ground, upgrades: count, upgradeIds: appliedUpgrades(lifecycle, count) };
}

function lastOf({ operations }: Document, scope: string): Operation | undefined {
  return operations[scope]?.at(-1);
}

function assertNames(what: string, names: Readonly<Record<string, unknown>>): void {
  for (const name in names)
    if (!names[name] || typeof names[name] !== 'string') nonEmptyText(`${what}: ${name}`, names[name]);
}

function bad(wanted: string, value: unknown): TidemarkError {
  return new TidemarkError('bad_option', `${wanted}, not ${describe(value)}`);
}
