/** Reads of states: from memory when what is there is still right, otherwise by one rebuild that all share who ask for it. */
import type { Boundaries } from './boundaries.ts';
import type { Core } from './core.ts';
import { HeadLookups, type Heads } from './heads.ts';
import { type Since, sinceRevision } from './keyframe-writer.ts';
import type { Lifecycle } from './lifecycle.ts';
import { Lives } from './lives.ts';
import { type Made, StateMaker } from './maker.ts';
import { DOCUMENT_SCOPE } from './operation.ts';
import type { OperationSource } from './operation-source.ts';
import type { Where } from './reduce.ts';
import { SharedWork } from './shared-work.ts';
import type { Snapshot } from './snapshot.ts';
import type { Stream, Streams } from './streams.ts';

/** A state that is wanted. */
export interface Wanted {
  readonly where: Where;
  /** Empty if the caller leaves it to the document itself. */
  readonly documentType: string;
  /** The head, if none is named. */
  readonly revision: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** How a state was come by. */
export type Outcome = 'hits' | 'warm' | 'resumed' | 'cold' | 'joined';

/** A state, and how it was come by. */
export interface Found {
  readonly snapshot: Snapshot;
  readonly outcome: Outcome;
}

/** A document as it is at the moment. */
export interface Present {
  readonly lifecycle: Lifecycle;
  readonly boundaries: Boundaries;
  readonly head: number;
}

type Exactly = Wanted & { readonly revision: number };

const OUTCOMES = { memory: 'warm', keyframe: 'resumed', beginning: 'cold' } as const;

/** What a reader works with. */
export interface ReaderOptions {
  readonly core: Core;
  readonly streams: Streams;
  readonly source: OperationSource;
  /** Within a transaction, what is held outside of it: good to begin with, and left alone. */
  readonly outer?: Streams | undefined;
}

/** Reads from one source into one memory. */
export class Reader {
  readonly #core: Core;
  readonly #streams: Streams;
  readonly #outer: Streams | undefined;
  readonly #heads: HeadLookups;
  readonly #lives: Lives;
  readonly #maker: StateMaker;
  readonly #rebuilds = new SharedWork<Found>();

  constructor({ core, streams, source, outer }: ReaderOptions) {
    this.#core = core;
    this.#streams = streams;
    this.#outer = outer;
    this.#heads = new HeadLookups(source);
    this.#lives = new Lives({ registry: core.registry, source });
    this.#maker = new StateMaker({ core, source, lives: this.#lives });
  }

  /** Who asks for a document from now on joins no rebuild that began before; of all documents, if none is named. */
  detach(documentId?: string): void {
    const begin = documentId === undefined ? '' : `[${JSON.stringify(documentId)},`;
    this.#rebuilds.detach((key) => key.startsWith(begin));
  }

  /** What is in memory and is right if nobody else has written. */
  trusted(where: Where, revision: number | undefined): Snapshot | undefined {
    const stream = this.#stream(where);
    const at = revision ?? stream?.head;
    if (!stream || at === undefined || !this.#isSettled(where, at, stream.head ?? Infinity)) return undefined;
    return stream.ring.get(at);
  }

  /** The state as the source has it at some moment after the question. */
  async checked(wanted: Wanted): Promise<Found> {
    const { where, revision, signal } = wanted;
    const before = this.#stream(where)?.ring.newest;
    const ticket = this.#core.invalidations.open();
    const heads = await this.#headsOf(where, revision, signal).finally(() => ticket.close());
    // Where the stream ended before an invalidation answers who asked before it, and is of no account after it.
    const stale = ticket.overtaken(where.documentId);
    const head = heads.scope.revision;
    const stream = this.#stream(where);
    if (before && before.revision > head && stream?.ring.newest === before) {
      const own = this.#outer && stream.ring.findNearest(revision ?? Infinity);
      // Within a transaction its own states are ahead of what the source shows to others; anywhere else nothing is.
      if (own && own.revision > head) return { snapshot: own, outcome: 'hits' };
      if (!this.#outer) this.#refuseAhead(where, stream, head);
    }
    const target = Math.min(revision ?? head, head);
    const held = stream?.ring.get(target);
    if (!stream || !held || !isCurrent(held, heads) || !this.#isSettled(where, target, head))
      return this.#join({ ...wanted, revision: target }, heads, stale);
    if (target === head && !stale) stream.reached(head);
    return { snapshot: held, outcome: 'hits' };
  }

  /** A state by a replay of everything: neither memory nor keyframes are asked, and nothing is kept. */
  async replayed(wanted: Wanted): Promise<Snapshot> {
    const { where, revision, signal } = wanted;
    const heads = await this.#headsOf(where, revision, signal);
    const lifecycle = await this.#lives.upTo(wanted, heads, undefined);
    const head = heads.scope.revision;
    const target = Math.min(revision ?? head, head);
    const task = { where, revision: target, heads, lifecycle, held: [], keyframes: undefined, signal };
    const { snapshot } = await this.#maker.make({ ...task, onRefused: () => {} });
    return snapshot;
  }

  /** What must be known to go on by oneself. */
  async present(wanted: Wanted): Promise<Present> {
    const { where, signal } = wanted;
    const heads = await this.#heads.ask(where, undefined, signal);
    const lifecycle = await this.#lives.upTo(wanted, heads, this.#known(where));
    const head = heads.scope.revision;
    return { lifecycle, boundaries: await this.#lives.boundaries(where, lifecycle, head, signal), head };
  }

  /** The end of the stream, with the id of the operation that is asked for, or of the last one if there is none. */
  async #headsOf(where: Where, at: number | undefined, signal: AbortSignal | undefined): Promise<Heads> {
    const heads = await this.#heads.ask(where, at, signal);
    return at !== undefined && at > heads.scope.revision ? this.#heads.ask(where, undefined, signal) : heads;
  }

  /** Where times say where upgrades belong, a later operation may move one that lies before it. */
  #isSettled(where: Where, revision: number, head: number): boolean {
    return revision >= head || this.#known(where)?.dated === false;
  }

  #stream({ documentId, branch, scope }: Where): Stream | undefined {
    return this.#streams.branch(documentId, branch)?.streams.get(scope);
  }

  #known({ documentId, branch }: Where): Lifecycle | undefined {
    return (this.#streams.branch(documentId, branch) ?? this.#outer?.branch(documentId, branch))?.lifecycle;
  }

  /** States at or below a revision, of the transaction and from outside, the newest first. */
  #held(where: Where, revision: number): Snapshot[] {
    const { documentId, branch, scope } = where;
    const outside = this.#outer?.branch(documentId, branch)?.streams.get(scope);
    const all = [...(this.#stream(where)?.ring.all() ?? []), ...(outside?.ring.all() ?? [])];
    return all.filter((snapshot) => snapshot.revision <= revision).toSorted((a, b) => b.revision - a.revision);
  }

  #refuseAhead(where: Where, stream: Stream, head: number): void {
    for (const snapshot of stream.ring.all()) if (snapshot.revision > head) this.#refuse(where, snapshot);
    stream.head = undefined;
  }

  #refuse(where: Where, snapshot: Snapshot): void {
    const { counts, events } = this.#core;
    counts.refused++;
    this.#streams.remove(where.documentId, where.branch, snapshot);
    if (events.has('refused')) events.emit('refused', { ...where, revision: snapshot.revision });
  }

  async #join(wanted: Exactly, heads: Heads, stale: boolean): Promise<Found> {
    const { documentId, branch, scope } = wanted.where;
    const key = JSON.stringify([documentId, branch, scope, wanted.revision, wanted.documentType, heads, stale]);
    const joined = this.#rebuilds.has(key);
    const work = (signal: AbortSignal | undefined) => this.#rebuild({ ...wanted, signal }, heads, stale);
    const found = await this.#rebuilds.join(key, wanted.signal, work);
    return joined ? { ...found, outcome: 'joined' } : found;
  }

  /** Nothing is kept of what rests on `stale` heads, or of what an invalidation overtakes. */
  async #rebuild(wanted: Exactly, heads: Heads, stale: boolean): Promise<Found> {
    const { where, revision, signal } = wanted;
    const { counts, events, invalidations, writer } = this.#core;
    const ticket = invalidations.open();
    try {
      const lifecycle = await this.#lives.upTo(wanted, heads, this.#known(where));
      const since: Since = sinceRevision(-1);
      const made = await this.#maker.make({
        where,
        revision,
        heads,
        lifecycle,
        held: this.#held(where, revision),
        // What nobody has committed yet becomes no keyframe.
        keyframes: {
          onCheckpoint: (snapshot) => {
            if (!this.#outer) writer?.offer(where, snapshot, lifecycle, since, 0);
          },
        },
        onRefused: (snapshot) => this.#refuse(where, snapshot),
        signal,
      });
      const { from, replayed, ms } = made.rebuilt;
      counts.replayed += replayed;
      counts.rebuildMs += ms;
      if (stale || ticket.overtaken(where.documentId)) counts.overtaken++;
      else this.#keep(where, made, lifecycle, revision === heads.scope.revision);
      if (events.has('rebuild')) events.emit('rebuild', { ...where, revision, from, replayed, ms });
      return { snapshot: made.snapshot, outcome: OUTCOMES[from] };
    } finally {
      ticket.close();
    }
  }

  #keep(where: Where, { snapshot, rebuilt }: Made, lifecycle: Lifecycle, isHead: boolean): void {
    const { documentId, branch } = where;
    this.#streams.push(documentId, branch, snapshot);
    if (this.#streams.branch(documentId, branch)) this.#streams.know(documentId, branch, lifecycle);
    const stream = this.#stream(where);
    if (!stream) return; // it was too large to be kept
    if (isHead) stream.reached(snapshot.revision);
    if (this.#outer) return;
    if (rebuilt.from === 'keyframe' && rebuilt.base > stream.since.revision) stream.since = sinceRevision(rebuilt.base);
    this.#core.writer?.offer(where, snapshot, lifecycle, stream.since, rebuilt.ms);
  }
}

/** Is it a state of what the source has? */
function isCurrent({ scope, operation, documentRevision, documentOperation }: Snapshot, heads: Heads): boolean {
  if (operation?.id !== heads.scope.id) return false;
  if (scope === DOCUMENT_SCOPE) return true;
  return documentRevision === heads.document.revision && documentOperation?.id === heads.document.id;
}
