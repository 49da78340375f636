/** What is held in memory: by document and branch, the states of its streams, within limits that hold at every moment. */
import type { Policy } from '../engine/policy.ts';
import { type Since, sinceRevision } from './keyframe-writer.ts';
import type { Lifecycle } from './lifecycle.ts';
import { DOCUMENT_SCOPE } from './operation.ts';
import { Ring } from './ring.ts';
import { type Snapshot, sizeOfSnapshot } from './snapshot.ts';

const MEASURED = 2; // times that a ring is filled until its oldest state is measured anew
const OWN = 1300; // bytes of maps and fields around a state or a document

/** The states of one stream. */
export class Stream {
  readonly ring: Ring<Snapshot>;
  /** The largest revision that was the stream's head when it was looked at, or was put, as far as it is known. */
  head: number | undefined;
  /** What has come together since the last keyframe. */
  since: Since = sinceRevision(-1);
  readonly #size: number;
  /** The state that is measured as a whole; of the others counts what was new in them. */
  #whole: Snapshot | undefined;
  #wholeBytes = 0;
  #newBytes = 0;
  #changes = 0;

  constructor(size: number) {
    this.ring = new Ring(size);
    this.#size = size;
  }

  /** The bytes of all its states together, which share most of what is in them. */
  get bytes(): number {
    return this.#wholeBytes + this.#newBytes - (this.#whole?.bytes ?? 0);
  }

  /** A revision was the stream's head. What is told later may have been found out earlier. */
  reached(revision: number): void {
    this.head = Math.max(this.head ?? -1, revision);
  }

  push(snapshot: Snapshot): void {
    const gone = this.ring.push(snapshot);
    this.#newBytes += snapshot.bytes;
    if (gone) this.#forget(gone);
    this.#measure();
  }

  remove(snapshot: Snapshot): void {
    if (this.ring.get(snapshot.revision) !== snapshot) return;
    this.ring.remove(snapshot);
    this.#forget(snapshot);
    this.#measure();
  }

  #forget(snapshot: Snapshot): void {
    this.#newBytes -= snapshot.bytes;
    if (this.#whole !== snapshot) return;
    this.#whole = undefined;
    if (2 * snapshot.bytes > this.#wholeBytes) this.#changes = Infinity;
  }

  /**
   * What a state lost on the way to the next one isn't known, so the oldest is measured anew: now and then, and when the one
   * before it had brought much.
   */
  #measure(): void {
    if (this.#whole) return;
    this.#whole = this.ring.oldest;
    if (this.#whole && this.#wholeBytes > 0 && ++this.#changes < MEASURED * this.#size) return;
    this.#changes = 0;
    this.#wholeBytes = this.#whole ? sizeOfSnapshot(this.#whole) + OWN : 0;
  }
}

/** What is held of one branch of a document. */
export class Branch {
  readonly streams: Map<string, Stream> = new Map();
  lifecycle: Lifecycle | undefined;
}

/** What is held of one document. */
interface Held {
  readonly documentId: string;
  readonly branches: Map<string, Branch>;
  readonly slot: number;
  bytes: number;
}

/** Limits of {@link Streams}. */
export interface StreamsOptions {
  readonly maxDocuments: number;
  readonly maxBytes: number;
  readonly ringSize: number;
  readonly policy: Policy;
}

/** All that is held, by document: one that isn't used leaves as a whole. */
export class Streams {
  readonly #o: StreamsOptions;
  readonly #documents = new Map<string, Held>();
  readonly #bySlot: (Held | undefined)[] = [];
  readonly #free: number[] = [];
  #capacity = 0;
  #bytes = 0;
  #evicted = 0;

  constructor(options: StreamsOptions) {
    this.#o = options;
  }

  /** Documents, streams, states and bytes held, and documents that had to leave. */
  get usage(): { documents: number; streams: number; states: number; bytes: number; evicted: number } {
    const streams = [...this.#documents.values()].flatMap(({ branches }) =>
      [...branches.values()].flatMap((branch) => [...branch.streams.values()]),
    );
    const states = streams.reduce((sum, { ring }) => sum + ring.length, 0);
    return {
      documents: this.#documents.size,
      streams: streams.length,
      states,
      bytes: this.#bytes,
      evicted: this.#evicted,
    };
  }

  /** The documents that are held. */
  documentIds(): string[] {
    return [...this.#documents.keys()];
  }

  /** A branch of a document, if anything of it is held. */
  branch(documentId: string, branch: string): Branch | undefined {
    return this.#documents.get(documentId)?.branches.get(branch);
  }

  /** The branches of a document that are held. */
  branches(documentId: string): ReadonlyMap<string, Branch> {
    return this.#documents.get(documentId)?.branches ?? new Map<string, Branch>();
  }

  /** Somebody used a document. */
  touch(documentId: string): void {
    const held = this.#documents.get(documentId);
    if (held) this.#o.policy.touch(held.slot);
  }

  /** Keep a state; others leave if there is no room. */
  push(documentId: string, branchName: string, snapshot: Snapshot): void {
    this.#change(documentId, branchName, (branch) => {
      const stream = branch.streams.get(snapshot.scope) ?? new Stream(this.#o.ringSize);
      branch.streams.set(snapshot.scope, stream);
      stream.push(snapshot);
    });
  }

  /** Keep what is known of a document's life. */
  know(documentId: string, branchName: string, lifecycle: Lifecycle): void {
    this.#change(documentId, branchName, (branch) => (branch.lifecycle = lifecycle));
  }

  /** Forget a state that is of no use. */
  remove(documentId: string, branchName: string, snapshot: Snapshot): void {
    const branch = this.branch(documentId, branchName);
    if (branch)
      this.#change(documentId, branchName, () => {
        branch.streams.get(snapshot.scope)?.remove(snapshot);
      });
  }

  /** Forget the streams of a document: all, those of a scope, or one. Answers how many there were. */
  drop(documentId: string, scope?: string, branchName?: string): number {
    const held = this.#documents.get(documentId);
    if (!held) return 0;
    let dropped = 0;
    for (const [name, branch] of held.branches) {
      if (branchName !== undefined && branchName !== name) continue;
      for (const of of branch.streams.keys()) {
        if (scope !== undefined && scope !== of) continue;
        branch.streams.delete(of);
        dropped++;
      }
      if (scope === undefined || scope === DOCUMENT_SCOPE) branch.lifecycle = undefined;
      if (branch.streams.size === 0) held.branches.delete(name);
    }
    if (held.branches.size === 0) this.#forget(held);
    else this.#weigh(held);
    return dropped;
  }

  clear(): void {
    for (const held of this.#documents.values()) this.#forget(held);
  }

  #change(documentId: string, branchName: string, change: (branch: Branch) => void): void {
    const known = this.#documents.get(documentId);
    const held = known ?? this.#begin(documentId);
    const branch = held.branches.get(branchName) ?? new Branch();
    held.branches.set(branchName, branch);
    change(branch);
    this.#weigh(held);
    if (known) this.#o.policy.touch(held.slot, held.bytes);
    else this.#o.policy.insert(held.slot, documentId, held.bytes);
    if (held.bytes > this.#o.maxBytes) this.#evict(held); // nobody else has to leave for what doesn't fit
    this.#settle();
  }

  #begin(documentId: string): Held {
    const slot = this.#free.pop() ?? this.#bySlot.length;
    if (slot >= this.#capacity) {
      this.#capacity = Math.max(64, 2 * this.#capacity);
      this.#o.policy.grow(this.#capacity);
    }
    const held: Held = { documentId, branches: new Map(), slot, bytes: 0 };
    this.#bySlot[slot] = held;
    this.#documents.set(documentId, held);
    return held;
  }

  #weigh(held: Held): void {
    let bytes = OWN;
    for (const { streams } of held.branches.values()) for (const stream of streams.values()) bytes += stream.bytes;
    this.#bytes += bytes - held.bytes;
    held.bytes = bytes;
  }

  #settle(): void {
    while (this.#documents.size > this.#o.maxDocuments || this.#bytes > this.#o.maxBytes) {
      const victim = this.#bySlot[this.#o.policy.victim()];
      if (!victim) return;
      this.#evict(victim);
    }
  }

  #evict(held: Held): void {
    this.#evicted++;
    this.#forget(held);
  }

  #forget(held: Held): void {
    this.#documents.delete(held.documentId);
    this.#o.policy.remove(held.slot);
    this.#bySlot[held.slot] = undefined;
    this.#free.push(held.slot);
    this.#bytes -= held.bytes;
  }
}
