/** Decides after each state whether it becomes a keyframe, and has it written. */
import { fingerprintOf } from './keyframe.ts';
import type { KeyframePolicy } from './keyframe-policy.ts';
import type { KeyframeQueue } from './keyframe-queue.ts';
import type { Expected } from './keyframes.ts';
import { type Lifecycle, versionAfter } from './lifecycle.ts';
import type { DocumentModelRegistry } from './model.ts';
import { DOCUMENT_SCOPE } from './operation.ts';
import type { Where } from './reduce.ts';
import type { Origin, Snapshot } from './snapshot.ts';

/** What has come together in a stream since its last keyframe. */
export interface Since {
  /** Of the last keyframe that is known; -1 if none is. */
  revision: number;
  bytes: number | undefined;
  replayMs: number;
  operationBytes: number;
}

/** Nothing has come together yet. */
export function sinceRevision(revision: number, bytes?: number): Since {
  return { revision, bytes, replayMs: 0, operationBytes: 0 };
}

/** What a writer works with. */
export interface KeyframeWriterOptions {
  readonly queue: KeyframeQueue;
  readonly policy: KeyframePolicy;
  readonly registry: DocumentModelRegistry;
  /** Told of what the policy or the registry throws. */
  readonly onFailed: (where: Where, revision: number, error: unknown) => void;
}

/** Offers states to the queue. */
export class KeyframeWriter {
  readonly #o: KeyframeWriterOptions;
  readonly #fingerprints = new Map<string, string>();

  constructor(options: KeyframeWriterOptions) {
    this.#o = options;
  }

  /** A state has been put, or made within `ms` milliseconds. Never throws. */
  offer(where: Where, snapshot: Snapshot, lifecycle: Lifecycle, since: Since, ms: number): void {
    try {
      this.#offer(where, snapshot, lifecycle, since, ms);
    } catch (error) {
      this.#o.onFailed(where, snapshot.revision, error);
    }
  }

  #offer(where: Where, snapshot: Snapshot, lifecycle: Lifecycle, since: Since, ms: number): void {
    const { operation, origin, revision } = snapshot;
    if (!operation || !origin || where.scope === DOCUMENT_SCOPE) return;
    since.replayMs += ms;
    since.operationBytes += JSON.stringify(operation).length;
    const revisions = revision - Math.max(since.revision, 0);
    const { replayMs, operationBytes, bytes } = since;
    if (revisions <= 0 || !this.#o.policy({ revision, revisions, replayMs, operationBytes, keyframeBytes: bytes }))
      return;
    const { [DOCUMENT_SCOPE]: _, ...state } = snapshot.state;
    this.#o.queue.add(where, { ...this.expected(lifecycle, origin), operation, header: snapshot.header, state });
    Object.assign(since, sinceRevision(revision, bytes));
  }

  /** What a keyframe of this origin must be. */
  expected(lifecycle: Lifecycle, origin: Origin): Expected {
    const { documentType, protocol } = lifecycle;
    const version = versionAfter(lifecycle, origin.upgrades);
    return { documentType, version, protocol, origin, fingerprint: this.#fingerprint(lifecycle, origin.upgrades) };
  }

  /** Of the reducers of all versions that a state has come through, and of the upgrades between them. */
  #fingerprint({ documentType, upgrades, version }: Lifecycle, count: number): string {
    const way = upgrades.slice(0, count);
    const key = JSON.stringify([
      documentType,
      version,
      ...way.map(({ toVersion, state }) => [toVersion, state !== undefined]),
    ]);
    const known = this.#fingerprints.get(key);
    if (known !== undefined) return known;
    const { registry } = this.#o;
    const ofModel = (of: number): string => {
      const model = registry.getModel(documentType, of);
      return model.fingerprint ?? String(Reflect.get(model, 'reducer'));
    };
    const parts = [ofModel(version)];
    for (const { fromVersion, toVersion, state } of way) {
      if (!state) parts.push(String(registry.getUpgrade(documentType, fromVersion, toVersion)));
      parts.push(ofModel(toVersion));
    }
    const fingerprint = fingerprintOf(JSON.stringify(parts));
    this.#fingerprints.set(key, fingerprint);
    return fingerprint;
  }
}
