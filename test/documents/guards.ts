/** The guards of the cache: each is a promise, and how it is taken out. */
import type { Guard } from './support/mutant.ts';

export const GUARDS: readonly Guard[] = [
  {
    guard: 'a base is on the path',
    edits: [
      {
        file: 'documents/lineage.ts',
        find: 'return at === this.#base ? { indices: indices.toReversed(), sureFrom: this.#base } : undefined;',
        replace: 'return { indices: indices.toReversed(), sureFrom: this.#base };',
      },
    ],
  },
  {
    guard: 'what is void takes nothing back',
    edits: [
      {
        file: 'documents/operation.ts',
        find: 'return isVoid(operation) ? 0 : operation.skip;',
        replace: 'return operation.skip;',
      },
    ],
  },
  {
    guard: 'before what reorders no state on the way is that of its revision',
    edits: [{ file: 'documents/lineage.ts', find: 'sureFrom: this.#reorderedAt }', replace: 'sureFrom: -1 }' }],
  },
  {
    guard: 'in protocol 1 indices are counted',
    edits: [
      { file: 'documents/lineage.ts', find: 'this.#protocol === 1', replace: '(this.#protocol as number) === 3' },
    ],
  },
  {
    guard: 'the operation of a base is still the one at its revision',
    edits: [{ file: 'documents/rebuild.ts', find: 'operation?.id !== at?.id || !sameLife', replace: '!sameLife' }],
  },
  {
    guard: 'a base has the same beginning and the same upgrades',
    edits: [
      {
        file: 'documents/rebuild.ts',
        find: 'operation?.id !== at?.id || !sameLife',
        replace: 'operation?.id !== at?.id',
      },
    ],
  },
  {
    guard: 'a hit is of the operation that the stream has',
    edits: [{ file: 'documents/reader.ts', find: 'if (operation?.id !== heads.scope.id) return false;', replace: '' }],
  },
  {
    guard: 'a hit is of the document scope as it is',
    edits: [
      {
        file: 'documents/reader.ts',
        find: 'return documentRevision === heads.document.revision && documentOperation?.id === heads.document.id;',
        replace: 'return documentRevision > -9 || documentOperation !== undefined;',
      },
    ],
  },
  {
    guard: 'what is ahead of its stream is refused',
    edits: [
      { file: 'documents/reader.ts', find: 'if (!this.#outer) this.#refuseAhead(where, stream, head);', replace: '' },
    ],
  },
  {
    guard: 'a rebuild that was overtaken is not kept',
    edits: [
      {
        file: 'documents/reader.ts',
        find: 'if (stale || ticket.overtaken(where.documentId)) counts.overtaken++;\n      else this.#keep(',
        replace: 'this.#keep(',
      },
    ],
  },
  {
    guard: 'where a stream ended before an invalidation is of no account',
    edits: [
      {
        file: 'documents/reader.ts',
        find: 'const stale = ticket.overtaken(where.documentId);',
        replace: 'const stale = false;',
      },
    ],
  },
  {
    guard: 'a trusted read is of what is known to be the head',
    edits: [
      {
        file: 'documents/reader.ts',
        find: 'const at = revision ?? stream?.head;',
        replace: 'const at = revision ?? stream?.ring.newest?.revision;',
      },
      {
        file: 'documents/reader.ts',
        find: 'if (!stream || at === undefined || !this.#isSettled',
        replace: 'if (!stream || at === undefined || false && !this.#isSettled',
      },
    ],
  },
  {
    guard: 'the head that is known never goes back',
    edits: [
      {
        file: 'documents/streams.ts',
        find: 'this.head = Math.max(this.head ?? -1, revision);',
        replace: 'this.head = revision;',
      },
    ],
  },
  {
    guard: 'a rebuild is joined for the same ends of the stream only',
    edits: [
      {
        file: 'documents/reader.ts',
        find: 'wanted.revision, wanted.documentType, heads, stale]);',
        replace: 'wanted.documentType]); void heads;',
      },
    ],
  },
  {
    guard: 'a rebuild under way is joined',
    edits: [{ file: 'documents/shared-work.ts', find: 'this.#jobs.get(key) ?? this.#begin', replace: 'this.#begin' }],
  },
  {
    guard: 'who gives up ends only his own wait',
    edits: [
      { file: 'documents/shared-work.ts', find: 'if (--job.waiters === 0 &&', replace: 'if (--job.waiters >= 0 &&' },
    ],
  },
  {
    guard: 'upgrades are applied where they belong',
    edits: [
      { file: 'documents/replay.ts', find: 'upgradeTo(appliedAt(boundaries, operation.index - 1));', replace: '' },
    ],
  },
  {
    guard: 'a checkpoint has the upgrades behind it that belong there',
    edits: [
      { file: 'documents/replay.ts', find: 'upgradeTo(appliedAt(boundaries, operation.index)); //', replace: '//' },
    ],
  },
  {
    guard: 'a state of the past is looked at again when times may have moved an upgrade',
    edits: [{ file: 'documents/reader.ts', find: 'return revision >= head ||', replace: 'return revision >= -1 ||' }],
  },
  {
    guard: 'a keyframe has its checksum',
    edits: [
      {
        file: 'documents/keyframe.ts',
        find: "if (view.getUint32(bytes.length - 4) !== crc32(bytes.subarray(0, -4))) return 'damaged';",
        replace: 'void crc32;',
      },
    ],
  },
  {
    guard: 'a keyframe is of the same reducers',
    edits: [
      {
        file: 'documents/keyframes.ts',
        find: "if (facts.fingerprint !== fingerprint) return 'reducer';",
        replace: 'void fingerprint;',
      },
    ],
  },
  {
    guard: 'a keyframe is of the operation at its revision',
    edits: [
      {
        file: 'documents/keyframes.ts',
        find: 'facts.operationId === at.id &&\n    facts.scopeHash === at.hash &&\n    facts.origin.ground === origin.ground &&',
        replace: '',
      },
    ],
  },
  {
    guard: 'a keyframe is of the same beginning',
    edits: [{ file: 'documents/keyframes.ts', find: 'facts.origin.ground === origin.ground &&', replace: '' }],
  },
  {
    guard: 'states are frozen',
    edits: [{ file: 'documents/freeze.ts', find: 'Object.freeze(part);', replace: '' }],
  },
  {
    guard: 'a shell is the caller’s own',
    edits: [
      {
        file: 'documents/snapshot.ts',
        find: 'revision: { ...header.revision },',
        replace: 'revision: header.revision,',
      },
    ],
  },
  {
    guard: 'what was put is published only when the work has ended well',
    edits: [{ file: 'documents/projection.ts', find: 'inner.close();', replace: 'inner.publish(); inner.close();' }],
  },
  {
    guard: 'what was invalidated meanwhile is not published',
    edits: [
      {
        file: 'documents/room.ts',
        find: 'this.#puts.filter(([{ documentId }]) => !this.#ticket?.overtaken(documentId));',
        replace: '[...this.#puts];',
      },
    ],
  },
  {
    guard: 'what is not committed becomes no keyframe',
    edits: [{ file: 'documents/reader.ts', find: 'if (this.#outer) return;', replace: '' }],
  },
  {
    guard: 'what a transaction puts becomes no keyframe before it is published',
    edits: [
      { file: 'documents/room.ts', find: 'if (held?.lifecycle && !this.#outer)', replace: 'if (held?.lifecycle)' },
    ],
  },
  {
    guard: 'memory has a limit',
    edits: [{ file: 'documents/streams.ts', find: 'this.#documents.size > this.#o.maxDocuments ||', replace: '' }],
  },
  {
    guard: 'nothing is written after a shutdown',
    edits: [{ file: 'documents/keyframe-queue.ts', find: ' || this.#stopped.signal.aborted) {', replace: ') {' }],
  },
  {
    guard: 'retention looks at the gap that it would leave',
    edits: [
      { file: 'documents/keyframe-policy.ts', find: 'last - before >', replace: 'last - revisions[i] > 0 * before +' },
    ],
  },
];
