/** The keyframes of documents in a key/value store: which there are, whether one is of use, and how they get there. */
import { encodePath } from '../engine/key.ts';
import { type Catalogue, catalogueOf, bytesOfCatalogue, streamKey } from './catalogue.ts';
import type { DocumentHeader, State } from './document.ts';
import { decodeKeyframe, encodeKeyframe, type Format, type KeyframeFacts, type Rejection } from './keyframe.ts';
import { type Retention, retained } from './keyframe-policy.ts';
import type { KeyValueStore } from './key-value-store.ts';
import type { Operation } from './operation.ts';
import type { Where } from './reduce.ts';

/** What a keyframe must be to be used for a replay. */
export type Expected = Omit<KeyframeFacts, 'operationId' | 'scopeHash' | 'revision'>;

/** A keyframe to be written. */
export interface NewKeyframe extends Expected {
  readonly operation: Operation;
  readonly header: DocumentHeader;
  readonly state: State;
}

/** What a keyframe brings. */
export interface Resumed {
  readonly header: DocumentHeader;
  readonly state: State;
}

/** What keyframes work with. */
export interface KeyframesOptions {
  readonly store: KeyValueStore;
  readonly format: Format;
  readonly retention: Retention;
  readonly onRejected: (where: Where, revision: number, reason: Rejection) => void;
}

/** A store's keyframes. Whatever is read of it may be missing, old or damaged. */
export class Keyframes {
  readonly #o: KeyframesOptions;

  constructor(options: KeyframesOptions) {
    this.#o = options;
  }

  /** The revisions of a stream up to one of them, ascending, with the bytes of each. */
  async list(where: Where, upTo: number, signal: AbortSignal | undefined): Promise<Catalogue[string]> {
    const catalogue = await this.#catalogue(where.documentId, signal);
    return (catalogue[streamKey(where)] ?? []).filter(([revision]) => revision <= upTo);
  }

  /** The keyframe at an operation, if it is of use. One that isn't is told and forgotten. */
  async load(
    where: Where,
    at: Operation,
    expected: Expected,
    signal: AbortSignal | undefined,
  ): Promise<Resumed | undefined> {
    const bytes = await this.#o.store.get(keyOf(where, at.index), signal);
    if (!bytes) return undefined;
    const found = await decodeKeyframe(bytes, this.#o.format, (facts) => misfit(facts, at, expected));
    if (typeof found !== 'string') return found;
    this.#o.onRejected(where, at.index, found);
    return undefined;
  }

  /** Write a keyframe and remove those that it makes superfluous. Answers with its bytes. */
  async write(where: Where, keyframe: NewKeyframe, signal: AbortSignal | undefined): Promise<number> {
    const { operation, ...rest } = keyframe;
    const revision = operation.index;
    const facts = { ...rest, revision, operationId: operation.id, scopeHash: operation.hash };
    const bytes = await encodeKeyframe(facts, this.#o.format);
    await this.#o.store.put(keyOf(where, revision), bytes, signal);
    // Read as late as can be: another process may have written another one meanwhile.
    const catalogue = await this.#catalogue(where.documentId, signal);
    const others = (catalogue[streamKey(where)] ?? []).filter(([other]) => other !== revision);
    const all = [...others, [revision, bytes.length] as const].toSorted(([a], [b]) => a - b);
    await this.#keep(where, catalogue, all, signal);
    return bytes.length;
  }

  /** Remove what the retention doesn't keep of a document's keyframes. Answers how many were removed. */
  async prune(documentId: string, signal?: AbortSignal): Promise<number> {
    let removed = 0;
    for (const where of await this.streams(documentId, signal)) {
      const catalogue = await this.#catalogue(documentId, signal);
      removed += await this.#keep(where, catalogue, catalogue[streamKey(where)] ?? [], signal);
    }
    return removed;
  }

  /** Remove a keyframe. */
  async remove(where: Where, revision: number, signal?: AbortSignal): Promise<void> {
    const catalogue = await this.#catalogue(where.documentId, signal);
    const left = (catalogue[streamKey(where)] ?? []).filter(([other]) => other !== revision);
    await this.#write(where.documentId, { ...catalogue, [streamKey(where)]: left }, signal);
    await this.#o.store.delete(keyOf(where, revision), signal);
  }

  /** The streams of a document that have keyframes. */
  async streams(documentId: string, signal?: AbortSignal): Promise<Where[]> {
    return Object.keys(await this.#catalogue(documentId, signal)).map((key) => {
      const [scope, branch] = JSON.parse(key) as [string, string];
      return { documentId, scope, branch };
    });
  }

  /** Keep of a stream's keyframes what the retention says. Answers how many were removed. */
  async #keep(
    where: Where,
    catalogue: Catalogue,
    all: Catalogue[string],
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const revisions = all.map(([revision]) => revision);
    const kept = new Set(retained(revisions, this.#o.retention));
    const left = all.filter(([revision]) => kept.has(revision));
    await this.#write(where.documentId, { ...catalogue, [streamKey(where)]: left }, signal);
    const superfluous = revisions.filter((revision) => !kept.has(revision));
    for (const revision of superfluous) await this.#o.store.delete(keyOf(where, revision), signal);
    return superfluous.length;
  }

  async #catalogue(documentId: string, signal: AbortSignal | undefined): Promise<Catalogue> {
    return catalogueOf(await this.#o.store.get(catalogueKey(documentId), signal));
  }

  #write(documentId: string, catalogue: Catalogue, signal: AbortSignal | undefined): Promise<void> {
    return this.#o.store.put(catalogueKey(documentId), bytesOfCatalogue(catalogue), signal);
  }
}

function keyOf({ documentId, scope, branch }: Where, revision: number): string {
  return encodePath(['keyframe', documentId, scope, branch, String(revision)]);
}

function catalogueKey(documentId: string): string {
  return encodePath(['keyframes', documentId]);
}

function misfit(facts: KeyframeFacts, at: Operation, expected: Expected): Rejection | undefined {
  const { documentType, version, protocol, fingerprint, origin } = expected;
  if (facts.documentType !== documentType || facts.version !== version || facts.protocol !== protocol) return 'model';
  if (facts.fingerprint !== fingerprint) return 'reducer';
  const same =
    facts.revision === at.index &&
    facts.operationId === at.id &&
    facts.scopeHash === at.hash &&
    facts.origin.ground === origin.ground &&
    facts.origin.upgradeIds === origin.upgradeIds;
  return same ? undefined : 'history';
}
